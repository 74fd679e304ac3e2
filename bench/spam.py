"""How SpamAssassin judges a program's e-mails: `python -m bench.spam [PROGRAM.yaml]`.

It needs `spamassassin` (Debian: `apt-get install spamassassin`) and asks no network (`-L`). For
each e-mail it prints the points and the rules that gave them; 5 points are spam. Exit status 3
without SpamAssassin.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from adapters.files.program import read_program
from adapters.mail.links import SignedLinks
from adapters.mail.message import build_message
from adapters.mail.render import MailRenderer
from models.decision import SendMail
from models.directory import Directory
from models.program.program import Program
from models.state import LeadState

ACME = Path(__file__).resolve().parents[1] / "programs" / "acme.yaml"
LINKS = SignedLinks(
    public_url="https://go.acme.example", mail_domain="in.acme.example", secret="-" * 40
)
_DETAILS = re.compile(r"Content analysis details:\s+\((-?[\d.]+) points.*?\n\n(.*)", re.DOTALL)


def message(program: Program, email: str) -> bytes:
    """One e-mail of a program to Ana, as it is given to the mail server."""
    now = datetime.now(UTC).replace(microsecond=0)
    profile = {"email": "ana@northwind.example", "first_name": "Ana", "company": "Northwind"}
    lead = LeadState(
        lead="ana", program=program.program, digest=program.digest, created=now, profile=profile
    )
    command = SendMail(
        key=f"ana/1/bench/{email}", at=now, email=email, message="0123456789abcdef@acme.example"
    )
    mail = MailRenderer(LINKS).marketing(program, lead, Directory(), command)
    return build_message(mail, now).as_bytes()


def judge(content: bytes) -> tuple[float, str]:
    """SpamAssassin's points for a mail, and its table of rules."""
    judged = subprocess.run(
        ["spamassassin", "-L", "-t"],
        input=content.replace(b"\r\n", b"\n"),
        capture_output=True,
        timeout=120,
        check=True,
    )
    found = _DETAILS.search(judged.stdout.decode(errors="replace"))
    if found is None:
        raise ValueError("SpamAssassin's answer has no details")
    return float(found[1]), found[2].rstrip()


def main(file: Path) -> int:
    """Print the points of each e-mail."""
    if shutil.which("spamassassin") is None:
        print("spamassassin is not installed; in Debian: apt-get install spamassassin")
        return 3
    program = read_program(file)
    for email in program.emails:
        points, rules = judge(message(program, email))
        print(f"{email}: {points} points\n{rules}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ACME))
