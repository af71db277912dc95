"""Scenes: what stands where in a picture, drawn at random; `paint.py` makes the pixels."""

from dataclasses import dataclass, replace
from enum import StrEnum

from numpy.random import Generator

from doodle.places import PLACES, SHIFTS, SIDE, TIMELESS, TIMES, Background
from doodle.sprites import ARTISTS
from doodle.subjects import COLOURS, PEOPLE, index_of, people, subjects

CELL = 16
CELLS = SIDE // CELL
USUAL, MIDDLE, GROUND = 8, 4, 6
"""The size of a figure in cells, and its corner in the middle or with its feet on the ground."""
SMALLER = 6
"""The size of each of five."""
FIVE = ((0, 0), (10, 0), (5, 5), (0, 10), (10, 10))
"""The corners of five, as on a die."""
ARTIST_ODDS = (0.35, 0.25, 0.2, 0.2)
FLIP_ODDS = 0.0
PERSON_ODDS = 0.15
"""People are more often in a picture than their part of the subjects: each has many drawings."""
ALL_COLOURED = 0.3
"""How often not one but each of two kinds of subject has a colour of its own."""
CELESTIAL = {"moon": "night", "sun": "day", "rainbow": "day", "cloud": "day", "star": "night"}
NATURAL_COLOURS = {
    "red": (
        "apple|strawberry|mushroom|car|balloon|heart|tomato|cherries|crab|ladybug|rose|scarf|"
        "magnet|guitar|fire truck|lobster|boxing glove|toolbox|mailbox"
    ),
    "orange": "carrot|pumpkin|tiger|basketball|fire|orange fruit",
    "yellow": (
        "lion|banana|sunflower|star|moon|sun|chick|lemon|corn|cheese|taxi|crown|bell|key|smiley|"
        "bee|trophy|saxophone|leopard"
    ),
    "green": (
        "frog|tree|cactus|turtle|clover|dinosaur|pear|avocado|broccoli|snake|tractor|pine tree|"
        "palm tree|crocodile|cucumber|lizard|christmas tree|sprout|bell pepper"
    ),
    "blue": "dolphin|whale|anchor|dress|diamond|snowflake|jeans|jellyfish",
    "purple": "umbrella|grapes|eggplant",
    "pink": "pig|flamingo|tulip",
    "brown": (
        "bear|owl|monkey|horse|snail|squirrel|hedgehog|bread|cookie|coffee|violin|teddy bear|"
        "deer|beaver|kangaroo|otter|mammoth|potato|coconut"
    ),
    "gray": "koala|elephant|mouse|shark|wolf|raccoon|rock|rhino",
    "white": "ghost|cloud|snowman|skull|ambulance|ship|polar bear|swan|dove|tooth",
}
NATURAL = {
    name: (colour,) for colour, names in NATURAL_COLOURS.items() for name in names.split("|")
} | {"fox": ("red", "red", "orange"), "penguin": ("black",)}
"""What colours a caption may give to a subject as it is drawn anyway."""
KEEP_THEIR_COLOURS = (
    *("panda", "penguin", "egg", "bicycle", "cloud", "snowman", "ghost", "glasses", "ant"),
    *("baseball", "sheep", "piano", "polar bear", "swan", "tooth", "volleyball"),
)
"""Subjects of which two artists or more drew most nearly white or black: paint does not show."""

WORN = {"hat": (4, 2, -2), "crown": (4, 2, -2), "glasses": (6, 1, 1)}
"""What can be worn: its size in cells, and how far right of and below its wearer's corner it is."""
WEARERS = (
    *("cat", "dog", "fox", "rabbit", "bear", "panda", "lion", "tiger", "pig", "cow", "frog"),
    *("monkey", "koala", "mouse", "penguin", "owl", "robot", "alien", "teddy bear", "skull"),
    *("baby", "boy", "girl", "woman", "man"),
)
"""Whose head is in the middle above, their eyes in the middle."""
WEATHERS = ("rain", "snowfall")
STYLES = ("drawing", "pixel")
"""The styles that are not an artist's."""


class Relation(StrEnum):
    """How the first figure stands to the second."""

    AND = "and"
    NEXT = "next to"
    LEFT = "left of"
    RIGHT = "right of"
    ABOVE = "above"
    BELOW = "below"
    FRONT = "in front of"
    UNDER_SKY = "under"
    WEARING = "wearing"


