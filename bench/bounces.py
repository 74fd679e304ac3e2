"""How mails that came back are judged: `python -m bench.bounces DIR`, a folder of `.eml` files.

Each mail is taken as one that arrived at the bounce address, with the envelope sender that its
header `Return-Path` shows (none, if there is no such header). Printed are, for all mails:

* `hard`, `soft`: bounces, as `email.bounced` would bear them
* `us`: soft bounces that are about our servers, our rate or the letter
* `delayed`, `delivered`, `relayed`, `expanded`: reports that are no failure
* `feedback`: complaints, wishes to be left alone, and other reports about a mail that arrived
* `machine`: notices of absence and other automatic answers
* `person`: mails that would be passed on as a person's reply
* `unreadable`: mails that can't be taken apart; they count as soft bounces

With `DIR/labels.csv` (columns `file`, and `meaning`: `dead`, `alive`, `person`, or another word)
the figures are printed for each meaning, then three that have an aim: at least 95 % of dead
addresses hard, at most 2 % of living ones, and nothing but what is labelled `person` taken for
one. The exit status is 1 if an aim is missed. `--list WORD` prints the files that were judged so.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from pathlib import Path

from gateway.inbound.arrived_mail import header_text, read_arrived
from gateway.inbound.automatic_reply import why_automatic
from gateway.inbound.feedback_report import feedback_report
from gateway.inbound.recognise import bounce_in

_DEAD_AIM = 95
_ALIVE_AIM = 2


def judged(content: bytes) -> str:
    """What becomes of one mail, in a word of the list above."""
    try:
        mail = read_arrived(content)
    except ValueError:
        return "unreadable"
    if feedback_report(mail) is not None:
        return "feedback"
    null_sender = header_text(mail, "Return-Path") in ("", "<>")
    found = bounce_in(mail, "", at_bounce=True, null_sender=null_sender)
    if found is None:
        return "person" if why_automatic(mail, null_sender=null_sender) is None else "machine"
    if found.action != "failed":
        return found.action
    return "us" if found.refusal.meaning == "about_us" else found.kind


def missed(counts: dict[str, Counter[str]]) -> list[str]:
    """The aims that the figures miss."""
    dead, alive = counts.get("dead", Counter()), counts.get("alive", Counter())
    persons = sum(one["person"] for meaning, one in counts.items() if meaning != "person")
    return [
        *([f"dead addresses hard: below {_DEAD_AIM} %"] if _share(dead) < _DEAD_AIM else []),
        *([f"living ones hard: above {_ALIVE_AIM} %"] if _share(alive, 0) > _ALIVE_AIM else []),
        *([f"bounces taken for a person: {persons}"] if persons else []),
    ]


def _share(count: Counter[str], of_none: float = 100) -> float:
    return 100 * count["hard"] / count.total() if count else of_none


def main(folder: Path, listed: str | None) -> int:
    """Print the figures."""
    labels = folder / "labels.csv"
    meanings: dict[str, str] = {}
    if labels.exists():
        with labels.open(newline="", encoding="utf-8") as rows:
            meanings = {row["file"]: row["meaning"] for row in csv.DictReader(rows)}
    counts: dict[str, Counter[str]] = {}
    for file in sorted(folder.glob("*.eml")):
        word = judged(file.read_bytes())
        counts.setdefault(meanings.get(file.name, "all"), Counter())[word] += 1
        if word == listed:
            print(file.name)
    for meaning, count in sorted(counts.items()):
        figures = ", ".join(f"{word} {number}" for word, number in count.most_common())
        print(f"{meaning}: {count.total()} mails, {_share(count):.1f} % hard ({figures})")
    faults = missed(counts)
    print("\n".join(faults) or "no aim is missed")
    return 1 if faults else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--list", dest="listed", metavar="WORD")
    given = parser.parse_args()
    sys.exit(main(given.folder, given.listed))
