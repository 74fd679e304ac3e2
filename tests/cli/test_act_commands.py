"""Enrolling, sending events, acting and reading, on the running stack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lifecycle.stable_hash import lead_id
from tests.cli.conftest import Leadflow, until

Seen = Callable[..., Any]
MORGAN = "morgan@acme.example"
"""The manager of the teams sdr and ae."""


def enrol_and_hand_over(leadflow: Leadflow, name: str) -> str:
    """A lead in stage mql with an owner; its address."""
    address = f"{name}@acts.example"
    options = ("--employees", "900", "--title", "VP Sales", "--country", "US")
    ran = leadflow("enrol", "--email", address, "--first-name", name, *options, "--program", "acme")
    assert ran.status == 0
    assert leadflow("event", lead_id(address), "form.submitted", "demo").status == 0
    return address


def owned(lead: dict[str, Any]) -> bool:
    return lead["owner"] is not None


def test_a_lead_is_enrolled_once(leadflow: Leadflow, seen: Seen) -> None:
    enrol = [
        *("enrol", "--email", "Ola@acts.example", "--field", "budget=5000", "--consent"),
        *("--timezone", "Europe/Oslo", "--program", "acme", "--json"),
    ]
    lead = lead_id("ola@acts.example")
    assert leadflow(*enrol).json == {
        "lead": lead,
        "program": "acme",
        "started": True,
        "moved": False,
    }
    assert leadflow(*enrol).json == {
        "lead": lead,
        "program": "acme",
        "started": False,
        "moved": False,
    }
    shown = seen("ola@acts.example")
    assert shown["profile"] == {
        "email": "Ola@acts.example",
        "budget": 5000,
        "consent": True,
        "timezone": "Europe/Oslo",
    }
    assert [line["kind"] for line in shown["timeline"]].count("created") == 1


def test_two_leads_that_are_one_person_are_merged(leadflow: Leadflow, seen: Seen) -> None:
    keep, other = (f"{name}@merged.example" for name in ("mia", "m.ia"))
    for address in (keep, other):
        enrolled = leadflow("enrol", "--email", address, "--program", "acme")
        assert enrolled.status == 0
    merge = ("merge", keep, other, "--by", MORGAN)
    done = leadflow(*merge, "--json")
    assert done.status == 0, done.err
    assert done.json == {
        "ok": True,
        "lead": lead_id(keep),
        "merged": lead_id(other),
        "before": False,
        "stage": "known",
        "owner": None,
    }
    again = leadflow(*merge)
    assert (again.status, "already" in again.out) == (0, True)
    shown = seen(other)
    assert shown["profile"]["email"] == keep
    assert [line["kind"] for line in shown["timeline"]].count("merged") == 1
    assert f"{lead_id(other)}" not in leadflow("leads", "--program", "acme").out
    refused = leadflow("merge", keep, lead_id(keep))
    assert (refused.status, "Name two leads" in refused.err) == (1, True)
    assert leadflow("merge", "nobody", keep).status == 2


def test_a_lead_is_worked_from_hand_raise_to_customer(leadflow: Leadflow, seen: Seen) -> None:
    ana = enrol_and_hand_over(leadflow, "ana")
    riley = seen(ana, owned)["owner"]
    accepted = leadflow("accept", ana, "--by", riley, "--json")
    assert accepted.status == 0
    assert accepted.json == {
        "ok": True,
        "lead": lead_id(ana),
        "act": "accept",
        "stage": "sal",
        "owner": riley,
    }
    by = ("--by", riley)
    assert leadflow("touch", ana, *by, "--channel", "call", "--note", "keen").status == 0
    assert leadflow("hold", ana, *by, "--until", "2099-01-01T00:00:00Z", "--why", "x").status == 1
    assert leadflow("note", ana, *by, "--note", "likes it").status == 0
    qualified = leadflow("qualify", ana, *by)
    assert "stage sql" in qualified.out
    alex = seen(ana, lambda lead: lead["owner"] == "alex@acme.example")["owner"]
    assert leadflow("accept", ana, "--by", alex).status == 0
    deal = ("--amount", "24000", "--currency", "USD")
    assert leadflow("open-opportunity", ana, "--by", alex, *deal).status == 0
    won = leadflow("win", ana, "--by", alex, "--json")
    assert won.json["stage"] == "customer"
    timeline = seen(ana)["timeline"]
    touched = next(line for line in timeline if line["kind"] == "touched")
    assert (touched["channel"], touched["n"]) == ("call", 1)
    assert [line["kind"] for line in timeline].count("refused") == 1
    left = leadflow("churn", ana, "--by", alex, "--reason", "not_now")
    assert "stage recycled, owned by nobody" in left.out, left.err
    assert {"won", "opportunity", "noted"} <= {line["kind"] for line in timeline}


def test_a_refusal_is_the_rules_sentence_and_changes_nothing(
    leadflow: Leadflow, seen: Seen
) -> None:
    ben = enrol_and_hand_over(leadflow, "ben")
    owner = seen(ben, owned)["owner"]
    refused = leadflow("accept", ben, "--by", "stranger@acme.example")
    assert refused.status == 1
    assert "Accept is for the owner or the team's manager" in refused.err
    refused = leadflow("qualify", ben, "--by", owner, "--json")
    assert refused.status == 1
    assert "Qualify" in refused.json["error"]
    assert leadflow("lose", ben, "--by", owner, "--reason", "price").status == 1
    assert leadflow("done", ben, "--by", owner, "--task", "task-9").status == 1
    assert leadflow("resume", ben, "--by", owner).status == 1
    no_such = leadflow("disqualify", ben, "--by", owner, "--reason", "no_idea")
    assert "no_fit" in no_such.err
    assert seen(ben)["stage"] == "mql"


def test_a_lead_is_reassigned_held_and_recycled(leadflow: Leadflow, seen: Seen) -> None:
    eve = enrol_and_hand_over(leadflow, "eve")
    owner = seen(eve, owned)["owner"]
    other = next(one for one in ("riley@acme.example", "sam@acme.example") if one != owner)
    assert leadflow("reassign", eve, "--by", MORGAN, "--to", other).status == 0
    assert seen(eve)["owner"] == other
    soon = seen(eve)["due"]["at"].replace("Z", "+00:00")
    held = leadflow("hold", eve, "--by", other, "--until", soon, "--why", "asked for time")
    assert held.status == 0, held.err
    assert seen(eve)["due"]["what"] == "hold ends"
    assert leadflow("resume", eve, "--by", other).status == 0
    back = leadflow("recycle", eve, "--by", other, "--reason", "not_now")
    assert "stage recycled, owned by nobody" in back.out


def test_an_act_asked_again_with_its_id_has_one_effect(leadflow: Leadflow, seen: Seen) -> None:
    kim = enrol_and_hand_over(leadflow, "kim")
    owner = seen(kim, owned)["owner"]
    for _ in range(2):
        assert leadflow("touch", kim, "--by", owner, "--id", "call-1").status == 0
    assert [line["kind"] for line in seen(kim)["timeline"]].count("touched") == 1


def test_an_environment_variable_may_name_the_person_who_acts(
    leadflow: Leadflow, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    lea = enrol_and_hand_over(leadflow, "lea")
    monkeypatch.setenv("LEADFLOW_BY", seen(lea, owned)["owner"])
    assert leadflow("accept", lea).status == 0


def test_a_closed_lead_says_what_would_be_allowed(leadflow: Leadflow, seen: Seen) -> None:
    max_ = enrol_and_hand_over(leadflow, "max")
    owner = seen(max_, owned)["owner"]
    gone = leadflow("disqualify", max_, "--by", owner, "--reason", "bad_data")
    assert gone.status == 0
    assert seen(max_)["closed"]
    refused = leadflow("qualify", max_, "--by", owner)
    assert (refused.status, "disqualified" in refused.err) == (1, True)
    assert leadflow("event", max_, "page.viewed", "/pricing").status == 0
    seen(max_, lambda lead: any(line.get("subject") == "/pricing" for line in lead["timeline"]))


def test_an_event_carries_its_data_its_time_and_its_id(leadflow: Leadflow, seen: Seen) -> None:
    address = "tia@acts.example"
    leadflow("enrol", "--email", address, "--id", "tia", "--program", "acme")
    seen(address)
    sent = leadflow(
        *("event", address, "profile.updated", "--data", "employees:=250", "--id", "e-1"),
        *("--data", "company=Northwind", "--at", "2026-01-05T10:00:00+01:00", "--json"),
    )
    assert sent.json == {"lead": "tia", "event": "e-1"}
    shown = seen("tia", lambda lead: lead["profile"].get("employees") == 250)
    assert shown["profile"]["company"] == "Northwind"
    leadflow("event", "tia", "email.opened", "welcome", "--machine")
    seen("tia", lambda lead: any(line.get("why") == "machine" for line in lead["timeline"]))


def test_lists_show_what_is_asked_for(leadflow: Leadflow, seen: Seen) -> None:
    zoe = enrol_and_hand_over(leadflow, "zoe")
    shown = seen(zoe, owned)
    mql = leadflow("leads", "--stage", "mql", "--owner", shown["owner"], "--json").lines
    assert lead_id(zoe) in [line["lead"] for line in mql]
    assert {line["stage"] for line in mql} == {"mql"}
    due = leadflow("leads", "--due-before", "2000-01-01T00:00:00Z", "--json")
    assert (due.status, due.out) == (0, "")
    one = leadflow("leads", "--limit", "1", "--program", "acme")
    assert len(one.out.splitlines()) == 2
    assert "only the first 1 are shown" in one.err
    assert "no such lead" in leadflow("leads", "--stage", "lost").out


def test_a_dossier_is_printed_for_people_too(leadflow: Leadflow, seen: Seen) -> None:
    pia = enrol_and_hand_over(leadflow, "pia")
    owner = seen(pia, owned)["owner"]
    text = until(lambda: leadflow("show", pia)).out
    for words in (pia, "mql", owner, "accept reminder", "why=hand_raise", "team sdr"):
        assert words in text


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("accept", "nobody", "--by", "r@acme.example"), "there is no lead 'nobody'"),
        (("accept", "no@body.example", "--by", "r@acme.example"), "there is no lead"),
        (("event", "nobody", "page.viewed"), "there is no lead 'nobody'"),
        (("show", "nobody"), "there is no lead 'nobody'"),
        (("event", "x", "nonsense"), "page.viewed"),
        (("event", "x", "page.viewed", "--at", "2026-01-01T10:00:00"), "has no time zone"),
        (("event", "x", "page.viewed", "--data", "novalue"), "NAME=VALUE"),
        (("event", "x", "page.viewed", "--data", "n:=nope"), "is not JSON"),
        (("hold", "x", "--by", "r@a.b", "--why", "y", "--until", "2026-01-01"), "time zone"),
        (("accept", "x"), "--by"),
        (("open-opportunity", "x", "--by", "r@a.b", "--amount", "nan", "--currency", "USD"), "am"),
        (("leads", "--stage", "mgl"), "did you mean 'mql'?"),
        (("leads", "--program", "acne"), "did you mean 'acme'?"),
        (("leads", "--due-before", "tomorrow"), "is not an instant"),
        (("enrol", "--email", "nope", "--program", "acme"), "not an address"),
        (("enrol", "--email", "a@b.example", "--field", "x", "--program", "acme"), "NAME=VALUE"),
        (("enrol", "--email", "a@b.example", "--field", "x=1", "--program", "acme"), "'x' is not"),
        (("enrol", "--email", "a@b.example", "--field", "email=b", "--program", "acme"), "twice"),
        (("enrol", "--email", "a@b.example", "--program", "gone.yaml"), "gone.yaml"),
    ],
)
def test_wrong_input_is_refused_with_what_would_be_right(
    leadflow: Leadflow, arguments: tuple[str, ...], expected: str
) -> None:
    ran = leadflow(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert expected in ran.err
