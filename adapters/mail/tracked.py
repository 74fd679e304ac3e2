"""Links and images in a mail that report its recipient's clicks and opens."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape, unescape
from html.parser import HTMLParser
from urllib.parse import urlsplit

from adapters.mail.text import TRAILING, URL

_HREF = re.compile(r"""\bhref\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)""", re.IGNORECASE)
_HOST = re.compile(r"https?://([\w.:-]++)(?![{@])", re.IGNORECASE)
_UNSEEN = (
    '<a href="{}" style="display:none;max-height:0;overflow:hidden;mso-hide:all"'
    ' aria-hidden="true" tabindex="-1"></a>'
)
_PIXEL = '<img src="{}" width="1" height="1" alt="" style="display:block;border:0">'
_SHOWN = re.compile(r"([^<]*)</a\s*>", re.IGNORECASE)
"""The text of a link that holds no markup."""
_WORDS = re.compile(r"[a-z]{3,}(?: [a-z]{2,}){0,7}", re.IGNORECASE)

MOST_LINKS = 1_000


class TrackedLinks:
    """Numbers the targets of a mail's links. Number 0 is a link that no person can see."""

    def __init__(self, own: str, hosts: frozenset[str], link: Callable[[int], str]) -> None:
        """`link` makes the URL of a number. What begins with `own` is ours and is not changed.

        A link to a host outside `hosts` is not changed either: whoever writes `https://evil.example`
        as a name into a form would otherwise get a link of ours that leads there.
        """
        self._own = own
        self._hosts = hosts
        self._link = link
        self._numbers: dict[str, int] = {"": 0}

    @property
    def targets(self) -> tuple[str, ...]:
        """Where links lead, by number."""
        return tuple(self._numbers)

    def replaced(self, url: str) -> str:
        """The tracked URL instead of this one; only web pages are tracked."""
        if not url.lower().startswith(("http://", "https://")) or url.startswith(self._own):
            return url
        if _host(url) not in self._hosts:
            return url
        if url not in self._numbers and len(self._numbers) >= MOST_LINKS:
            return url
        return self._link(self._numbers.setdefault(url, len(self._numbers)))

    def unseen(self) -> str:
        """The link that no person can see: only a machine, which reads the source, follows it."""
        return _UNSEEN.format(escape(self._link(0)))


def hosts_in(*written: str) -> frozenset[str]:
    """The hosts of the links that we wrote ourselves, without those that Liquid completes."""
    found = (match[1].rstrip(".:").lower() for text in written for match in _HOST.finditer(text))
    return frozenset(found)


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""


def track_html(html: str, links: TrackedLinks, *, no_words: str) -> str:
    """The HTML with every link to a web page replaced.

    A link whose text is its target's address gets words instead: mail programs warn of a link that
    shows one host and leads to another. The words are those of the address, else `no_words`.
    Nothing else is changed.
    """
    anchors = _Anchors(html)
    parts, end = [], 0
    for start, tag in anchors.found:
        match = _HREF.search(tag)
        if match is None:
            continue
        url = unescape(match[1].strip("\"'")).strip()
        tracked = links.replaced(url)
        parts += [html[end : start + match.start(1)], f'"{escape(tracked)}"']
        end = start + match.end(1)
        shown = _SHOWN.match(html, start + len(tag))
        if tracked != url and shown is not None and _host(url) in unescape(shown[1]).lower():
            parts += [html[end : shown.start(1)], escape(link_words(url) or no_words)]
            end = shown.end(1)
    return "".join((*parts, html[end:]))


def link_words(url: str) -> str:
    """The words at the end of a web address, like `Slow handoffs`; empty if there are none."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return ""
    last = re.sub(r"\.\w{2,5}$", "", path.rstrip("/").rpartition("/")[2])
    words = " ".join(re.split(r"[-_+]", last)).strip()
    if not _WORDS.fullmatch(words):
        return ""
    return words[0].upper() + words[1:]


def track_text(text: str, links: TrackedLinks) -> str:
    """The text with every URL of a web page replaced."""

    def replaced(match: re.Match[str]) -> str:
        url = match[0].rstrip(TRAILING)
        return links.replaced(url) + match[0][len(url) :]

    return URL.sub(replaced, text)


def pixel(url: str) -> str:
    """The image that is loaded when the mail is opened."""
    return _PIXEL.format(escape(url))


def before_end(html: str, addition: str) -> str:
    """The HTML with something more at the end of its body."""
    body, end, rest = html.rpartition("</body>")
    return f"{body}{addition}\n{end}{rest}" if end else html + addition


class _Anchors(HTMLParser):
    """Where the anchors of a document begin, and their tags as written."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[int, str]] = []
        self._lines = [0]
        for match in re.finditer("\n", html):
            self._lines.append(match.end())
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record an anchor."""
        text = self.get_starttag_text()
        if tag in ("a", "area") and attrs and text:
            line, column = self.getpos()
            self.found.append((self._lines[line - 1] + column, text))
