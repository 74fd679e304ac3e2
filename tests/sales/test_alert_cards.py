from __future__ import annotations

from email import message_from_bytes, policy

import pytest

from adapters.mail.alert import alert_mail
from adapters.mail.alert_card import ACTIONS, alert_card
from adapters.mail.chat import chat_message
from adapters.mail.links import SignedLinks
from adapters.mail.message import build_message
from tests.sales.alerted_lead import (
    ACME,
    MORGAN,
    PEOPLE,
    RILEY,
    SAM,
    THURSDAY,
    AlertedLead,
    interested,
)

URL = "https://go.acme.example"
LINKS = SignedLinks(public_url=URL, mail_domain="in.acme.example", secret="s" * 40)
SENDER = "Acme <hello@acme.example>"


def reasons(office: AlertedLead, person: str) -> list[str]:
    return [one.why for one in office.alerts if one.to == person]


def test_an_alert_says_on_one_screen_who_why_what_was_read_and_by_when() -> None:
    office = interested()
    card = office.card(office.told("assigned"))
    assert card.title == "A lead for you: Northwind"
    assert (card.who, card.company) == ("Ana Silva, VP Sales", "Northwind")
    assert card.deadline == "Accept by Thu 18:00 EST, in 4 h of office time"
    assert card.reasons == (
        "asked for sales: sent the form demo",
        "looked at /pricing (2 times): +32",
        "employees 900: +20",
    )
    assert card.read[0] == "sent the form demo, Thu 14:00 EST"
    assert card.contact == ("ana@northwind.example", "+1 555 0100")
    assert card.actions == ("accept",)
    mail = alert_mail(card, office.told("assigned"), lead="ana", sender=SENDER, links=LINKS)
    assert len(mail.text.splitlines()) <= 32


def test_a_reminder_tells_the_office_time_that_is_left_then() -> None:
    office = interested()
    office.at_hour(16.5)
    reminder = office.told("reminded")
    assert reminder.at == THURSDAY.replace(hour=16)
    assert office.card(reminder).deadline == "Accept by Thu 18:00 EST, in 2 h of office time"


def test_a_breach_tells_the_manager_the_new_owner_and_the_old_one() -> None:
    office = interested()
    office.at_hour(18.5)
    assert reasons(office, RILEY) == ["assigned", "reminded", "reminded", "reassigned"]
    assert reasons(office, MORGAN) == ["breached"]
    assert reasons(office, SAM) == ["assigned"]
    gone = office.card(office.told("reassigned"))
    assert gone.sentence == f"The lead is {SAM}'s now; there is nothing left to do."
    assert gone.actions == ()


def test_whose_lead_goes_back_to_marketing_is_told() -> None:
    office = interested()
    office.at_hour(23, days=1)
    assert office.states["ana"].stage == "recycled"
    returned = office.told("returned")
    assert (returned.to, returned.handoff) == (SAM, 1)
    card = office.card(returned)
    assert card.sentence == "The lead went back to marketing (not_worked)."
    assert (card.deadline, card.actions) == (None, ())


def test_a_manager_who_reassigns_is_not_told_of_it_but_the_old_owner_is() -> None:
    office = interested()
    office.act("reassign", MORGAN, to=SAM)
    assert reasons(office, RILEY)[-1] == "reassigned"
    office.act("accept", MORGAN)
    office.act("reassign", MORGAN, to=RILEY)
    assert reasons(office, MORGAN) == []


def test_a_lead_that_raises_its_hand_again_is_told_to_its_owner() -> None:
    office = interested()
    office.act("accept", RILEY)
    office.event("form.submitted", "demo")
    raised = office.told("hand_raise")
    assert raised.to == RILEY
    assert office.card(raised).actions == ("touch", "qualify", "recycle")


def test_a_lead_that_comes_back_says_why_it_left() -> None:
    office = interested()
    office.act("recycle", RILEY, reason="no_budget")
    office.event("form.submitted", "demo")
    card = office.card(office.told("assigned"))
    assert card.before == "An earlier handoff ended: no budget"


def test_a_manager_may_reassign_from_the_alert() -> None:
    office = interested()
    office.at_hour(18.5)
    assert office.card(office.told("breached")).actions == ("accept", "reassign")


def test_a_member_with_a_time_zone_reads_the_clock_in_it() -> None:
    office = interested()
    alert = office.told("assigned")
    teams = {
        name: team.model_copy(
            update={
                "members": tuple(
                    one.model_copy(update={"timezone": "Europe/Berlin"}) for one in team.members
                )
            }
        )
        for name, team in PEOPLE.teams.items()
    }
    people = PEOPLE.model_copy(update={"teams": teams})
    card = alert_card(ACME, office.states["ana"], tuple(office.entries["ana"]), people, alert)
    assert card.deadline == "Accept by Fri 00:00 CET, in 4 h of office time"


def test_each_button_leads_to_its_act_and_the_last_one_to_the_desk() -> None:
    office = interested()
    office.at_hour(18.5)
    command = office.told("breached")
    mail = alert_mail(office.card(command), command, lead="ana", sender=SENDER, links=LINKS)
    urls = [line for line in mail.text.splitlines() if line.startswith(URL)]
    tokens = [LINKS.read("act", url.removeprefix(f"{URL}/a/")) for url in urls[:-1]]
    assert [ACTIONS[one.number] for one in tokens if one] == ["accept", "reassign"]
    assert {one.mail for one in tokens if one} == {mail.message_id.partition("@")[0]}
    assert urls[-1] == f"{URL}/desk/leads/ana"
    assert MORGAN not in "".join(urls)
    assert mail.envelope_from == LINKS.return_path(mail.message_id)


def test_a_stranger_writes_no_line_no_tag_and_no_mention_into_an_alert() -> None:
    hostile = "<b>x</b>\r\nBcc: all@acme.example <!channel> & co"
    office = AlertedLead(company=hostile, title="<script>", first_name="A\x00\u2028B")
    office.event("form.submitted", "<img src=x>")
    office.event("form.submitted", "demo")
    command = office.told("assigned")
    card = office.card(command)
    mail = alert_mail(card, command, lead="ana", sender=SENDER, links=LINKS)
    read = message_from_bytes(build_message(mail, THURSDAY).as_bytes(), policy=policy.SMTP)
    assert read.defects == []
    assert read["Bcc"] is None
    assert "\n" not in read["Subject"]
    for tag in ("<b>", "<script>", "<img", "<!channel>"):
        assert tag not in mail.html
        assert tag not in str(chat_message(card, URL))


def test_a_chat_message_has_no_button_that_acts() -> None:
    office = interested()
    message = chat_message(office.card(office.told("assigned")), URL)
    assert message["text"] == "A lead for you: Northwind"
    (button,) = message["blocks"][-1]["elements"]
    assert button["url"] == f"{URL}/desk/leads/ana"
    assert "/a/" not in str(message)
    assert "in 4 h of office time" in str(message)


def test_without_a_public_url_there_is_no_link() -> None:
    office = interested()
    command = office.told("assigned")
    card = office.card(command)
    assert "http" not in alert_mail(card, command, lead="ana", sender=SENDER, links=None).html
    assert len(chat_message(card, "")["blocks"]) == 2


@pytest.mark.parametrize("lead", ["a/b", "a b?c#d", "../../x"])
def test_a_leads_id_stays_one_part_of_the_desks_path(lead: str) -> None:
    office = interested()
    state = office.states["ana"].changed(lead=lead)
    card = alert_card(ACME, state, (), PEOPLE, office.told("assigned"))
    path = card.desk.removeprefix("/desk/leads/")
    assert not set(path) & set("/?# ")
