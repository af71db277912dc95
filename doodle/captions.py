"""Captions: what somebody might type to get a scene, in English or in French."""

from collections import Counter

from numpy.random import Generator

from doodle.scenes import NATURAL, Figure, Relation, Scene
from doodle.subjects import PEOPLE, Drawing, subjects
from doodle.tokenizer import english_plurals

STYLE_ODDS = 0.5
NATURAL_ODDS = 0.25
BACKGROUND_FIRST = 0.2
TOLD_ODDS = 0.35
"""How often the gender and the tone of skin of people are said, each by itself."""
TONE_WORDS = {
    "light": ("white",),
    "medium-light": ("white",),
    "medium": ("brown",),
    "medium-dark": ("brown", "black"),
    "dark": ("black",),
}

ENGLISH_PLACES = {
    "meadow": ("in a meadow", "on the grass", "in a park"),
    "beach": ("on the beach", "at the beach", "on the sand"),
    "sea": ("at sea", "on the sea", "on the ocean"),
    "underwater": ("underwater", "under the sea"),
    "desert": ("in the desert", "among the dunes"),
    "snow": ("in the snow", "in winter"),
    "forest": ("in a forest", "in the woods"),
    "mountains": ("in the mountains", "in front of the mountains"),
    "city": ("in the city", "in a city", "on a street"),
    "space": ("in space", "in outer space"),
}
FRENCH_PLACES = {
    "meadow": ("dans un pré", "dans l'herbe", "dans un parc"),
    "beach": ("sur la plage", "à la plage"),
    "sea": ("en mer", "sur la mer", "sur l'océan"),
    "underwater": ("sous l'eau", "sous la mer"),
    "desert": ("dans le désert", "dans les dunes"),
    "snow": ("dans la neige", "en hiver"),
    "forest": ("dans la forêt", "dans les bois"),
    "mountains": ("à la montagne", "devant les montagnes"),
    "city": ("dans la ville", "en ville", "dans la rue"),
    "space": ("dans l'espace",),
}
ENGLISH_TIMES = {"day": ("", "", "", "by day"), "sunset": ("at sunset",), "night": ("at night",)}
FRENCH_TIMES = {
    "day": ("", "", "", "le jour"),
    "sunset": ("au coucher de soleil",),
    "night": ("la nuit",),
}
ENGLISH_RELATIONS = {
    Relation.AND: ("and", "with"),
    Relation.NEXT: ("next to", "beside"),
    Relation.LEFT: ("left of", "to the left of"),
    Relation.RIGHT: ("right of", "to the right of"),
    Relation.ABOVE: ("above", "on top of", "over"),
    Relation.BELOW: ("below", "beneath"),
    Relation.FRONT: ("in front of",),
    Relation.UNDER_SKY: ("under",),
    Relation.WEARING: ("wearing",),
}
FRENCH_RELATIONS = {
    Relation.AND: ("et", "avec"),
    Relation.NEXT: ("à côté d'",),
    Relation.LEFT: ("à gauche d'",),
    Relation.RIGHT: ("à droite d'",),
    Relation.ABOVE: ("au-dessus d'",),
    Relation.BELOW: ("en dessous d'",),
    Relation.FRONT: ("devant",),
    Relation.UNDER_SKY: ("sous",),
    Relation.WEARING: ("portant", "qui porte"),
}
ENGLISH_POSITIONS = {
    "left": ("on the left",),
    "right": ("on the right",),
    "top": ("at the top",),
    "bottom": ("at the bottom",),
}
FRENCH_POSITIONS = {"left": "à gauche", "right": "à droite", "top": "en haut", "bottom": "en bas"}
ENGLISH_SIZES = {"small": ("small", "tiny", "little"), "big": ("big", "large", "giant")}
FRENCH_SIZES = {"small": "petit", "big": "grand"}
FRENCH_COLOURS = {
    "red": "rouge",
    "orange": "orange",
    "yellow": "jaune",
    "green": "vert",
    "teal": "turquoise",
    "blue": "bleu",
    "purple": "violet",
    "pink": "rose",
    "brown": "marron",
    "gray": "gris",
    "white": "blanc",
    "black": "noir",
}
NUMBERS = {2: ("two", "deux"), 3: ("three", "trois"), 4: ("four", "quatre"), 5: ("five", "cinq")}
STYLE_WORDS = {
    "flat": ("flat", "plat"),
    "3d": ("3d", "en 3d"),
    "cartoon": ("cartoon", "dessin animé"),
    "sticker": ("sticker", "autocollant"),
    "drawing": ("drawing", "dessin"),
    "pixel": ("pixel art", "en pixels"),
}
ENGLISH_WEATHER = {
    "rain": ("in the rain", "on a rainy day"),
    "snowfall": ("in falling snow", "while it snows"),
}
FRENCH_WEATHER = {
    "rain": ("sous la pluie", "un jour de pluie"),
    "snowfall": ("sous la neige qui tombe", "alors qu'il neige"),
}
FRENCH_GENDERS = {"woman": "une femme", "man": "un homme"}


