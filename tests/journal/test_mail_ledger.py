from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from activities.ports import Claim, Rendered
from adapters.sql.database import Database
from adapters.sql.journal import SqlJournal
from adapters.sql.mail_ledger import SqlMailLedger
from adapters.sql.programs import SqlPrograms
from adapters.sql.sent_mail import SqlSentMail
from adapters.sql.suppressions import SqlSuppressionList
from models.decision import SendMail
from tests.journal.turns import FENCE, NOW, turn

KEY, MESSAGE = "ana/1/welcome/hello", "hello.ana@leadflow.example"


@pytest.fixture
def mail_ledger(database: Database) -> SqlMailLedger:
    return SqlMailLedger(database)


def test_a_mail_is_claimed_once_and_then_its_outcome_is_unknown(mail_ledger: SqlMailLedger) -> None:
    assert mail_ledger.claim("ana", KEY, MESSAGE, NOW) == Claim(status="new")
    assert mail_ledger.claim("ana", KEY, MESSAGE, NOW) == Claim(status="unknown")


@pytest.mark.parametrize(
    ("status", "why"), [("sent", None), ("skipped", "bounced"), ("failed", "550 no such user")]
)
def test_a_settled_mail_has_its_outcome(
    mail_ledger: SqlMailLedger, status: str, why: str | None
) -> None:
    mail_ledger.claim("ana", KEY, MESSAGE, NOW)
    assert mail_ledger.claim("ana", KEY, MESSAGE, NOW) == Claim(status="unknown")
    mail_ledger.settle(KEY, status, why)  # type: ignore[arg-type]  # the parameters are these words
    assert mail_ledger.claim("ana", KEY, MESSAGE, NOW) == Claim(status=status, why=why)  # type: ignore[arg-type]  # likewise


def test_a_released_mail_can_be_claimed_again(mail_ledger: SqlMailLedger) -> None:
    mail_ledger.claim("ana", KEY, MESSAGE, NOW)
    mail_ledger.release(KEY)
    assert mail_ledger.claim("ana", KEY, MESSAGE, NOW) == Claim(status="new")


def test_the_first_outcome_is_kept(mail_ledger: SqlMailLedger) -> None:
    mail_ledger.claim("ana", KEY, MESSAGE, NOW)
    assert mail_ledger.settle(KEY, "sent") == Claim(status="sent")
    assert mail_ledger.settle(KEY, "failed", "too late") == Claim(status="sent")
    mail_ledger.release(KEY)
    assert mail_ledger.claim("ana", KEY, MESSAGE, NOW) == Claim(status="sent")


def test_a_mail_that_nobody_claimed_cannot_be_settled(mail_ledger: SqlMailLedger) -> None:
    with pytest.raises(LookupError, match="never claimed"):
        mail_ledger.settle(KEY, "sent")


def test_of_many_who_claim_a_mail_at_once_one_may_send_it(mail_ledger: SqlMailLedger) -> None:
    with ThreadPoolExecutor(8) as threads:
        claims = list(threads.map(lambda _: mail_ledger.claim("ana", KEY, MESSAGE, NOW), range(40)))
    assert sorted(claim.status for claim in claims) == ["new"] + ["unknown"] * 39


def test_the_first_reason_in_order_is_returned_and_operational_mail_ignores_an_unsubscription(
    mail_ledger: SqlMailLedger, database: Database
) -> None:
    journal, address = SqlJournal(database), "ana@northwind.example"
    assert mail_ledger.suppression(address, operational=False) is None
    reasons: tuple[str, ...] = ()
    found = []
    for number, why in enumerate(("unsubscribed", "complained", "bounced"), start=1):
        reasons = (*reasons, why)
        entry = ("suppressed", {"why": why})
        journal.record(turn(number, entry, before=number - 1, suppressed=reasons), FENCE, NOW)
        both = [mail_ledger.suppression(address.upper(), operational=one) for one in (False, True)]
        found.append(both)
    assert found == [
        ["unsubscribed", None],
        ["unsubscribed", "complained"],
        ["unsubscribed", "bounced"],
    ]


def rendered_mail(to: str = "Ana <ana@northwind.example>") -> Rendered:
    return Rendered(
        sender="hello@acme.example",
        to=to,
        subject="Hello",
        text="Hello.",
        html="<p>Hello.</p>",
        message_id=MESSAGE,
        headers={},
        links=("https://acme.example/", "https://acme.example/guide"),
    )


NEW = Claim(status="new")


def begin_sending(
    mail_ledger: SqlMailLedger,
    to: str = "Ana <ana@northwind.example>",
    *,
    key: str = KEY,
    operational: bool = False,
) -> Claim:
    """What comes of a mail that is about to be sent."""
    command = SendMail(key=key, at=NOW, email="hello", message=MESSAGE, operational=operational)
    return mail_ledger.begin("ana", command, rendered_mail(to))


