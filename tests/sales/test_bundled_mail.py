"""A mail with several alerts: who is in it, the buttons of each, and where an answer goes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from email import message_from_bytes, policy
from urllib.parse import quote

from activities.alert_pace import MOST, alert_id, mail_key
from activities.ports import AlertNotice, Rendered
from adapters.mail.alert_bundle import alerts_in
from adapters.mail.links import SignedLinks
from adapters.mail.message import build_message
from adapters.mail.render import MailRenderer
from models.decision import Alert
from models.state import LeadState
from tests.sales.alerted_lead import ACME, PEOPLE, THURSDAY, AlertedLead, ana_asks_for_a_demo

LINKS = SignedLinks(
    public_url="https://go.acme.example", mail_domain="in.acme.example", secret="s" * 40
)
HOSTILE = "<script>alert(1)</script>"


def notice(ana: AlertedLead, why: str, lead: str = "ana", **profile: str) -> AlertNotice:
    """An alert about a lead like Ana, under another id."""
    state: LeadState = ana.states["ana"]
    command = ana.latest_alert("assigned")
    command = replace(command, key=f"{lead}/alert/{why}", why=why)
    state = state.changed(lead=lead, profile={**state.profile, **profile})
    return MailRenderer(LINKS).alert(ACME, state, PEOPLE, tuple(ana.entries["ana"]), command)


def together(notices: Sequence[AlertNotice]) -> Rendered:
    keys = [one.mail.headers["X-Leadflow-Key"] for one in notices]
    return MailRenderer(LINKS).alerts(notices, mail_key(keys))


def test_each_person_has_the_reason_a_link_and_the_buttons_of_their_own_alert() -> None:
    ana = ana_asks_for_a_demo()
    mail = together(
        [
            notice(ana, "breached", "bo/1", first_name="Bo", last_name=HOSTILE),
            notice(ana, "assigned"),
        ]
    )
    assert mail.subject == f"2 alerts. A deadline has passed: Bo {HOSTILE}, Northwind"
    read = message_from_bytes(build_message(mail, THURSDAY).as_bytes(), policy=policy.SMTP)
    [(lead, why, bo), (other, other_why, of_ana)] = alerts_in(read)
    assert (lead, why, other, other_why) == ("bo/1", "breached", "ana", "assigned")
    for text, key in ((bo, "bo/1/alert/breached"), (of_ana, "ana/alert/assigned")):
        assert LINKS.action(f"{alert_id(key)}@acme.example", 0) in text
        assert LINKS.action(f"{alert_id(key)}@acme.example", 0) in mail.html
        assert "Accept by Thu 18:00 EST" in text
        assert "asked for sales: sent the form demo" in text
    assert f"https://go.acme.example/desk/leads/{quote('bo/1', safe='')}" in bo
    assert f"Bo {HOSTILE}" in bo
    assert "<script" not in mail.html
    assert mail.html.count('class="a"') == 2


def test_a_note_goes_to_its_lead_and_an_answer_to_the_whole_mail_to_none_of_them() -> None:
    ana = ana_asks_for_a_demo()
    two = [notice(ana, "breached", "bo"), notice(ana, "assigned")]
    mail = together(two)
    for key in ("bo/alert/breached", "ana/alert/assigned"):
        assert f"mailto:{LINKS.reply_to(f'{alert_id(key)}@acme.example')}?subject=" in mail.text
    assert mail.headers["Reply-To"] == LINKS.reply_to(mail.message_id)
    assert mail.envelope_from == LINKS.return_path(mail.message_id)
    assert "References" not in mail.headers  # it belongs to the thread of no lead
    of_one_lead = together([notice(ana, "breached"), notice(ana, "assigned")])
    alone = notice(ana, "breached").mail
    for name in ("Reply-To", "References", "In-Reply-To"):
        assert of_one_lead.headers[name] == alone.headers[name]


def test_the_key_of_a_mail_is_made_of_the_alerts_in_it() -> None:
    assert mail_key(["a"]) == "a"
    assert mail_key(["a", "b"]) == mail_key(["b", "a"]) != mail_key(["a", "c"])


def test_the_longest_mail_is_not_cut_off() -> None:
    ana = AlertedLead(
        first_name="Ana" * 20, last_name="Silva" * 12, company="Northwind " * 6, title="VP " * 20
    )
    ana.event("page.viewed", "/pricing/" + "x" * 60)
    ana.event("form.submitted", "demo")
    mail = together([notice(ana, "assigned", f"lead-{number:016}") for number in range(MOST)])
    assert len(mail.html.encode()) < 102_000
    assert len(re.findall(r"/a/[0-9a-f]+-0-", mail.html)) == MOST


def test_without_a_mail_domain_and_a_public_url_there_are_no_links() -> None:
    ana = ana_asks_for_a_demo()
    command: Alert = ana.latest_alert("assigned")
    renderer = MailRenderer()
    notices = [
        renderer.alert(
            ACME, ana.states["ana"], PEOPLE, tuple(ana.entries["ana"]), replace(command, key=key)
        )
        for key in ("a", "b")
    ]
    mail = renderer.alerts(notices, "k")
    assert "http" not in mail.text
    assert "mailto:" not in mail.text
    assert mail.envelope_from is None
