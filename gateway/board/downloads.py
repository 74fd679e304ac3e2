"""Files that the board offers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from urllib.parse import quote

from fastapi.responses import Response, StreamingResponse

from gateway.web.pages import HEADERS


def download(pieces: Iterable[bytes | str], name: str, *, jsonl: bool = False) -> Response:
    """The rejected rows of a list of this name."""
    ending = "jsonl" if jsonl else "csv"
    return csv_download(pieces, f"{PurePath(name).stem}.rejected.{ending}")


def csv_download(pieces: Iterable[bytes | str], name: str) -> Response:
    """A file for a spreadsheet. Browsers save it and never show it."""
    plain = "".join(
        one if one.isascii() and (one.isalnum() or one in "-_.") else "_" for one in name
    )
    return StreamingResponse(
        pieces,
        media_type="text/csv" if name.endswith(".csv") else "application/x-ndjson",
        headers=HEADERS
        | {
            # RFC 6266: the plain name for old browsers, the real one for all others.
            "Content-Disposition": (
                f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
            )
        },
    )
