"""A grid's seeds follow from the job's."""

import pytest
import torch

from generation.seeds import LARGEST_SEED, NINE, seed_at


def test_position_0_draws_with_the_jobs_own_seed() -> None:
    assert [seed_at(seed, 0) for seed in (0, 7, LARGEST_SEED)] == [0, 7, LARGEST_SEED]


def test_other_positions_draw_with_outputs_of_splitmix64_moved_by_less_than_nine() -> None:
    # The generator's well-known first outputs for the seed 1234567.
    outputs = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    seeds = [seed_at(1234567, position) for position in (1, 2, 3)]
    assert [seed // NINE for seed in seeds] == [(output >> 32) // NINE for output in outputs]


@pytest.mark.parametrize("seed", [0, 7, 1234567, LARGEST_SEED - 1, LARGEST_SEED])
def test_nine_pictures_that_follow_each_other_have_nine_different_remainders(seed: int) -> None:
    for first in (0, 1):
        nine = {seed_at(seed, first + position) % NINE for position in range(NINE)}
        assert nine == set(range(NINE))


def test_grids_of_neighbouring_seeds_share_no_picture() -> None:
    seeds = [seed_at(seed, position) for seed in range(1000) for position in range(10)]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed <= LARGEST_SEED for seed in seeds)


def test_a_seed_beyond_the_largest_would_only_rename_a_picture() -> None:
    def noise(seed: int) -> list[float]:
        return torch.randn(4, generator=torch.Generator().manual_seed(seed)).tolist()

    assert noise(LARGEST_SEED + 1 + 7) == noise(7)
    assert noise(LARGEST_SEED) != noise(LARGEST_SEED - 1)


@pytest.mark.parametrize(("seed", "position"), [(-1, 0), (LARGEST_SEED + 1, 0), (0, -1)])
def test_what_is_no_seed_or_position_is_refused(seed: int, position: int) -> None:
    with pytest.raises(ValueError, match=r"a (seed|position) is"):
        seed_at(seed, position)
