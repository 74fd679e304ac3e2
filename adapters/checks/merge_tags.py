"""Placeholders of other mail tools, which would be sent as they stand."""

from __future__ import annotations

import re

from adapters.documents.marked import Node
from models.program.values import BUILT_IN_FIELDS

_TAG = re.compile(
    r"\*\|\w+\|\*|%%[\w ]+%%|\[\[[\w .]+\]\]|(?<![{%])\{\s*(?:lead\.)?(\w+)\s*\}(?!\})|"
    r"%(?:FIRSTNAME|FNAME|NAME|EMAIL)%"
)


def warn_of_merge_tags(root: Node) -> None:
    """Warn of the first placeholder of each part of an e-mail that Liquid does not know."""
    fields = {*BUILT_IN_FIELDS, *root.get("fields").names()}
    for email in root.get("emails").values():
        for part in ("subject", "preheader", "text"):
            text = email.get(part)
            for tag in _TAG.finditer(text.text or ""):
                if tag[1] is None or tag[1] in fields:
                    text.warn(
                        f"'{tag[0]}' is a placeholder of another tool and is sent as it stands;"
                        " write one like {{ lead.first_name }}",
                        offset=tag.start(),
                    )
                    break
