"""One person is one lead: whatever comes, in whatever order, at several doors at once."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.files.program import read_program
from adapters.sql.database import Database, open_database
from adapters.sql.intake import SqlIntake
from adapters.sql.journal import SqlJournal
from adapters.sql.lead_names import AddressTakenError
from adapters.sql.programs import SqlPrograms
from lifecycle.program.new_lead import read_new_lead
from lifecycle.stable_hash import lead_id
from tests.journal.turns import FENCE, NOW, read_rows, turn
from usecases.enrolling import name_leads
from usecases.intake import (
    Intake,
    ItemOutcome,
    accept_events,
    accept_leads,
    known_lead,
)
from usecases.naming import Named, lead_meant

ACME = read_program(Path(__file__).parents[2] / "programs" / "acme.yaml")
PROGRAM = ACME.model_copy(update={"intake": ACME.intake.model_copy(update={"create": True})})


@pytest.fixture
def intake(database: Database) -> Intake:
    return gateway(database)


def gateway(database: Database) -> Intake:
    programs = SqlPrograms(database)
    if not programs.names():
        programs.publish(PROGRAM)
    return Intake(items=SqlIntake(database), programs=programs, now=NOW)


# -- doors: each says whom it took an item for ---------------------------------


@dataclass(frozen=True)
class Item:
    """What a door is given: somebody's address, in some spelling, and perhaps one of their ids."""

    person: int
    address: str
    given: str = ""


Door = Callable[[Intake, Sequence[Item]], list[str]]


def _leads_of(outcomes: Sequence[ItemOutcome]) -> list[str]:
    assert all(one.status != "rejected" for one in outcomes), outcomes
    return [str(one.lead) for one in outcomes]


def by_leads(intake: Intake, items: Sequence[Item]) -> list[str]:
    raw = [{"email": x.address, **({"id": x.given} if x.given else {})} for x in items]
    return _leads_of(accept_leads(intake, raw))


def by_events(intake: Intake, items: Sequence[Item]) -> list[str]:
    events = [
        {
            "type": "page.viewed",
            "email": x.address,
            **({"lead": x.given} if x.given else {}),
        }
        for x in items
    ]
    return _leads_of(accept_events(intake, events))


def by_launch(intake: Intake, items: Sequence[Item]) -> list[str]:
    new = [
        read_new_lead({"email": x.address, **({"id": x.given} if x.given else {})}, PROGRAM)
        for x in items
    ]
    found = []
    for one in name_leads(intake.items, new):
        assert isinstance(one, Named), one
        found.append(one.lead)
    return found


def by_crm(intake: Intake, items: Sequence[Item]) -> list[str]:
    """The CRM creates nobody, so it comes for people whom another door has named."""
    by_launch(intake, items)
    return [str(known_lead(intake, x.address, x.given)) for x in items]


DOORS: list[Door] = [by_leads, by_events, by_launch, by_crm]
_NUMBERS = count(1)
SPELLINGS = (
    "p{}@bücher.example",
    "P{}@xn--bcher-kva.example",
    " p{}@BÜCHER.example ",
)


def same_partition(found: Sequence[tuple[int, str]]) -> None:
    """Each person has one lead, and each lead is one person's."""
    pairs = set(found)
    assert len({person for person, _ in pairs}) == len(pairs), sorted(pairs)
    assert len({lead for _, lead in pairs}) == len(pairs), sorted(pairs)