def caption(scene: Scene, rng: Generator) -> str:
    """One of the many captions of a scene, in either language."""
    return english(scene, rng) if rng.random() < 0.6 else french(scene, rng)


def _one_of(rng: Generator, choices: tuple[str, ...]) -> str:
    return choices[int(rng.integers(len(choices)))]


def _name(rng: Generator, names: tuple[str, ...]) -> str:
    return names[0] if rng.random() < 0.7 else _one_of(rng, names)


def _joined(*words: str) -> str:
    return " ".join(word for word in words if word).replace("' ", "'").replace(" ,", ",")


def _before(rng: Generator, said: str, background: str) -> str:
    """What there is and its background in their usual order, or the background first."""
    if background and rng.random() < BACKGROUND_FIRST:
        return f"{background.removeprefix(', ')}, {said}"
    return _joined(said, background)


def _counts(scene: Scene) -> list[tuple[Figure, int]]:
    """The different subjects of the scene in the order of its caption, and how many.

    What is painted last stands in front and, under something in the sky, is said first.
    """
    count = Counter(figure.subject for figure in scene.figures)
    first = {figure.subject: figure for figure in reversed(scene.figures)}
    ordered = sorted(count, key=[figure.subject for figure in scene.figures].index)
    if scene.relation in (Relation.UNDER_SKY, Relation.FRONT):
        ordered = ordered[::-1]
    return [(first[subject], count[subject]) for subject in ordered]


def _styled(rng: Generator, scene: Scene, said: str, language: int) -> str:
    """The caption with its style: an artist's half of the time, another hand's always."""
    wanted = scene.manner
    if wanted not in STYLE_WORDS or not (scene.style or rng.random() < STYLE_ODDS):
        return said
    style = STYLE_WORDS[wanted][language]
    return f"{said}, {style}" if rng.random() < 0.6 else f"{style} {said}"


def english(scene: Scene, rng: Generator, *, untold: bool = True) -> str:
    """A caption in English; `untold` lets it leave the background out now and then."""
    things = [_english_thing(rng, figure, count, scene) for figure, count in _counts(scene)]
    relation = _one_of(rng, ENGLISH_RELATIONS[scene.relation]) if scene.relation else ""
    position = _one_of(rng, ENGLISH_POSITIONS[scene.position]) if scene.position else ""
    said = _joined(things[0], relation, *things[1:], position)
    said = _before(rng, said, _english_background(rng, scene, untold=untold))
    return _styled(rng, scene, said, 0)


def _english_thing(rng: Generator, figure: Figure, count: int, scene: Scene) -> str:
    noun = _name(rng, subjects()[figure.subject].english)
    noun = english_plurals(noun)[1] if count > 1 else noun
    size = _one_of(rng, ENGLISH_SIZES[scene.size]) if scene.size else ""
    shown = _shown(scene, figure)
    either = subjects()[figure.subject].either
    gender = shown.gender if either and rng.random() < TOLD_ODDS else ""
    if gender:
        noun = english_plurals(gender)[1] + " " + noun if count > 1 else f"{gender} {noun}"
    described = _joined(size, _colour(rng, figure, shown), noun)
    if count > 1:
        return f"{NUMBERS[count][0]} {described}"
    article = "an" if described[0] in "aeiou" else "a"
    return f"{article} {described}"


def called_alike(one: str, other: str) -> bool:
    """Whether the first words for two tones of skin are the same."""
    return TONE_WORDS[one][0] == TONE_WORDS[other][0]


def _shown(scene: Scene, figure: Figure) -> Drawing:
    """How all figures of a subject are drawn; nothing is told of people who differ."""
    drawings = subjects()[figure.subject].drawings
    several = {one.drawing for one in scene.figures if one.subject == figure.subject}
    return drawings[figure.drawing] if len(several) == 1 else Drawing(drawings[0].icon)


def _colour(rng: Generator, figure: Figure, shown: Drawing) -> str:
    """The colour to say: that of the tint, of the skin or, now and then, the usual one."""
    subject = subjects()[figure.subject]
    if subject.kind == PEOPLE:
        told = shown.tone and rng.random() < TOLD_ODDS
        return _one_of(rng, TONE_WORDS[shown.tone]) if told else ""
    natural = NATURAL.get(subject.name)
    if figure.tint or natural is None or rng.random() > NATURAL_ODDS:
        return figure.tint or ""
    return _one_of(rng, natural)


