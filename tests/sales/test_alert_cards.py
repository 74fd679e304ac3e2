from __future__ import annotations

import re
from email import message_from_bytes, policy

import pytest

from adapters.mail.alert import ANSWER, alert_mail
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
    ana_asks_for_a_demo,
)

URL = "https://go.acme.example"
LINKS = SignedLinks(public_url=URL, mail_domain="in.acme.example", secret="s" * 40)
SENDER = "Acme <hello@acme.example>"


def card_reasons(ana: AlertedLead, person: str) -> list[str]:
    return [one.why for one in ana.alerts if one.to == person]


def test_an_alert_shows_person_reasons_content_and_deadline_on_one_screen() -> None:
    ana = ana_asks_for_a_demo()
    card = ana.card(ana.latest_alert("assigned"))
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
    mail = alert_mail(card, ana.latest_alert("assigned"), lead="ana", sender=SENDER, links=LINKS)
    assert len(mail.text.splitlines()) <= 32


@pytest.mark.parametrize("length", [50, 59, 60, 61, 119, 200])
def test_a_name_from_right_to_left_moves_nothing_around_it_however_long_it_is(length: int) -> None:
    name = "ד" * length
    lead = AlertedLead(first_name=name, last_name="", company=name)
    lead.event("form.submitted", "demo")
    card = lead.card(lead.latest_alert("assigned"))
    for text in (card.subject, card.title, card.who, card.company):
        assert text.count("\u2068") == text.count("\u2069") > 0
        assert text.endswith("\u2069") or text == card.who


def test_the_subject_names_the_person_and_long_names_leave_room() -> None:
    ana = ana_asks_for_a_demo()
    assert ana.card(ana.latest_alert("assigned")).subject == "A lead for you: Ana Silva, Northwind"
    long = AlertedLead(first_name="Ana" * 70, last_name="", company="Northwind " * 9)
    long.event("form.submitted", "demo")
    command = long.latest_alert("assigned")
    mail = alert_mail(long.card(command), command, lead="ana", sender=SENDER, links=LINKS)
    assert len(mail.subject) < 150
    assert mail.subject.startswith("A lead for you: AnaAna")
    assert "…, Northwind Northwind" in mail.subject
    read = message_from_bytes(build_message(mail, THURSDAY).as_bytes(), policy=policy.SMTP)
    assert read["Subject"] == mail.subject


def test_alerts_about_one_lead_are_one_thread_and_can_be_answered() -> None:
    ana = ana_asks_for_a_demo()
    ana.at_hour(18.5)
    mails = [
        build_message(
            alert_mail(ana.card(one), one, lead=lead, sender=SENDER, links=LINKS), THURSDAY
        )
        for lead, one in (("ana", ana.alerts[0]), ("ana", ana.alerts[-1]), ("ben", ana.alerts[0]))
    ]
    first, second, other = (one["References"] for one in mails)
    assert first == second == mails[0]["In-Reply-To"] != other
    assert mails[0]["Message-ID"] != mails[1]["Message-ID"]
    local, _, domain = str(mails[0]["Reply-To"]).partition("@")
    assert domain == "in.acme.example"
    named = LINKS.read("reply", local.removeprefix("reply+"))
    assert named is not None
    assert named.mail in str(mails[0]["Message-ID"])
    for part in mails[0].iter_parts():
        assert ANSWER in part.get_content()


def test_a_reminder_shows_the_office_time_that_is_left() -> None:
    ana = ana_asks_for_a_demo()
    ana.at_hour(16.5)
    reminder = ana.latest_alert("reminded")
    assert reminder.at == THURSDAY.replace(hour=16)
    assert ana.card(reminder).deadline == "Accept by Thu 18:00 EST, in 2 h of office time"


def test_a_breach_alerts_the_manager_the_new_owner_and_the_old_one() -> None:
    ana = ana_asks_for_a_demo()
    ana.at_hour(18.5)
    assert card_reasons(ana, RILEY) == ["assigned", "reminded", "reminded", "reassigned"]
    assert card_reasons(ana, MORGAN) == ["breached"]
    assert card_reasons(ana, SAM) == ["assigned"]
    gone = ana.card(ana.latest_alert("reassigned"))
    assert gone.sentence == f"The lead is {SAM}'s now; there is nothing left to do."
    assert gone.actions == ()


def test_the_owner_gets_an_alert_when_the_lead_goes_back_to_marketing() -> None:
    ana = ana_asks_for_a_demo()
    ana.at_hour(23, days=1)
    assert ana.states["ana"].stage == "recycled"
    returned = ana.latest_alert("returned")
    assert (returned.to, returned.handoff) == (SAM, 1)
    card = ana.card(returned)
    assert card.sentence == "The lead went back to marketing: nobody worked it in time."
    assert (card.deadline, card.actions) == (None, ())


def test_a_reassignment_alerts_the_old_owner_and_not_the_manager_who_did_it() -> None:
    ana = ana_asks_for_a_demo()
    ana.act("reassign", MORGAN, to=SAM)
    assert card_reasons(ana, RILEY)[-1] == "reassigned"
    ana.act("accept", MORGAN)
    ana.act("reassign", MORGAN, to=RILEY)
    assert card_reasons(ana, MORGAN) == []


def test_a_second_hand_raise_alerts_the_owner() -> None:
    ana = ana_asks_for_a_demo()
    ana.act("accept", RILEY)
    ana.event("form.submitted", "demo")
    raised = ana.latest_alert("hand_raise")
    assert raised.to == RILEY
    assert ana.card(raised).actions == ("touch", "qualify", "recycle")


