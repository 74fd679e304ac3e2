"""Long work is done in a process of its own, which is begun anew if it ends."""

from __future__ import annotations

import os

import pytest

from usecases.background import InterruptedWorkError, OwnProcess
from usecases.reporting import UnknownNameError


async def test_answers_and_errors_come_back_and_a_process_that_ends_is_replaced() -> None:
    work = OwnProcess()
    try:
        first = await work.call(os.getpid)
        assert first not in (os.getpid(), 0)
        assert await work.call(os.getpid) == first
        with pytest.raises(ValueError, match="invalid literal"):
            await work.call(int, "x")
        with pytest.raises(InterruptedWorkError):
            await work.call(os._exit, 1)
        assert await work.call(os.getpid) != first
    finally:
        work.close()


class _UnsendableError(Exception):
    def __init__(self, one: str, other: str) -> None:
        super().__init__(f"{one} and {other}")


def _fail() -> None:
    raise _UnsendableError("this", "that")


def _refuse() -> None:
    raise UnknownNameError("since", "spring is no day")


async def test_an_error_comes_back_also_if_its_class_cannot_be_made_anew() -> None:
    work = OwnProcess()
    try:
        with pytest.raises(RuntimeError, match="_UnsendableError: this and that"):
            await work.call(_fail)
        with pytest.raises(UnknownNameError, match=r"^spring is no day$") as refused:
            await work.call(_refuse)
        assert refused.value.field == "since"
    finally:
        work.close()


async def test_work_that_gives_way_has_a_process_for_each_piece_with_a_lower_priority() -> None:
    work = OwnProcess(stays=False, gives_way=True)
    try:
        assert await work.call(os.nice, 0) == os.nice(0) + 10
        assert await work.call(os.getpid) != await work.call(os.getpid)
    finally:
        work.close()