# -- any order -----------------------------------------------------------------


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    deliveries=st.lists(
        st.tuples(
            st.sampled_from(DOORS),
            st.lists(
                st.tuples(st.integers(0, 2), st.sampled_from(SPELLINGS), st.integers(0, 2)),
                min_size=1,
                max_size=4,
            ),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_any_order_of_ids_and_addresses_at_any_doors_gives_the_same_people(
    intake: Intake, deliveries: list[tuple[Door, list[tuple[int, str, int]]]]
) -> None:
    number = next(_NUMBERS)
    found = []
    for door, given_items in deliveries:
        items = [
            Item(
                who,
                spelling.format(f"{number}-{who}"),
                f"crm-{number}-{who}-{which}" if which else "",
            )
            for who, spelling, which in given_items
        ]
        found += [(one.person, lead) for one, lead in zip(items, door(intake, items), strict=True)]
        # Each name that came is known from now on, alone.
        for one, lead in zip(items, door(intake, items), strict=True):
            found.append((one.person, lead))
            found.append((one.person, lead_meant(intake.items.database, one.address.strip())))
            if one.given:
                found.append((one.person, lead_meant(intake.items.database, one.given)))
    same_partition(found)


# -- at once -------------------------------------------------------------------


def test_two_gateways_and_a_launch_at_once_make_one_lead_of_each_person(
    url: str, intake: Intake
) -> None:
    chance = random.Random(20)  # noqa: S311 - no secret
    people = range(12)
    made: list[list[Item]] = []
    for _ in range(9):
        items = [
            Item(
                who,
                chance.choice(SPELLINGS).format(who),
                chance.choice(["", f"a-{who}", f"b-{who}"]),
            )
            for who in people
        ]
        chance.shuffle(items)
        made.append(items)
    opened = [open_database(url) for _ in range(3)]
    doors: list[Door] = [by_leads, by_events, by_launch]

    def deliver(place: int) -> list[tuple[int, str]]:
        mine = gateway(opened[place])
        return [
            (one.person, lead)
            for items in made[place::3]
            for some in (items[:6], items[6:])
            for one, lead in zip(some, doors[place](mine, some), strict=True)
        ]

    with ThreadPoolExecutor(3) as threads:
        found = [one for each in threads.map(deliver, range(3)) for one in each]
    for one in opened:
        one.close()
    same_partition(found)
    owners = read_rows(intake.items.database, "SELECT address, lead FROM lead_addresses")
    assert len(owners) == len(people)
    created = read_rows(
        intake.items.database, "SELECT DISTINCT lead FROM intake WHERE kind = 'lead'"
    )
    assert {one["lead"] for one in created} <= {one["lead"] for one in owners}


# -- turns ---------------------------------------------------------------------


def test_a_turn_that_comes_too_late_for_an_address_is_not_stored(
    database: Database, journal: SqlJournal
) -> None:
    journal.record(turn(1, "created"), FENCE, NOW)
    journal.record(turn(1, "created", lead="bo"), FENCE, NOW)
    moved = turn(
        2, ("profile", {"changed": ["email"]}), before=1, lead="bo",
        profile={"email": "ana@northwind.example"},
    )  # fmt: skip
    assert journal.others("bo", ["ana@northwind.example"]) == {"ana@northwind.example": "ana"}
    with pytest.raises(AddressTakenError):
        journal.record(moved, FENCE, NOW)
    found = journal.state("bo")
    assert found is not None
    assert found.profile["email"] == "bo@northwind.example"
    assert len(read_rows(database, "SELECT seq FROM entries WHERE lead = 'bo'")) == 1


def test_an_address_that_a_lead_has_left_is_free_for_a_new_lead(
    database: Database, journal: SqlJournal, intake: Intake
) -> None:
    derived = lead_id("ana@northwind.example")
    old, new = "ana@northwind.example", "ana@new.example"
    assert by_leads(intake, [Item(0, old)]) == [derived]
    journal.record(turn(1, "created", lead=derived, profile={"email": old}), FENCE, NOW)
    assert by_leads(intake, [Item(0, new, derived)]) == [derived]
    assert lead_meant(database, old) == lead_meant(database, new) == derived  # on its way
    moved = turn(
        2, ("profile", {"changed": ["email"]}), before=1, lead=derived, profile={"email": new}
    )
    journal.record(moved, FENCE, NOW, addresses=[new])
    # The id that is made from the address is the other lead's.
    assert by_leads(intake, [Item(1, old)]) == [f"{derived}-2"]
    assert lead_meant(database, new) == derived


def test_a_new_address_that_the_rules_did_not_take_is_free_again(
    database: Database, journal: SqlJournal, intake: Intake
) -> None:
    assert by_leads(intake, [Item(0, "ana@northwind.example", "ana")]) == ["ana"]
    journal.record(turn(1, "created"), FENCE, NOW)
    for address in ("ana@one.example", "ana@two.example"):
        assert by_leads(intake, [Item(0, address, "ana")]) == ["ana"]
    moved = turn(
        2, ("profile", {"changed": ["email"]}), before=1, profile={"email": "ana@two.example"}
    )
    journal.record(moved, FENCE, NOW, addresses=["ana@one.example", "ana@two.example"])
    assert read_rows(database, "SELECT address, lead FROM lead_addresses") == [
        {"address": "ana@two.example", "lead": "ana"}
    ]
