"""A device with less memory than the manifest says draws in smaller calls."""

import pytest
from django.db import transaction

from generation.drawing.rooms import Room
from tests.generation.worker.conftest import ask, status_of, wait_for, wait_until_ended

pytestmark = pytest.mark.both_databases


def test_a_grid_larger_than_the_room_is_drawn_in_several_calls(start, painter):
    painter.memory = 4
    start()
    first, second = wait_until_ended(ask(count=9), ask(count=9))
    assert (first.status, second.status) == ("succeeded", "succeeded")
    assert (first.attempts, second.attempts) == (1, 1), "warming has found out"
    assert [len(call) for call in painter.calls] == [4, 4, 1] * 2


def test_memory_that_ends_later_costs_one_attempt_and_the_next_calls_are_smaller(start, painter):
    start()
    wait_until_ended(ask(count=9))
    painter.memory = 4
    with transaction.atomic():  # they come at once: claimed one by one each of them would fit
        jobs = [ask(count=3) for _ in range(3)]
    jobs = wait_until_ended(*jobs)
    assert {job.status for job in jobs} == {"succeeded"}
    assert max(job.attempts for job in jobs) == 2
    [job] = wait_until_ended(ask(count=9))
    assert (job.status, job.attempts) == ("succeeded", 1)
    assert max(len(call) for call in painter.calls[-3:]) == 4


def test_the_last_attempt_draws_one_by_one(start, painter):
    start()
    wait_until_ended(ask(count=1))
    painter.memory = 1
    [job] = wait_until_ended(ask(count=9))
    assert (job.status, job.attempts) == ("succeeded", 3)
    assert [len(call) for call in painter.calls[1:]] == [9, 4, *[1] * 9]


def test_what_does_not_fit_even_alone_fails_with_its_code(start, painter):
    start()
    wait_until_ended(ask(count=1))
    painter.memory = 0
    job = ask(count=2)
    wait_for(lambda: status_of(job) == "failed")
    job.refresh_from_db()
    assert (job.error_code, job.attempts) == ("out_of_memory", 3)


def test_the_room_grows_again_one_picture_after_many_full_calls():
    room = Room(9)
    room.overflows(9)
    assert room.now == 4
    sizes = []
    for _ in range(400):
        sizes.append(room.now)
        room.fits(room.now)
    assert sizes == sorted(sizes)
    assert (sizes.count(4), sizes[-1]) == (room.patience, 9)


def test_a_room_that_grew_too_far_goes_back_to_what_fitted_and_waits_longer():
    room, overflows = Room(9), 0
    for _ in range(1000):
        if room.now > 4:
            room.overflows(room.now)
            overflows += 1
            assert room.now == 4
        else:
            room.fits(room.now)
    assert 3 <= overflows <= 7


def test_small_calls_do_not_make_the_room_grow_nor_an_overflow_shrink_it_to_their_size():
    room = Room(9)
    room.fits(1)
    room.overflows(9)
    assert room.now == 4
    for _ in range(100):
        room.fits(3)
    assert room.now == 4
