"""How many grids a month includes for programs, who pays for more, and up to where."""

import pytest

from accounts.metering import Beyond, Month

FREE = None


@pytest.mark.parametrize(
    ("month", "underway", "limit"),
    [
        (Month(0, 3, 0, FREE), 0, None),
        (Month(2, 3, 0, FREE), 0, None),
        (Month(2, 3, 0, FREE), 1, Beyond.INCLUDED),  # the one under way will be the third
        (Month(3, 3, 0, FREE), 0, Beyond.INCLUDED),
        (Month(0, 0, 0, FREE), 0, Beyond.INCLUDED),
        (Month(3, 3, 0, 2), 0, None),
        (Month(4, 3, 1, 2), 0, None),
        (Month(4, 3, 1, 2), 1, Beyond.CAP),
        (Month(5, 3, 2, 2), 0, Beyond.CAP),
        (Month(2, 3, 0, 2), 2, None),  # one of the two under way is still included
        (Month(2, 3, 0, 2), 3, Beyond.CAP),
        (Month(3, 3, 0, 0), 0, Beyond.CAP),
        (Month(9, 3, 2, 5), 0, None),  # grids drawn before paying began are not paid for
    ],
)
def test_one_more_grid_is_allowed_up_to_the_limit(
    month: Month, underway: int, limit: Beyond | None
) -> None:
    assert month.beyond(underway) is limit


def test_grids_asked_for_one_by_one_never_pass_the_cap() -> None:
    for underway in range(30):
        if Month(2, 5, 0, 10).beyond(underway) is not None:
            break
    assert underway == 13  # three that are included, and ten that are paid
