"""The mail of a program: the sender, consent countries, and templates that must render."""

from __future__ import annotations

import re
from pathlib import Path

from email_validator import EmailNotValidError, validate_email
from pydantic import ValidationError

from adapters.documents.marked import Node
from adapters.documents.problems import Problem, meant, written_path
from lifecycle.program.countries import country_codes
from models.addresses import only_address
from models.program.program import Program
from models.program.sending import Email
from models.program.values import BUILT_IN_FIELDS, COUNTRY_ALIASES, is_name

_PART = re.compile(r"(subject|preheader|text|template)(?:, line (\d+))?: ", re.ASCII)
_MOST_BYTES = 1_000_000
_CLIPPED = 100_000
"""Gmail clips at 102 kB; a mail's own links make it longer than the sample."""


def check_sending(root: Node) -> None:
    """Report a sender that is no mailbox, a postal address without text, and unknown countries."""
    sender = root.get("sending", "from")
    if sender.text is not None:
        check_address(sender, "Acme <hello@acme.example>", named=True)
    postal = root.get("sending", "postal_address")
    if postal.text and not any(letter.isalnum() for letter in postal.text):
        postal.report(
            "no postal address; write one like 'Acme Inc., 1 Main Street, Springfield': it stands"
            " in every marketing mail, as the law demands"
        )
    for country in root.get("sending", "consent_required_in").each():
        if country.text is not None and country.text not in {*country_codes(), *COUNTRY_ALIASES}:
            remedy = meant(country.text.upper(), country_codes())
            remedy = remedy if remedy.startswith("did") else "write one like DE"
            country.report(f"'{country.text}' is not an ISO 3166 country code; {remedy}")


def check_address(node: Node, example: str, *, named: bool) -> None:
    """Report text that is no e-mail address. With `named`, a name may stand before it."""
    text = node.text or ""
    try:
        validate_email(
            only_address(text).addr_spec if named else text,
            check_deliverability=False,
            globally_deliverable=False,
            test_environment=True,
        )
    except EmailNotValidError as error:
        reason = str(error).rstrip(".")
        node.report(f"'{text}' is not an e-mail address; write one like {example} ({reason})")
    except ValueError:
        node.report(
            f"'{text}' is not one e-mail address; write one like {example}"
            " (a name with a comma in it goes in quotes)"
        )


def embed_templates(root: Node, folder: Path) -> None:
    """Put the text of each MJML file into its e-mail. Report files that can't be read."""
    for email in root.get("emails").values():
        template = email.get("template")
        if template.text is None or "mjml" in email.value:
            continue
        path = folder / template.text
        if not path.resolve().is_relative_to(folder.resolve()):
            template.report(
                f"the template '{template.text}' is outside the program's folder; put it beside"
                " the program, or in a folder below"
            )
            continue
        try:
            data = path.read_bytes()
            if len(data) > _MOST_BYTES:
                template.report(f"the template {path} is larger than 1 MB; take its images out")
                continue
            email.value["mjml"] = data.decode("utf-8-sig")
        except FileNotFoundError:
            beside = [one.name for one in folder.glob("*.mjml")]
            remedy = f"; {meant(template.text, beside)}" if beside else ""
            template.report(f"no template {path}; the path is from the program's folder{remedy}")
        except UnicodeDecodeError:
            template.report(f"the template {path} is not UTF-8; save it as UTF-8")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            template.report(f"the template {path} can't be read: {reason}")


def check_rendering(root: Node, folder: Path) -> None:
    """Render every e-mail for sample leads and report what fails, at its line."""
    # Liquid and MJML are slow to import, and most commands read no program.
    from adapters.mail.check import check_email  # noqa: PLC0415

    program = _sample_program(root)
    for name, email in root.get("emails").items():
        if isinstance(email.value, dict):
            for sentence in check_email(_email_to_render(email), program, name):
                _report(email, sentence, folder)


def warn_of_html(root: Node) -> None:
    """Warn of HTML so large that Gmail shows only its beginning, and of text hard to read."""
    from adapters.mail.check import sample_html  # noqa: PLC0415 - as above
    from adapters.mail.contrast import LEAST, faint_texts  # noqa: PLC0415 - as above

    program = _sample_program(root)
    for name, email in root.get("emails").items():
        html = sample_html(_email_to_render(email), program, name)
        for colour, ground, text, ratio in faint_texts(html):
            email.warn(
                f"'{text}' has the colour {colour} on {ground}, a contrast of {ratio:.2f}; many"
                f" people need {LEAST} at least; take a darker or a lighter one",
                key=True,
            )
        size = len(html.encode())
        if size > _CLIPPED:
            email.warn(
                f"its HTML has {size // 1000} kB; Gmail hides what comes after 100 kB, also the"
                " link to unsubscribe; take images that are written into it out, or shorten it",
                key=True,
            )


def _email_to_render(email: Node) -> Email:
    """The parts of the e-mail that can be rendered. Other checks report a wrong shape."""
    preheader, text, mjml = (email.get(part).text for part in ("preheader", "text", "mjml"))
    return Email(
        subject=email.get("subject").text or "sample",
        preheader=preheader,
        text=None if mjml else text or "sample",
        template=email.get("template").text if mjml else None,
        mjml=mjml,
    )


def _sample_program(root: Node) -> Program:
    """The program for templates; a sample one while other parts of it are wrong."""
    try:
        return Program.model_validate(root.value, by_alias=True, by_name=False)
    except ValidationError:
        fields = {
            name: kind.value
            for name, kind in root.get("fields").items()
            if kind.value in ("text", "number", "flag", "date")
            and is_name(name)
            and name.isidentifier()
            and name not in BUILT_IN_FIELDS
        }
        sending = {"from": "Sample <sample@sample.example>", "postal_address": "Sample Street 1"}
        return Program.model_validate({"program": "sample", "sending": sending, "fields": fields})


def _report(email: Node, sentence: str, folder: Path) -> None:
    match = _PART.match(sentence)
    if match is None:
        email.report(sentence, key=True)
        return
    part, message = email.get(match[1]), sentence[match.end() :]
    line = int(match[2]) if match[2] else None
    if match[1] == "template":
        file = str(folder / (part.text or ""))
        place = (line, 1) if line else (0, 0)
        problem = Problem(file, *place, written_path(part.path), message)
        part.document.problems.append(problem)
    elif line is None or part.text is None:
        part.report(message)
    else:
        starts = [0, *(found.end() for found in re.finditer("\n", part.text))]
        part.report(
            message, offset=_place_in(part.text, starts[min(line, len(starts)) - 1], message)
        )


def _place_in(text: str, start: int, message: str) -> int:
    """The offset of the word that the message quotes, else of the start of its line."""
    quoted = re.search(r"'([^']+)'", message)
    end = text.find("\n", start)
    found = text.find(quoted[1], start, end if end >= 0 else len(text)) if quoted else -1
    return found if found >= 0 else start
