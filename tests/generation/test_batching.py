"""Which jobs share a call, as pure functions."""

from hypothesis import given
from hypothesis import strategies as st

from generation.batching import Candidate, batch_key, fill


def candidates(*images: int) -> list[Candidate[int]]:
    return [Candidate(name, count) for name, count in enumerate(images)]


waiting = st.lists(st.integers(1, 10), max_size=20).map(lambda images: candidates(*images))


def test_jobs_join_until_the_room_is_full() -> None:
    assert fill(9, candidates(4, 3, 2, 1)) == [0, 1, 2]


def test_nobody_joins_past_one_that_is_too_large() -> None:
    assert fill(5, candidates(1, 9, 4)) == [0]


def test_a_full_batch_takes_nobody() -> None:
    assert fill(0, candidates(1, 1)) == []
    assert fill(-1, candidates(1)) == []


@given(st.integers(-2, 30), waiting)
def test_a_fill_is_the_longest_row_of_the_first_that_has_room(
    room: int, row: list[Candidate[int]]
) -> None:
    taken = fill(room, row)
    assert taken == [candidate.name for candidate in row[: len(taken)]]
    joined = sum(candidate.images for candidate in row[: len(taken)])
    assert joined <= max(0, room)
    if len(taken) < len(row):
        assert joined + row[len(taken)].images > room


@given(st.integers(0, 30), waiting)
def test_a_fill_looks_no_further_than_it_must(room: int, row: list[Candidate[int]]) -> None:
    unseen = iter(row)
    taken = fill(room, unseen)
    assert len(list(unseen)) == max(0, len(row) - len(taken) - 1)


def test_jobs_share_a_key_when_all_that_the_pipeline_takes_as_a_scalar_is_the_same() -> None:
    key = batch_key(512, 512, 8, 3.0)
    assert key == batch_key(512, 512, 8, 3)
    others = [(256, 512, 8, 3.0), (512, 256, 8, 3.0), (512, 512, 4, 3.0), (512, 512, 8, 3.5)]
    assert len({key, *(batch_key(*other) for other in others)}) == 5
