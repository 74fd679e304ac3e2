"""An alert as a chat message: JSON of Slack's incoming webhooks, which other chats take too.

https://docs.slack.dev/messaging/formatting-message-text and /block-kit. Its one link leads to the
desk, where people sign in. Many people read a chat, so no button in it acts for one of them.
"""

from __future__ import annotations

import re

from activities.ports import Payload
from adapters.mail.alert_card import AlertCard

_LONGEST = 2_900
"""Characters of one block; Slack takes 3,000."""
_HALF_ENTITY = re.compile(r"&[a-z]{0,3}$")
"""What a cut leaves of `&amp;`, which a chat would show as it is."""


def chat_message(card: AlertCard, public_url: str) -> Payload:
    """The message of a card. Without a public URL it has no link."""
    lines = [f"*{_escaped(card.who)}*, {_escaped(card.company)}", _escaped(card.sentence)]
    if card.deadline is not None:
        lines.append(f"*{_escaped(card.deadline)}*")
    why = [_escaped(card.score), *(f"• {_escaped(one)}" for one in card.reasons)]
    blocks: list[Payload] = [_section("\n".join(lines)), _section("\n".join(why))]
    if public_url:
        button = {
            "type": "button",
            "text": {"type": "plain_text", "text": "Open in the desk"},
            "url": f"{public_url}{card.desk}",
        }
        blocks.append({"type": "actions", "elements": [button]})
    return {"text": _escaped(card.title), "blocks": blocks}


def _section(text: str) -> Payload:
    cut = _HALF_ENTITY.sub("", text[:_LONGEST])
    return {"type": "section", "text": {"type": "mrkdwn", "text": cut}}


def _escaped(text: str) -> str:
    """Slack's control characters as entities, so that text from outside can't mention a channel."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
