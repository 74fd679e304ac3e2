"""Programs that open mail and follow its links, by the name that they give themselves.

Crawlers, link previews (Slack, WhatsApp) and fetchers of language models stand in the package
`crawler-user-agents`, a dated list that its community keeps (its version is in the lock file).
`MAIL_AGENTS` adds what scans or loads mail. Two marks need no list: a browser's name begins with
`Mozilla/` or `Opera/`, and `compatible;` is what programs write into it, since Internet Explorer
is gone. Gmail's image proxy is no machine: it loads an image when a person opens the mail.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import crawleruseragents  # type: ignore[import-untyped]  # it has no types


@dataclass(frozen=True, slots=True)
class MailAgent:
    """A family of programs: words of their User-Agent, and who says so."""

    words: str
    """Regular expressions in lower case, separated by `|`."""
    source: str


REVISED = "2026-11-28"
"""The day on which `MAIL_AGENTS` was last revised. A source that nobody opened then says so."""
MAIL_AGENTS = (
    # Cubot makes telephones.
    MailAgent(
        r"(?<!cu)bot\b|crawl|spider|scanner|monitor|headless|phantom|uripreview|urlpreview|preview/",
        "words by which programs call themselves",
    ),
    MailAgent(
        r"python|curl/|wget|java/|go-http|okhttp|libwww|httpclient|aiohttp|node-fetch|axios|undici",
        "the default names of HTTP libraries, each in its documentation",
    ),
    MailAgent(
        r"barracuda|proofpoint|mimecast|safelinks|ironport|symantec|messagelabs|trend ?micro"
        r"|fireeye|forcepoint|zscaler|sophos|cloudmark|bitdefender|cisco-talos",
        "scanners of mail, by the names of their makers",
    ),
    MailAgent(r"yahoomailproxy", "https://help.yahoo.com/kb/SLN28749.html (not opened)"),
    MailAgent(
        r"facebookexternalhit|meta-external|whatsapp",
        "https://developers.facebook.com/docs/sharing/webmasters/web-crawlers (not opened)",
    ),
    MailAgent(
        r"slack-imgproxy|slackbot",
        "https://crawlerdex.tn3w.dev/Slack-ImgProxy, with agents as logs have them",
    ),
    MailAgent(
        r"skypeuripreview|microsoft-teams-urlpreview", "https://learn.microsoft.com (not opened)"
    ),
    MailAgent(
        r"chatgpt-user",
        "https://huggingface.co/datasets/smart-local/ai-crawler-user-agents, which names"
        " https://developers.openai.com/docs/bots",
    ),
    MailAgent(r"claude-user", "https://support.claude.com, on crawlers (not opened)"),
    MailAgent(r"perplexity-user", "https://docs.perplexity.ai/guides/bots (not opened)"),
    MailAgent(r"mistralai-user", "https://docs.mistral.ai/robots"),
    MailAgent(r"copilot-user|notebooklm|deep-research|\bgrok\b", "names seen in logs"),
)
"""What scans or loads mail, beside the package's list."""
_PROGRAMS = re.compile("|".join(one.words for one in MAIL_AGENTS), re.IGNORECASE)
_BROWSER = re.compile(r"(?:Mozilla|Opera)/", re.IGNORECASE)
_MAIL_PROGRAM = re.compile(r"outlook|thunderbird|notes|mail", re.IGNORECASE)
"""Mail programs that load images themselves and do not call themselves browsers."""
_COMPATIBLE = re.compile(r"compatible;(?! *(?:MSIE|Konqueror))", re.IGNORECASE)
_GMAIL = "GoogleImageProxy"
_PRIVACY_PROXY = "Mozilla/5.0"
"""All that Apple's Mail Privacy Protection says of itself; it loads images unasked."""


def is_machine(agent: str) -> bool:
    """Whether a client calls itself a scanner, a proxy, a preview, a program, or nothing at all."""
    agent = agent.strip()
    if not agent or agent == _PRIVACY_PROXY:
        return True
    if _GMAIL in agent:
        return False
    if not _BROWSER.match(agent) and not _MAIL_PROGRAM.search(agent):
        return True
    return (
        _PROGRAMS.search(agent) is not None
        or _COMPATIBLE.search(agent) is not None
        or bool(crawleruseragents.is_crawler(agent))
    )
