"""How mails that came back are judged: `python -m bench.bounces DIR`, a folder of `.eml` files.

With `DIR/labels.csv` (columns `file`, and `meaning`: `dead` or `alive`) it prints how many of each
are hard as well.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from pathlib import Path

from gateway.inbound.arrived_mail import read_arrived
from gateway.inbound.delivery_status import delivery_status, read_notice


def judged(file: Path) -> str:
    """What becomes of one mail: `hard`, `soft`, an action like `delayed`, or `unreadable`."""
    try:
        mail = read_arrived(file.read_bytes())
    except ValueError:
        return "unreadable"
    found = delivery_status(mail, "") or read_notice(mail, "")
    return found.kind if found.action == "failed" else found.action


def main(folder: Path) -> None:
    """Print the figures."""
    labels = folder / "labels.csv"
    meanings: dict[str, str] = {}
    if labels.exists():
        with labels.open(newline="", encoding="utf-8") as rows:
            meanings = {row["file"]: row["meaning"] for row in csv.DictReader(rows)}
    counts: dict[str, Counter[str]] = {}
    for file in sorted(folder.glob("*.eml")):
        counts.setdefault(meanings.get(file.name, "all"), Counter())[judged(file)] += 1
    for meaning, count in sorted(counts.items()):
        hard = 100 * count["hard"] / count.total()
        print(f"{meaning}: {count.total()} mails, {hard:.1f} % hard, {dict(count)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