def _says_time(rng: Generator, scene: Scene) -> bool:
    """Whether the sky's figure leaves the time of day to be said: a moon means night."""
    return scene.relation is not Relation.UNDER_SKY or rng.random() < 0.3


def _english_background(rng: Generator, scene: Scene, *, untold: bool) -> str:
    background = scene.background
    if background.colour:
        colour = background.colour
        article = "an" if colour[0] in "aeiou" else "a"
        choices = (f"on {article} {colour} background", f", {colour} background")
        return "" if untold and rng.random() < 0.06 else _one_of(rng, choices)
    place = _one_of(rng, ENGLISH_PLACES[background.place])
    time = _one_of(rng, ENGLISH_TIMES[background.time]) if _says_time(rng, scene) else ""
    weather = _one_of(rng, ENGLISH_WEATHER[scene.weather]) if scene.weather else ""
    if untold and _untold(rng, scene):
        return _joined(time, weather)
    if scene.flying:
        place = _one_of(rng, ("flying ", "flying over ", "over ")) + place.split(" ", 1)[-1]
    return _joined(place, time, weather)


def _untold(rng: Generator, scene: Scene) -> bool:
    """Whether the caption leaves the place out, as people do at night, in rain and under a moon.

    Where nothing but falling snow is said, there is snow on the ground.
    """
    if scene.weather == "snowfall" and scene.background.place != "snow":
        return False
    if scene.relation is Relation.UNDER_SKY or scene.weather:
        return bool(rng.random() < 0.5)
    return scene.background.time != "day" and bool(rng.random() < 0.12)


def french(scene: Scene, rng: Generator, *, untold: bool = True) -> str:
    """A caption in French, its adjectives as the tokenizer needs them, not always agreed."""
    things = [_french_thing(rng, figure, count, scene) for figure, count in _counts(scene)]
    relation = _one_of(rng, FRENCH_RELATIONS[scene.relation]) if scene.relation else ""
    position = FRENCH_POSITIONS[scene.position] if scene.position else ""
    said = _joined(things[0], relation, *things[1:], position)
    said = _before(rng, said, _french_background(rng, scene, untold=untold))
    return _styled(rng, scene, said, 1)


def _french_thing(rng: Generator, figure: Figure, count: int, scene: Scene) -> str:
    shown = _shown(scene, figure)
    article, noun = _french_name(rng, figure, shown.gender).split(" ", 1)
    size = FRENCH_SIZES[scene.size] if scene.size else ""
    said = _colour(rng, figure, shown)
    colour = FRENCH_COLOURS[said] if said else ""
    number = NUMBERS[count][1] if count > 1 else article
    head, _, rest = noun.partition(" ")
    if count > 1:
        head += "" if head[-1] in "sxz" else "x" if head.endswith("u") else "s"
    return _joined(number, size, head, rest, colour)


def _french_name(rng: Generator, figure: Figure, gender: str) -> str:
    """The name with its article; a feminine one tells the gender, as "une femme" does."""
    subject = subjects()[figure.subject]
    if not subject.either:
        return _name(rng, subject.french)
    masculine = tuple(name for name in subject.french if name.startswith("un "))
    if not gender or rng.random() >= TOLD_ODDS:
        return _name(rng, masculine)
    feminine = tuple(name for name in subject.french if name.startswith("une "))
    if gender == "woman" and rng.random() < 0.5:
        return _one_of(rng, feminine)
    return f"{FRENCH_GENDERS[gender]} {_name(rng, masculine).split(' ', 1)[1]}"


def _french_background(rng: Generator, scene: Scene, *, untold: bool) -> str:
    background = scene.background
    if background.colour:
        colour = FRENCH_COLOURS[background.colour]
        return (
            ""
            if untold and rng.random() < 0.06
            else _one_of(rng, (f"sur fond {colour}", f", fond {colour}"))
        )
    place = _one_of(rng, FRENCH_PLACES[background.place])
    time = _one_of(rng, FRENCH_TIMES[background.time]) if _says_time(rng, scene) else ""
    weather = _one_of(rng, FRENCH_WEATHER[scene.weather]) if scene.weather else ""
    if untold and _untold(rng, scene):
        return _joined(time, weather)
    if scene.flying:
        place = (
            _one_of(rng, ("volant ", "au-dessus de ", "volant au-dessus de "))
            + place.split(" ", 1)[-1]
        )
    return _joined(place, time, weather)
