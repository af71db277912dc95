"""Real races: every contestant has a thread, or a process, and a connection of its own."""

import multiprocessing
import threading
import traceback
from collections.abc import Callable
from operator import itemgetter
from typing import TypeVar

from django.db import connection, connections

T = TypeVar("T")

AT_THE_LINE = 180.0
"""Seconds in which all must be connected and ready to go."""


def race(contestants: int, run: Callable[[int], T]) -> list[T | Exception]:
    """Lets all go at once and returns what each returned or raised."""
    line = threading.Barrier(contestants)
    outcomes: list[T | Exception] = [RuntimeError("did not run")] * contestants

    def contestant(number: int) -> None:
        try:
            connection.ensure_connection()
            line.wait(timeout=AT_THE_LINE)
            outcomes[number] = run(number)
        except Exception as error:  # noqa: BLE001 - the race's outcome, for the test to judge
            outcomes[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=contestant, args=(n,)) for n in range(contestants)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def race_of_processes(contestants: int, run: Callable[[int], T]) -> list[T]:
    """Lets processes go at once and returns what each returned; one that raises fails the test."""
    forking = multiprocessing.get_context("fork")
    line = forking.Barrier(contestants)
    answers = forking.SimpleQueue()
    # A connection must not be shared by processes: each opens its own.
    connections.close_all()

    def contestant(number: int) -> None:
        try:
            connection.ensure_connection()
            line.wait(timeout=AT_THE_LINE)
            answers.put((number, run(number), ""))
        except Exception:  # noqa: BLE001 - told to the test, which fails with it
            answers.put((number, None, traceback.format_exc()))

    processes = [forking.Process(target=contestant, args=(n,)) for n in range(contestants)]
    for process in processes:
        process.start()
    outcomes = sorted((answers.get() for _ in processes), key=itemgetter(0))
    for process in processes:
        process.join()
    for _, _, failure in outcomes:
        assert not failure, failure
    return [answer for _, answer, _ in outcomes]
