"""Large mails are taken in beside everything else that the gateway does."""

from __future__ import annotations

import asyncio
import sys
import time

from tests.inbound.test_hostile_mail import known_addresses
from tests.waiting import LIMIT
from usecases.context import Context

SENDERS = """
import smtplib, sys, threading
from email.message import EmailMessage

def send(number, answers):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"{number}@out.example", sys.argv[2], "A film"
    mail.set_content("See the film.")
    mail.add_attachment(bytes(3_000_000), maintype="video", subtype="mp4", filename="film.mp4")
    with smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=float(sys.argv[3])) as relay:
        answers.append(relay.send_message(mail, to_addrs=[sys.argv[2]]))

answers = []
senders = [threading.Thread(target=send, args=(number, answers)) for number in range(8)]
for one in senders:
    one.start()
for one in senders:
    one.join()
sys.exit(answers != [{}] * 8)
"""


async def test_eight_large_mails_at_once_leave_room_for_all_others(
    port: int, context: Context, message: str
) -> None:
    to = known_addresses(context, message)[0]
    began = time.perf_counter()
    sending = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SENDERS, str(port), to, str(LIMIT)
    )
    ended = asyncio.ensure_future(sending.wait())
    longest = 0.0
    while not ended.done():
        asked = time.perf_counter()
        await asyncio.to_thread(context.people.directory)  # as an act or a page asks
        longest = max(longest, time.perf_counter() - asked)
    assert ended.result() == 0
    # What others wait is a part of what the mails take, however slow the machine is.
    assert longest < (time.perf_counter() - began) / 2
