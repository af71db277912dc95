"""The rules that the queue runs by, and three controls that break one of them each."""

from collections.abc import Mapping

from generation import scheduling
from generation.scheduling import Tags


class Rules:
    """Those of the site, passed on unchanged."""

    name = "the site's rules"

    def tier(self, tier: int) -> int:
        """Returns the lane in which a job of this tier waits."""
        return tier

    def tags(self, virtual_time: int, owners_last_finish: int | None, cost: int) -> Tags:
        """Returns the tags of a new job."""
        return scheduling.tags_of(virtual_time, owners_last_finish, cost, weight=1)

    def advanced(
        self, virtual_time: int, *, served: int, waiting: int, head_start: int | None
    ) -> int:
        """Returns a lane's virtual time after a claim."""
        return scheduling.advanced(
            virtual_time, served=served, waiting=waiting, head_start=head_start
        )

    def next_tier(self, turns: Mapping[int, Tags], draw: float) -> int | None:
        """Returns the lane in which a claim starts.

        Args:
            turns: of the lanes in which somebody waits.
            draw: uniform in [0, 1).
        """
        return scheduling.next_tier(turns)


class FirstComeFirstServed(Rules):
    """One lane in which everybody stands in the order in which they came."""

    name = "first come, first served"

    def tier(self, tier: int) -> int:
        return 2

    def tags(self, virtual_time: int, owners_last_finish: int | None, cost: int) -> Tags:
        return Tags(0, 1)


class TimeOfTheHead(Rules):
    """Start-time fair queueing as published: virtual time is the start tag of the latest head."""

    name = "virtual time that follows the head alone"

    def advanced(
        self,
        virtual_time: int,
        *,
        served: int,
        waiting: int,
        head_start: int | None,
    ) -> int:
        return max(virtual_time, head_start or 0)


class DrawnTurns(Rules):
    """Four claims in five start in the paid lane, by a draw."""

    name = "turns by a draw"

    def next_tier(self, turns: Mapping[int, Tags], draw: float) -> int | None:
        return scheduling.first_tier(dict.fromkeys(turns, 1), draw)