BESIDE = (Relation.AND, Relation.AND, Relation.NEXT, Relation.LEFT, Relation.RIGHT)


@dataclass(frozen=True)
class Figure:
    """A sprite in its place: a square of `size` cells whose corner is the cell (x, y)."""

    subject: int
    artist: int
    size: int
    x: int
    y: int
    flipped: bool = False
    tint: str | None = None
    drawing: int = 0


@dataclass(frozen=True)
class Scene:
    """A picture before it is painted, with what its caption may say about it."""

    background: Background
    figures: tuple[Figure, ...]
    relation: Relation | None = None
    size: str | None = None
    position: str | None = None
    flying: bool = False
    shift: int = 0
    weather: str = ""
    style: str = ""

    @property
    def manner(self) -> str:
        """The style it shows: that of the whole, or else its artist's."""
        return self.style or ARTISTS[self.figures[0].artist].style


@dataclass(frozen=True)
class Mix:
    """The odds of what a scene shows; what is left over is one subject on a plain colour.

    Of what is in a place, `weather` are the odds of rain or snowfall, of everything `tint` those of
    a colour and `style` those of another hand than the artists'.
    `free` are the odds that a single subject stands elsewhere, flies or has another size: where
    figures may stand anywhere, a young model puts the right cells of a sprite in a wrong order.
    """

    place: float = 0.28
    pair: float = 0.16
    sky: float = 0.05
    count: float = 0.11
    tint: float = 0.5
    wear: float = 0.1
    free: float = 0.6
    weather: float = 0.3
    style: float = 0.15


SINGLES = Mix(
    place=0.4, pair=0.0, sky=0.04, count=0.0, tint=0.0, wear=0.0, free=0.0, weather=0.0, style=0.0
)


def held_out(subject: int, background: Background) -> bool:
    """Whether this subject is kept out of this background in training, for the examination."""
    places = [*COLOURS, *PLACES]
    return (7 * subject + 3 * places.index(background.colour or background.place)) % 13 == 0


def random_scene(rng: Generator, mix: Mix) -> Scene:
    """A scene drawn at random, in a combination that is not held out."""
    while True:
        scene = _drawn(rng, mix)
        if not any(held_out(figure.subject, scene.background) for figure in scene.figures):
            return scene


def _drawn(rng: Generator, mix: Mix) -> Scene:
    kind = rng.random()
    for odds, compose in (
        (mix.place, _in_a_place),
        (mix.pair, _pair),
        (mix.sky, _under_the_sky),
        (mix.count, _several),
        (mix.wear, _wearing),
    ):
        if kind < odds:
            return _treated(rng, compose(rng, mix), mix)
        kind -= odds
    return _treated(rng, _on_plain(rng, mix), mix)


def _treated(rng: Generator, scene: Scene, mix: Mix) -> Scene:
    """The scene with, now and then, a colour of its own, weather, and a style."""
    if rng.random() < mix.tint:
        scene = _coloured(rng, scene)
    if outdoors(scene.background) and rng.random() < mix.weather:
        scene = _wet(rng, scene)
    if rng.random() < mix.style:
        scene = styled(scene, str(rng.choice(STYLES)))
    return scene


def _wet(rng: Generator, scene: Scene) -> Scene:
    """The scene in rain, or in snowfall, then mostly with snow on the ground."""
    weather = str(rng.choice(WEATHERS))
    if weather == "snowfall" and rng.random() < 0.5:
        scene = replace(scene, background=replace(scene.background, place="snow"))
    return replace(scene, weather=weather)


def outdoors(background: Background) -> bool:
    """Whether it can rain or snow there."""
    return bool(background.place) and background.place not in TIMELESS


def styled(scene: Scene, style: str) -> Scene:
    """The scene in a style that is not an artist's, from the flat artist's figures."""
    figures = tuple(replace(figure, artist=0) for figure in scene.figures)
    return replace(scene, style=style, figures=figures)


def _pick(rng: Generator, low: int, high: int) -> int:
    """A whole number from `low` to `high`, both included."""
    return int(rng.integers(low, high + 1))


