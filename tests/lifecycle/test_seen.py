from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from workflows.seen_events import KEPT_AT_LEAST, KEPT_AT_MOST, Seen

START = datetime(2026, 3, 2, tzinfo=UTC)


def test_an_id_is_new_only_once() -> None:
    seen = Seen()
    assert [seen.remember("a", START) for _ in range(3)] == [False, True, True]


def test_all_ids_of_the_last_thirty_days_are_remembered() -> None:
    seen = Seen()
    for number in range(3_000):
        seen.remember(f"e{number}", START + timedelta(minutes=number))
    later = START + timedelta(days=29)
    assert all(seen.remember(f"e{number}", later) for number in range(3_000))


def test_the_newest_thousand_ids_are_remembered_at_any_age() -> None:
    seen = Seen()
    for number in range(KEPT_AT_LEAST):
        seen.remember(f"e{number}", START)
    later = START + timedelta(days=400)
    assert all(seen.remember(f"e{number}", later) for number in range(KEPT_AT_LEAST))
    assert not seen.remember("new", later)
    assert not seen.remember("e0", later)


def test_many_ids_do_not_need_unlimited_space() -> None:
    seen = Seen()
    for number in range(KEPT_AT_MOST + 500):
        seen.remember(f"e{number}", START)
    assert len(seen.dump()) == KEPT_AT_MOST * 16


@given(st.lists(st.text(max_size=20), max_size=50))
def test_dumped_ids_are_remembered_by_the_next_run(ids: list[str]) -> None:
    first = Seen()
    for one in ids:
        first.remember(one, START)
    second = Seen(first.dump())
    assert all(second.remember(one, START) for one in ids)
    assert second.dump() == first.dump()
