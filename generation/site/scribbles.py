"""The crayon lines that fill the frames while pictures are drawn."""

import itertools
import math
import random
from functools import cache

STROKES = 6
"""Times that the hand goes across a frame."""


@cache
def scribble(position: int) -> str:
    """Returns the path of one frame's scribble in a square of 100 × 100, the same every time.

    A hand that shades a square swings back and forth, tilted, each swing a little below the last
    and never quite as long.
    """
    hand = random.Random(f"scribble {position}")
    tilt = hand.uniform(9, 15)
    top, bottom = hand.uniform(12, 20), hand.uniform(82, 90)
    points = []
    for swing in range(STROKES + 1):
        y = top + (bottom - top) * swing / STROKES
        right = swing % 2 == 1
        reach = hand.uniform(86, 97) if right else hand.uniform(3, 14)
        points.append((reach, y - tilt / 2 if right else y + tilt / 2))
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x, y), (to_x, to_y) in itertools.pairwise(points):
        out = math.copysign(hand.uniform(14, 24), to_x - x)
        path += (
            f"C{x + out:.1f} {y - hand.uniform(5, 9):.1f}"
            f" {to_x - out * 0.4:.1f} {to_y - hand.uniform(2, 6):.1f}"
            f" {to_x:.1f} {to_y:.1f}"
        )
    return path
