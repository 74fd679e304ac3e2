"""Long work is done in a process of its own, which is begun anew if it ends."""

from __future__ import annotations

import os

import pytest

from usecases.background import InterruptedWorkError, OwnProcess


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


async def test_work_that_gives_way_has_a_process_for_each_piece_with_a_lower_priority() -> None:
    work = OwnProcess(stays=False, gives_way=True)
    try:
        assert await work.call(os.nice, 0) == os.nice(0) + 10
        assert await work.call(os.getpid) != await work.call(os.getpid)
    finally:
        work.close()
