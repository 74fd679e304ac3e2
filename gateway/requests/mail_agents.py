"""Programs that open mail and follow its links, by the name that they give themselves.

Crawlers, link previews (Slack, WhatsApp) and fetchers of language models stand in the package
`crawler-user-agents`, a dated list that its community keeps; the list here adds what scans or
loads mail. Gmail's image proxy is not among them: it loads an image when a person opens the mail.
"""

from __future__ import annotations

import re

import crawleruseragents  # type: ignore[import-untyped]  # it has no types

# Cubot makes telephones.
_PROGRAMS = re.compile(
    r"(?<!cu)bot\b|crawl|spider|scanner|uripreview|monitor|headless|phantom|python|curl/|wget|java/"
    r"|go-http|okhttp|libwww|httpclient|aiohttp|node-fetch|axios|barracuda|proofpoint|mimecast"
    r"|safelinks|ironport|symantec|messagelabs|trendmicro|fireeye|forcepoint|zscaler|sophos"
    r"|cloudmark|yahoomailproxy|facebookexternalhit|whatsapp|slack-imgproxy|skypeuripreview"
    r"|chatgpt-user|claude-user|perplexity-user|mistralai-user",
    re.IGNORECASE,
)
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
    return _PROGRAMS.search(agent) is not None or bool(crawleruseragents.is_crawler(agent))
