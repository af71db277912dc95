"""How many pictures fit into one pipeline call on this device, found out by drawing."""

from dataclasses import dataclass

PATIENCE = 8
"""Full calls in a row which must have fitted before one more is tried."""

MOST_PATIENCE = 1024
"""Each overflow doubles the patience, up to this."""


@dataclass
class Room:
    """The room of one checkpoint: never more than its manifest says, less where memory ended."""

    most: int
    """By the manifest."""
    now: int = 0
    """Pictures that the next call may hold."""
    fitted: int = 0
    """The largest call that fitted since memory last ended."""
    streak: int = 0
    patience: int = PATIENCE

    def __post_init__(self) -> None:
        self.now = self.now or self.most

    def fits(self, images: int) -> None:
        """Learns that a call of so many pictures fitted: after many full ones one more is tried."""
        self.fitted = max(self.fitted, images)
        if images < self.now or self.now == self.most:
            return
        self.streak += 1
        if self.streak >= self.patience:
            self.now, self.streak = self.now + 1, 0

    def overflows(self, images: int) -> None:
        """Learns that memory ended in a call of so many: back to what fitted, or to half of it."""
        # What fitted once may fit no more: something else can take memory meanwhile.
        self.fitted = self.fitted if self.fitted < images else 0
        self.now = max(1, self.fitted, images // 2)
        self.patience, self.streak = min(2 * self.patience, MOST_PATIENCE), 0
