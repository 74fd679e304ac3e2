"""Plain text made into HTML, and HTML into plain text."""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser

URL = re.compile(r"(?:https?://|mailto:)[^\s<>\"]+")
"""A link in plain text, with what may follow it in a sentence."""
TRAILING = ".,;:!?)'"
_EMPTY_LINES = re.compile(r"\n{3,}")
_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")

# As much as mail programs need to show text well: Outlook's zoom and width, telephones, dark pages.
# Filters take an image in less HTML than 3,200 bytes for a mail that is only an image.
_DOCUMENT = """\
<!doctype html>
<html lang="{lang}" dir="{dir}" xmlns="http://www.w3.org/1999/xhtml" \
xmlns:o="urn:schemas-microsoft-com:office:office">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Type" content="text/html; charset=utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="x-apple-disable-message-reformatting">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no, url=no">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{title}</title>
<!--[if mso]>
<xml><o:OfficeDocumentSettings><o:AllowPNG/><o:PixelsPerInch>96</o:PixelsPerInch>\
</o:OfficeDocumentSettings></xml>
<style>body, p, a, div {{ font-family: Helvetica, Arial, sans-serif !important; }}</style>
<![endif]-->
<style>
:root {{ color-scheme: light dark; supported-color-schemes: light dark; }}
body {{ margin: 0; padding: 0; width: 100%; -webkit-text-size-adjust: 100%; \
-ms-text-size-adjust: 100%; }}
table, td {{ border-collapse: collapse; mso-table-lspace: 0; mso-table-rspace: 0; }}
img {{ border: 0; outline: none; text-decoration: none; -ms-interpolation-mode: bicubic; }}
p {{ margin: 0 0 16px; }}
.lf-text a {{ color: #0b57d0; text-decoration: underline; }}
@media only screen and (max-width: 480px) {{ .lf-text {{ padding: 16px !important; }} }}
@media (prefers-color-scheme: dark) {{
body, .lf-text, .lf-footer {{ background-color: #1b1b1b !important; }}
.lf-text {{ color: #ededed !important; }}
.lf-text a {{ color: #9ecbff !important; }}
.lf-footer, .lf-footer a {{ color: #c4c4c4 !important; }}
}}
[data-ogsb] .lf-text, [data-ogsb] .lf-footer {{ background-color: #1b1b1b !important; }}
[data-ogsc] .lf-text {{ color: #ededed !important; }}
[data-ogsc] .lf-text a {{ color: #9ecbff !important; }}
[data-ogsc] .lf-footer, [data-ogsc] .lf-footer a {{ color: #c4c4c4 !important; }}
</style>
</head>
<body style="margin:0;padding:0;background-color:#ffffff">
<div role="article" aria-roledescription="email" aria-label="{title}" lang="{lang}" dir="{dir}">
<!--[if mso]><table role="presentation" width="600" align="center" cellpadding="0" \
cellspacing="0" border="0"><tr><td><![endif]-->
<div class="lf-text" style="max-width:568px;margin:0 auto;padding:24px 16px;\
font-family:Helvetica,Arial,sans-serif;font-size:16px;line-height:1.5;color:#222222;\
background-color:#ffffff;overflow-wrap:anywhere;word-break:break-word">
{paragraphs}
</div>
<!--[if mso]></td></tr></table><![endif]-->
</div>
</body></html>
"""


def text_to_html(text: str, title: str, *, lang: str = "en", direction: str = "ltr") -> str:
    """A whole HTML document: paragraphs at empty lines, URLs as links, all else escaped."""
    paragraphs = (part.strip("\n") for part in _PARAGRAPH.split(text.strip()))
    return _DOCUMENT.format(
        title=escape(title),
        lang=escape(lang),
        dir=direction,
        paragraphs="\n".join(f"<p>{_linked(part)}</p>" for part in paragraphs if part),
    )


def _linked(paragraph: str) -> str:
    parts, end = [], 0
    for match in URL.finditer(paragraph):
        url = match[0].rstrip(TRAILING)
        parts.append(escape(paragraph[end : match.start()]))
        parts.append(f'<a href="{escape(url)}">{escape(url)}</a>')
        end = match.start() + len(url)
    parts.append(escape(paragraph[end:]))
    return "".join(parts).replace("\n", "<br>\n")


def html_to_text(html: str) -> str:
    """The text part of an HTML mail: paragraphs, and links as `text (url)`."""
    reader = _HtmlReader()
    reader.feed(html)
    reader.close()
    return tidy("".join(reader.parts))


def tidy(text: str) -> str:
    """One space between words, one empty line between paragraphs, as HTML would be shown."""
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip() + "\n"


_UNSEEN = frozenset({"head", "style", "script", "title", "template"})
_VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "area", "base", "col", "wbr"})
_PARAGRAPHS = frozenset(
    {"p", "div", "table", "ul", "ol", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr"}
)
_LINES = frozenset({"tr", "li", "br"})
_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)


class _HtmlReader(HTMLParser):
    """Collects text. `skipping` is the invisible element we are in, and how deeply it is nested."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.skipping: tuple[str, int] | None = None
        self.link: tuple[str, int] | None = None
        """Where the open link goes, and how many parts came before it."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if self.skipping is not None:
            name, depth = self.skipping
            self.skipping = (name, depth + (tag == name))
        elif tag not in _VOID and (tag in _UNSEEN or _HIDDEN.search(values.get("style", ""))):
            self.skipping = (tag, 1)
        elif tag == "a":
            self.link = (values.get("href", ""), len(self.parts))
        elif tag == "img":
            self.parts.append(values.get("alt", ""))
        else:
            self._break(tag)
            if tag == "li":
                self.parts.append("- ")

    def handle_endtag(self, tag: str) -> None:
        if self.skipping is not None:
            name, depth = self.skipping
            depth -= tag == name
            self.skipping = (name, depth) if depth else None
        elif tag == "a" and self.link is not None:
            url, start = self.link
            text = " ".join("".join(self.parts[start:]).split())
            if url and url != text:
                self.parts.append(f" ({url})" if text else url)
            self.link = None
        elif tag not in _LINES:
            self._break(tag)

    def handle_data(self, data: str) -> None:
        if self.skipping is None:
            self.parts.append(re.sub(r"\s+", " ", data))

    def _break(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            self.parts.append("\n\n")
        elif tag in _LINES:
            self.parts.append("\n")
        elif tag in ("td", "th"):
            self.parts.append(" ")
