"""What readers, their mail programs and filters make of a mail."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from activities.ports import Rendered
from adapters.files.program import checked_program
from adapters.mail.footer import WORDS
from adapters.mail.message import build_message
from adapters.mail.render import MailRenderer
from models.program.program import Program
from models.program.sending import FooterWords
from tests.mail.acme import LINKS, MESSAGE, PEOPLE, lead, mjml, program, render_note, send_mail
from tests.waiting import LIMIT

GUIDE = "https://acme.example/guides/slow-handoffs"


def tracked(of: Program, **profile: Any) -> Rendered:
    sending = of.sending.model_copy(update={"track": ("clicks", "opens")})
    of = of.model_copy(update={"sending": sending})
    return MailRenderer(LINKS).marketing(of, lead(**profile), PEOPLE, send_mail())


@pytest.mark.parametrize("text", ["Hi.", f"The guide:\n{GUIDE}", "Word. " * 100])
def test_a_text_mail_with_tracking_scores_under_one_point_in_spamassassin(text: str) -> None:
    if shutil.which("spamassassin") is None:
        pytest.skip("spamassassin is not installed; in Debian: apt-get install spamassassin")
    mail = tracked(program(text=text), first_name="Ana")
    content = build_message(mail, datetime.now(UTC).replace(microsecond=0)).as_bytes()
    judged = subprocess.run(
        ["spamassassin", "-L", "-t"],
        input=content.replace(b"\r\n", b"\n"),
        capture_output=True,
        timeout=LIMIT,
        check=True,
    )
    score = re.search(rb"Content analysis details:\s+\((-?[\d.]+) points", judged.stdout)
    assert score is not None
    assert float(score[1]) < 1, judged.stdout.decode(errors="replace")


def test_the_shortest_text_mail_is_no_mail_of_one_image_for_filters() -> None:
    assert len(tracked(program(text="Hi.")).html) > 3_200


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"text": f"Read {GUIDE}."}, "Slow handoffs"),
        ({"text": "Read https://acme.example/g/7f3a."}, "Open the page"),
        ({"mjml": mjml(f"<a href='{GUIDE}'>acme.example/guides</a>")}, "Slow handoffs"),
        ({"mjml": mjml(f"<a href='{GUIDE}'>The guide</a>")}, "The guide"),
    ],
)
def test_a_tracked_link_shows_no_other_host_than_its_target(
    body: dict[str, str], words: str
) -> None:
    html = tracked(program(**body)).html
    assert f'href="{LINKS.click(MESSAGE, 1)}"' in html
    assert f">{words}</a>" in html
    assert "acme.example/g" not in html


def test_a_link_that_is_not_tracked_shows_its_target() -> None:
    assert f'<a href="{GUIDE}">{GUIDE}</a>' in render_note(program(text=GUIDE)).html


@pytest.mark.parametrize("language", list(WORDS))
@pytest.mark.parametrize("body", [{"text": "Hi."}, {"mjml": mjml("Hi.")}])
def test_the_footer_is_in_the_language_of_the_lead(language: str, body: dict[str, str]) -> None:
    mail = tracked(program(**body), language=f"{language.upper()}-XX")
    url = LINKS.unsubscribe(MESSAGE, "ana@northwind.example")
    assert f"{WORDS[language].unsubscribe}: {url}" in mail.text
    assert f">{WORDS[language].preferences}</a>" in mail.html
    assert f'lang="{language}" dir="ltr"' in mail.html
    assert 'lang="und"' not in mail.html


def test_a_program_has_words_of_its_own_and_a_language_for_everybody_else() -> None:
    words = FooterWords(unsubscribe="הסרה", preferences="פחות", open_page="לדף")
    of = program()
    sending = of.sending.model_copy(update={"language": "he", "footer": {"he": words}})
    of = of.model_copy(update={"sending": sending})
    html = tracked(of, language="tlh").html
    assert '<html lang="he" dir="rtl"' in html
    assert "הסרה" in html
    assert "Abmelden" in tracked(of, language="de").html


def _luminance(colour: str) -> float:
    values = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in values)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("colour", "ground"),
    [
        ("#222222", "#ffffff"),
        ("#0b57d0", "#ffffff"),
        ("#595959", "#ffffff"),
        ("#ededed", "#1b1b1b"),
        ("#9ecbff", "#1b1b1b"),
        ("#c4c4c4", "#1b1b1b"),
    ],
)
def test_every_colour_of_a_text_mail_has_enough_contrast(colour: str, ground: str) -> None:
    html = tracked(program()).html
    assert colour in html
    assert ground in html
    light, dark = sorted((_luminance(colour), _luminance(ground)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5
    assert set(re.findall(r"#[0-9a-f]{6}", html)) == {
        *("#222222", "#0b57d0", "#595959", "#ffffff"),
        *("#ededed", "#9ecbff", "#c4c4c4", "#1b1b1b"),
    }


@pytest.mark.parametrize("value", [None, ""])
def test_the_date_of_an_empty_field_is_empty(value: str | None) -> None:
    of = program(text="Until [{{ lead.source | date: '%d %B %Y' }}].")
    profile = {} if value is None else {"source": value}
    assert "Until []." in render_note(of, **profile).text
    assert "Until [02 March 2026]." in render_note(of, source="2026-03-02").text


def test_a_mail_that_gmail_would_clip_is_warned_of(tmp_path: Path) -> None:
    file = tmp_path / "acme.yaml"
    file.write_text(
        "program: acme\nsending: {from: hello@acme.example, postal_address: 1 Main Street}\n"
        "emails:\n  short: {subject: Hi, text: Hi}\n"
        f"  long: {{subject: Hi, text: {'x ' * 60_000}}}\n"
        "tracks: {all: {for: stage == 'known', steps: [email: short, email: long]}}\n",
        "utf-8",
    )
    _, warnings = checked_program(file)
    (warning,) = [str(one) for one in warnings if "Gmail" in str(one)]
    assert "emails.long" in warning
    assert "12" in warning