@pytest.mark.parametrize(
    ("event", "data", "why", "title"),
    [
        ("email.unsubscribed", {}, "unsubscribed", "Your lead has unsubscribed: "),
        ("email.bounced", {"kind": "hard"}, "bounced", "Mail to your lead bounces: "),
        ("email.complained", {}, "complained", "Your lead has complained about mail: "),
    ],
)
def test_a_suppression_in_a_handoff_alerts_the_owner_in_words(
    event: str, data: dict[str, str], why: str, title: str
) -> None:
    ana = ana_asks_for_a_demo()
    ana.event(event, **data)
    alert = ana.latest_alert(why)
    card = ana.card(alert)
    assert alert.to == RILEY
    assert card.title.startswith(title)
    assert card.sentence == f"The lead gets no marketing mail any more ({why})."


def test_an_alert_about_a_returning_lead_says_why_it_left() -> None:
    ana = ana_asks_for_a_demo()
    ana.act("recycle", RILEY, reason="no_budget")
    ana.event("form.submitted", "demo")
    card = ana.card(ana.latest_alert("assigned"))
    assert card.before == "An earlier handoff ended: no budget"


def test_a_manager_may_reassign_from_the_alert() -> None:
    ana = ana_asks_for_a_demo()
    ana.at_hour(18.5)
    assert ana.card(ana.latest_alert("breached")).actions == ("accept", "reassign")


def test_a_member_with_a_time_zone_reads_the_clock_in_it() -> None:
    ana = ana_asks_for_a_demo()
    alert = ana.latest_alert("assigned")
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
    card = alert_card(ACME, ana.states["ana"], tuple(ana.entries["ana"]), people, alert)
    assert card.deadline == "Accept by Fri 00:00 CET, in 4 h of office time"


def test_each_button_leads_to_its_act_and_the_last_one_to_the_desk() -> None:
    ana = ana_asks_for_a_demo()
    ana.at_hour(18.5)
    command = ana.latest_alert("breached")
    mail = alert_mail(ana.card(command), command, lead="ana", sender=SENDER, links=LINKS)
    urls = [line for line in mail.text.splitlines() if line.startswith(URL)]
    tokens = [LINKS.read("act", url.removeprefix(f"{URL}/a/")) for url in urls[:-1]]
    assert [ACTIONS[one.number] for one in tokens if one] == ["accept", "reassign"]
    assert {one.mail for one in tokens if one} == {mail.message_id.partition("@")[0]}
    assert urls[-1] == f"{URL}/desk/leads/ana"
    assert MORGAN not in "".join(urls)
    assert mail.envelope_from == LINKS.return_path(mail.message_id)


def test_unauthenticated_input_adds_no_header_tag_or_mention_to_an_alert() -> None:
    hostile = "<b>x</b>\r\nBcc: all@acme.example <!channel> & co"
    ana = AlertedLead(company=hostile, title="<script>", first_name="A\x00\u2028B")
    ana.event("form.submitted", "<img src=x>")
    ana.event("form.submitted", "demo")
    command = ana.latest_alert("assigned")
    card = ana.card(command)
    mail = alert_mail(card, command, lead="ana", sender=SENDER, links=LINKS)
    read = message_from_bytes(build_message(mail, THURSDAY).as_bytes(), policy=policy.SMTP)
    assert read.defects == []
    assert read["Bcc"] is None
    assert "\n" not in read["Subject"]
    for tag in ("<b>", "<script>", "<img", "<!channel>"):
        assert tag not in mail.html
        assert tag not in str(chat_message(card, URL))


@pytest.mark.parametrize("name", ["https://evil.example/x", "www.evil.example", "evil.example"])
def test_a_name_in_an_alert_is_no_link_turns_nothing_around_and_is_cut(name: str) -> None:
    ana = AlertedLead(first_name=f"\u202e{name}", last_name="x" * 500, company=name, title=name)
    ana.event("form.submitted", "demo")
    command = ana.latest_alert("assigned")
    card = ana.card(command)
    mail = alert_mail(card, command, lead="ana", sender=SENDER, links=LINKS)
    for said in (mail.subject, mail.text, mail.html, str(chat_message(card, URL))):
        assert not re.search(r"https?://\S*evil|www\.evil|\bevil\.example", said)
        assert "evil" in said
        assert "\u202e" not in said
        assert "x" * 200 not in said


def test_a_chat_message_has_no_button_that_acts() -> None:
    ana = ana_asks_for_a_demo()
    message = chat_message(ana.card(ana.latest_alert("assigned")), URL)
    assert message["text"] == "A lead for you: Northwind"
    (button,) = message["blocks"][-1]["elements"]
    assert button["url"] == f"{URL}/desk/leads/ana"
    assert "/a/" not in str(message)
    assert "in 4 h of office time" in str(message)


def test_without_a_public_url_there_is_no_link() -> None:
    ana = ana_asks_for_a_demo()
    command = ana.latest_alert("assigned")
    card = ana.card(command)
    assert "http" not in alert_mail(card, command, lead="ana", sender=SENDER, links=None).html
    assert len(chat_message(card, "")["blocks"]) == 2


@pytest.mark.parametrize("lead", ["a/b", "a b?c#d", "../../x"])
def test_a_leads_id_stays_one_part_of_the_desks_path(lead: str) -> None:
    ana = ana_asks_for_a_demo()
    state = ana.states["ana"].changed(lead=lead)
    card = alert_card(ACME, state, (), PEOPLE, ana.latest_alert("assigned"))
    path = card.desk.removeprefix("/desk/leads/")
    assert not set(path) & set("/?# ")
