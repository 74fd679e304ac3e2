"""The footer of marketing mail: the postal address and the ways out, in the mail's language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from models.program.program import Program
from models.program.sending import FooterWords

WORDS: dict[str, FooterWords] = {
    language: FooterWords(unsubscribe=unsubscribe, preferences=preferences, open_page=open_page)
    for language, unsubscribe, preferences, open_page in (
        ("en", "Unsubscribe", "Less mail", "Open the page"),
        ("de", "Abmelden", "Weniger E-Mails", "Seite öffnen"),
        ("fr", "Se désabonner", "Moins d’e-mails", "Ouvrir la page"),
        ("es", "Darse de baja", "Menos correos", "Abrir la página"),
        ("it", "Annulla l’iscrizione", "Meno e-mail", "Apri la pagina"),
        ("nl", "Uitschrijven", "Minder e-mail", "Pagina openen"),
        ("pt", "Cancelar a inscrição", "Menos e-mails", "Abrir a página"),
        ("ja", "配信停止", "メールを減らす", "ページを開く"),
    )
}
"""By language, ISO 639-1. A program adds others, or writes its own."""
_RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
_SEPARATOR = re.compile(r"[-_]")

# Its own background, so that its contrast (7 : 1) holds on any page.
_FOOTER = (
    '<div class="lf-footer" lang="{lang}" dir="{dir}" style="max-width:568px;margin:24px auto 0;'
    "padding:12px 16px;font-family:Helvetica,Arial,sans-serif;font-size:12px;line-height:1.6;"
    'color:#595959;background-color:#ffffff;overflow-wrap:anywhere">{lines}</div>'
)
_LINK = '<a href="{}" style="color:#595959;text-decoration:underline">{}</a>'


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLanguage:
    """The language of a mail."""

    code: str
    words: FooterWords

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return "rtl" if self.code in _RIGHT_TO_LEFT else "ltr"


def mail_language(program: Program, lead: Mapping[str, Any]) -> MailLanguage:
    """The lead's `language` if there are words in it, else the program's, else English."""
    words = {**WORDS, **program.sending.footer}
    wanted = (str(lead.get("language") or ""), program.sending.language)
    codes = [_SEPARATOR.split(one.strip().lower())[0] for one in wanted]
    code = next((one for one in codes if one in words), "en")
    return MailLanguage(code=code, words=words[code])


def footer_lines(
    text: str, program: Program, language: MailLanguage, unsubscribe: str, preferences: str | None
) -> tuple[list[str], list[str]]:
    """The lines of the footer as text and as HTML, without what the body shows already."""
    words = language.words
    text_lines, html_lines = [], []
    postal = " ".join(program.sending.postal_address.split())
    if postal not in " ".join(text.split()):
        text_lines.append(postal)
        html_lines.append(escape(postal))
    links = [] if unsubscribe in text else [(words.unsubscribe, unsubscribe)]
    if preferences is not None:
        links.append((words.preferences, preferences))
    text_lines += [f"{said}: {url}" for said, url in links]
    html_lines += [_LINK.format(escape(url), escape(said)) for said, url in links]
    return text_lines, html_lines


def footer_html(lines: list[str], language: MailLanguage) -> str:
    """The footer of an HTML part."""
    return _FOOTER.format(lang=language.code, dir=language.direction, lines="<br>\n".join(lines))