def test_a_mail_that_may_be_sent_is_found_by_its_message_id(
    mail_ledger: SqlMailLedger, database: Database
) -> None:
    assert begin_sending(mail_ledger) == NEW
    found = SqlSentMail(database).by_local_part("hello.ana")
    assert found is not None
    assert (found.lead, found.key, found.email) == ("ana", KEY, "hello")
    assert (found.address, found.links) == ("ana@northwind.example", rendered_mail().links)


def test_an_address_that_is_suppressed_while_a_mail_waits_does_not_get_it(
    mail_ledger: SqlMailLedger, database: Database
) -> None:
    SqlSuppressionList(database).add("Ana@Northwind.example", "unsubscribed", at=NOW)
    assert (
        begin_sending(mail_ledger)
        == begin_sending(mail_ledger)
        == Claim(status="skipped", why="unsubscribed")
    )
    assert SqlSentMail(database).by_local_part("hello.ana") is None
    assert begin_sending(mail_ledger, key="ana/confirm", operational=True) == NEW


def test_whether_a_mail_may_be_sent_is_known_before_it_is_claimed(
    mail_ledger: SqlMailLedger, database: Database
) -> None:
    def standing(*, operational: bool = False) -> Claim | None:
        return mail_ledger.standing(KEY, rendered_mail(), operational=operational)

    assert standing() is None
    SqlSuppressionList(database).add("Ana@Northwind.example", "unsubscribed", at=NOW)
    assert standing() == Claim(status="skipped", why="unsubscribed")
    assert standing(operational=True) is None
    assert begin_sending(mail_ledger, operational=True) == NEW
    assert standing() == Claim(status="unknown")
    mail_ledger.settle(KEY, "sent")
    assert standing() == Claim(status="sent")


@pytest.mark.parametrize("written", ["ana@bücher.example", "ana@xn--bcher-kva.example"])
@pytest.mark.parametrize("suppressed", ["ana@bücher.example", "ana@xn--bcher-kva.example"])
def test_an_international_domain_is_the_same_however_it_is_written(
    mail_ledger: SqlMailLedger, database: Database, written: str, suppressed: str
) -> None:
    SqlSuppressionList(database).add(suppressed, "complained", at=NOW)
    assert begin_sending(mail_ledger, written, operational=True).why == "complained"


@pytest.mark.parametrize("written", ["ana@straße.example", "ana@xn--strae-oqa.example"])
@pytest.mark.parametrize("suppressed", ["ana@Straße.example", "ana@xn--strae-oqa.example"])
def test_a_sharp_s_is_no_double_s(
    mail_ledger: SqlMailLedger, database: Database, written: str, suppressed: str
) -> None:
    suppressions = SqlSuppressionList(database)
    suppressions.add("ana@strasse.example", "unsubscribed", at=NOW)
    assert begin_sending(mail_ledger, written) == NEW
    suppressions.add(suppressed, "complained", at=NOW)
    assert begin_sending(mail_ledger, written, key="ana/2/welcome/hello").why == "complained"


def test_an_accent_is_the_same_however_it_is_put_together(
    mail_ledger: SqlMailLedger, database: Database
) -> None:
    SqlSuppressionList(database).add("jose\u0301@northwind.example", "unsubscribed", at=NOW)
    assert begin_sending(mail_ledger, "jos\u00e9@northwind.example").why == "unsubscribed"


def test_while_its_program_is_paused_a_nurture_mail_comes_back_and_leaves_no_trace(
    database: Database, mail_ledger: SqlMailLedger
) -> None:
    SqlJournal(database).record(turn(1, "created"), FENCE, NOW)
    programs = SqlPrograms(database)
    programs.pause("acme")
    mail = Rendered(
        sender="hello@acme.example",
        to="ana@northwind.example",
        subject="Hello",
        text="Hello",
        html="Hello",
        message_id=MESSAGE,
        headers={},
    )
    nurture = SendMail(key=KEY, at=NOW, email="welcome", message=MESSAGE)
    assert mail_ledger.begin("ana", nurture, mail) == Claim(status="skipped", why="paused")
    assert mail_ledger.standing(KEY, mail, operational=False) is None
    operational = SendMail(
        key=f"{KEY}-2", at=NOW, email="receipt", message=MESSAGE, operational=True
    )
    assert mail_ledger.begin("ana", operational, mail) == Claim(status="new")
    assert mail_ledger.leaving("acme", NOW)
    mail_ledger.settle(operational.key, "sent")
    assert not mail_ledger.leaving("acme", NOW)
    programs.resume("acme")
    assert mail_ledger.begin("ana", nurture, mail) == Claim(status="new")
