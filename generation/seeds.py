"""Seeds of pictures: one a job, and from it one for each position of its grid."""

LARGEST_SEED = 2**32 - 1
"""Seeds are 0 … 2³² − 1: torch's generator on the CPU reads the low 32 bits and no more, so that
larger seeds would only be other names for the same pictures. They fit a signed 64-bit column and
are exact as JavaScript numbers."""

NINE = 9
"""Pictures of a usual grid."""

_GOLDEN = 0x9E3779B97F4A7C15
_WORD = 2**64 - 1


def seed_at(seed: int, position: int) -> int:
    """Returns the seed of the picture at a position of the grid.

    Position 0 draws with the job's own seed, so that `seed_at(x, 0) == x`. The others draw with
    the high half of the position-th output of SplitMix64 seeded with the job's seed
    (Steele, Lea, Flood 2014, “Fast splittable pseudorandom number generators”), moved by less than
    nine: nine that follow each other have nine different remainders, by which `unsaid.py` shares
    out what a prompt leaves open.

    Raises:
        ValueError: the seed is outside 0 … LARGEST_SEED, or the position is negative.
    """
    if not 0 <= seed <= LARGEST_SEED:
        raise ValueError(f"a seed is a number from 0 to {LARGEST_SEED}, not {seed}")
    if position < 0:
        raise ValueError(f"a position is 0 or more, not {position}")
    if position == 0:
        return seed
    mixed = _splitmix64(seed + position * _GOLDEN) >> 32
    return mixed // NINE % (LARGEST_SEED // NINE) * NINE + (seed + position) % NINE


def _splitmix64(state: int) -> int:
    mixed = state & _WORD
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & _WORD
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & _WORD
    return mixed ^ mixed >> 31