def _even(rng: Generator, low: int, high: int) -> int:
    """An even number from `low` to `high`, both even: figures stand on the denoiser's 8×8 grid."""
    return 2 * _pick(rng, low // 2, high // 2)


def used_artists() -> tuple[int, ...]:
    """The artists in use, by their numbers."""
    return tuple(number for number, odds in enumerate(ARTIST_ODDS) if odds)


def _artist(rng: Generator) -> int:
    return int(rng.choice(len(ARTISTS), p=ARTIST_ODDS))


def _figure(rng: Generator, size: int, x: int, y: int) -> Figure:
    among = people() if rng.random() < PERSON_ODDS else range(len(subjects()))
    return figure_of(rng, among[int(rng.integers(len(among)))], size, x, y)


def figure_of(rng: Generator, subject: int, size: int, x: int, y: int) -> Figure:
    """A figure of the subject in any of its drawings, by any of the artists in use."""
    flipped = bool(rng.random() < FLIP_ODDS)
    drawing = int(rng.integers(len(subjects()[subject].drawings)))
    return Figure(subject, _artist(rng), size, x, y, flipped=flipped, drawing=drawing)


def _plain(rng: Generator) -> Background:
    return Background(colour=str(rng.choice(list(COLOURS))))


def _place(rng: Generator) -> Background:
    place = str(rng.choice(PLACES))
    time = "day" if place in TIMELESS else str(rng.choice(TIMES, p=(0.5, 0.2, 0.3)))
    return Background(place=place, time=time)


def _shift(rng: Generator, mix: Mix) -> int:
    """How much lower the horizon is."""
    return int(rng.choice(SHIFTS)) if rng.random() < mix.free else 0


def _on_plain(rng: Generator, mix: Mix) -> Scene:
    if rng.random() >= mix.free:
        return Scene(_plain(rng), (_figure(rng, USUAL, MIDDLE, MIDDLE),))
    kind = rng.random()
    if kind < 0.2:
        far = CELLS - USUAL
        word, x, y = (
            ("left", 0, MIDDLE),
            ("right", far, MIDDLE),
            ("top", MIDDLE, 0),
            ("bottom", MIDDLE, far),
        )[_pick(rng, 0, 3)]
        return Scene(_plain(rng), (_figure(rng, USUAL, x, y),), position=word)
    if kind < 0.28:
        figure = _figure(rng, 4, _even(rng, 4, 8), _even(rng, 4, 8))
        return Scene(_plain(rng), (figure,), size="small")
    if kind < 0.36:
        figure = _figure(rng, 12, _even(rng, 0, 4), _even(rng, 0, 4))
        return Scene(_plain(rng), (figure,), size="big")
    return Scene(_plain(rng), (_figure(rng, USUAL, _even(rng, 2, 6), _even(rng, 2, 6)),))


def _in_a_place(rng: Generator, mix: Mix) -> Scene:
    figure, position, flying = _figure(rng, USUAL, MIDDLE, GROUND), None, False
    background = _place(rng)
    if rng.random() < mix.free:
        at_home = subjects()[figure.subject].home == "sky" and background.place != "underwater"
        flying = at_home and rng.random() < 0.7
        row = _even(rng, 0, 2) if flying else _even(rng, GROUND, GROUND + 2)
        kind = rng.random()
        position = "left" if kind < 0.16 else "right" if kind < 0.32 else None
        far = CELLS - USUAL
        x = {"left": 0, "right": far}.get(position or "", _even(rng, 2, far - 2))
        figure = replace(figure, x=x, y=row)
    shift = _shift(rng, mix)
    return Scene(background, (figure,), position=position, flying=flying, shift=shift)


def _row(rng: Generator, plain: bool) -> int:
    """Where a figure beside others has its upper edge."""
    return _even(rng, 2, 6) if plain else _even(rng, GROUND, GROUND + 2)


def _two_kinds(rng: Generator) -> tuple[Figure, Figure]:
    first, second = _figure(rng, USUAL, 0, 0), _figure(rng, USUAL, 0, 0)
    while second.subject == first.subject:
        second = _figure(rng, USUAL, 0, 0)
    return first, replace(second, artist=first.artist)


def _pair(rng: Generator, mix: Mix) -> Scene:
    first, second = _two_kinds(rng)
    if rng.random() < 0.1:
        return _overlapping(rng, first, second)
    if rng.random() < 0.22:
        relation = (Relation.ABOVE, Relation.BELOW)[_pick(rng, 0, 1)]
        rows = (0, 8) if relation is Relation.ABOVE else (8, 0)
        placed = (
            replace(first, x=_even(rng, 2, 6), y=rows[0]),
            replace(second, x=_even(rng, 2, 6), y=rows[1]),
        )
        return Scene(_plain(rng), placed, relation)
    plain = rng.random() < 0.55
    relation = BESIDE[_pick(rng, 0, len(BESIDE) - 1)]
    columns = (8, 0) if relation is Relation.RIGHT else (0, 8)
    placed = (
        replace(first, x=columns[0], y=_row(rng, plain)),
        replace(second, x=columns[1], y=_row(rng, plain)),
    )
    background = _plain(rng) if plain else _place(rng)
    return Scene(background, placed, relation, shift=0 if plain else _shift(rng, mix))


def _overlapping(rng: Generator, first: Figure, second: Figure) -> Scene:
    """The first in front of the second, of which it hides a part below on one side."""
    x = _even(rng, 2, 6)
    behind = replace(second, x=x, y=_even(rng, 0, 2))
    before = replace(first, x=x + int(rng.choice((-2, 2))), y=behind.y + 6)
    return Scene(_plain(rng), (behind, before), Relation.FRONT)


def _under_the_sky(rng: Generator, mix: Mix) -> Scene:
    above = str(rng.choice(list(CELESTIAL), p=(0.6, 0.1, 0.1, 0.1, 0.1)))
    figure = _figure(rng, USUAL, _even(rng, 2, 6), 8)
    while subjects()[figure.subject].name in CELESTIAL:
        figure = _figure(rng, USUAL, figure.x, figure.y)
    sky = Figure(index_of(above), figure.artist, USUAL, _even(rng, 0, 8), 0)
    place = str(rng.choice([place for place in PLACES if place not in TIMELESS]))
    background = Background(place=place, time=CELESTIAL[above])
    return Scene(background, (sky, figure), Relation.UNDER_SKY, shift=_shift(rng, mix))


def _several(rng: Generator, mix: Mix) -> Scene:
    figure = _figure(rng, USUAL, 0, 0)
    count = int(rng.choice((2, 3, 4, 5), p=(0.35, 0.3, 0.2, 0.15)))
    plain = count == 5 or rng.random() < 0.7
    if count == 5:
        figure, cells = replace(figure, size=SMALLER), list(FIVE)
    elif count == 2:
        cells = [(0, _row(rng, plain)), (8, _row(rng, plain))]
    else:
        cells = [(0, 8), (8, 8)]
        cells += [(_even(rng, 0, 8), 0)] if count == 3 else [(0, 0), (8, 0)]
    drawings = len(subjects()[figure.subject].drawings)
    alike = rng.random() < 0.5
    figures = tuple(
        replace(figure, x=x, y=y, drawing=figure.drawing if alike else _pick(rng, 0, drawings - 1))
        for x, y in cells
    )
    return Scene(_plain(rng) if plain else _place(rng), figures)


def _wearing(rng: Generator, mix: Mix) -> Scene:
    plain = rng.random() < 0.6
    x, y = _even(rng, 2, 6), _row(rng, plain)
    wearer = figure_of(rng, index_of(str(rng.choice(WEARERS))), USUAL, x, y)
    background = _plain(rng) if plain else _place(rng)
    placed = (wearer, worn_by(wearer, str(rng.choice(list(WORN)))))
    return Scene(background, placed, Relation.WEARING, shift=0 if plain else _shift(rng, mix))


def worn_by(wearer: Figure, name: str) -> Figure:
    """The thing of that name on the head or before the eyes of its wearer."""
    size, right, down = WORN[name]
    return Figure(index_of(name), wearer.artist, size, wearer.x + right, wearer.y + down)


def recoloured(subject: int) -> bool:
    """Whether a subject is drawn in colours that are not its own: people keep theirs."""
    one = subjects()[subject]
    return one.kind != PEOPLE and one.name not in KEEP_THEIR_COLOURS


def _coloured(rng: Generator, scene: Scene) -> Scene:
    """The scene with one kind of subject, or each, in another colour than its background's."""
    kinds = sorted({one.subject for one in scene.figures if recoloured(one.subject)})
    if len(kinds) > 1 and rng.random() >= ALL_COLOURED:
        kinds = [int(rng.choice(kinds))]
    shown = [colour for colour in COLOURS if colour != scene.background.colour]
    tints = {kind: str(rng.choice(shown)) for kind in kinds}
    figures = tuple(replace(one, tint=tints.get(one.subject)) for one in scene.figures)
    return replace(scene, figures=figures)
