"""Examine the weights: `python -m doodle.evaluate [FOLDER]` prints a table and writes sheets.

What is found of the folder that ships is kept in `figures.json`, which the site shows.

Every subject is asked for before a background that training never showed it with, but where only
its name is said; every picture is drawn from its own seed, the same in every examination.
`phrasings.csv` has prompts by somebody who has not seen how the captions are made.
"""

import argparse
import csv
import json
import sys
import time
from collections import Counter
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny, StableDiffusionPipeline
from numpy.random import Generator
from torch import Tensor

from doodle import questions
from doodle.autoencoder import psnr
from doodle.classifier import judged
from doodle.eyes import Eyes, Seen, figures_in, shrunk, trained_eyes
from doodle.judges import (
    Judge,
    all_there,
    colour_right,
    colour_seen,
    count_right,
    edge_colour,
    person_right,
    person_seen,
    relation_right,
    style_right,
    subject_right,
    weather_right,
    worn_right,
)
from doodle.models import GUIDANCE, STEPS, load_folder
from doodle.paint import Painter
from doodle.places import Background, backgrounds
from doodle.questions import Question
from doodle.run import save_sheet
from doodle.scenes import Mix, Scene, random_scene, used_artists
from doodle.sprites import load_sprites
from doodle.state import WEIGHTS
from doodle.subjects import COLOURS, TONES, subjects
from doodle.unsaid import unsaid
from generation.unsaid import completed, understood

SEED = 31_337
SHOWN = ("a red fox under a full moon", "a cat on a blue background", "a dog in the snow", "a car")
ALONE = Mix(place=0.0, pair=0.0, sky=0.0, count=0.0, wear=0.0, style=0.0)
KINDS = {
    "by the artists": Mix(weather=0.0, style=0.0),
    "in places, mostly wet": Mix(place=1.0, weather=1.0, style=0.0),
    "drawings and pixels": Mix(weather=0.0, style=1.0),
}
UNSAID = understood(unsaid())
PHRASINGS = Path(__file__).parent / "phrasings.csv"
FIGURES = Path(__file__).parent / "figures.json"
"""What was found of the folder that ships, for the site."""


def draw(pipeline: StableDiffusionPipeline, prompts: list[str], seed: int = SEED) -> Tensor:
    """A picture for every prompt, each from its own seed: (N, 3, 256, 256) of -1 to 1.

    What a prompt leaves open is said as on the site.
    """
    drawn, reads = [], lru_cache(pipeline.tokenizer.tokenize)
    for start in range(0, len(prompts), 9):
        some = dict(enumerate(prompts[start : start + 9], start=seed + start))
        seeds = [torch.Generator().manual_seed(one) for one in some]
        made = pipeline(
            [completed(prompt, "", one, UNSAID, reads) for one, prompt in some.items()],
            num_inference_steps=STEPS,
            guidance_scale=GUIDANCE,
            generator=seeds,
            height=256,
            width=256,
            output_type="pt",
        )
        drawn.append(made.images * 2 - 1)
    return torch.cat(drawn)


def colours_known(rng: Generator, painter: Painter, count: int = 120) -> float:
    """The part of real recoloured figures whose colour is told right: what its judge is worth.

    It is shown drawings by an artist whom it does not know.
    """
    right = []
    for number, scene in enumerate(questions.coloured(rng, count)):
        artist, *others = np.roll(used_artists(), number)
        (figure,) = scene.figures
        (picture,) = painter.paint([replace(scene, figures=(replace(figure, artist=artist),))])
        seen = colour_seen(picture, figure, scene.background, painter, others)
        right.append(seen == figure.tint)
    return float(np.mean(right))


@torch.no_grad()
def sharpness(autoencoder: AutoencoderTiny, painter: Painter, count: int = 32) -> str:
    """How near scenes of each kind come back from their latents."""
    reached = []
    for kind, mix in KINDS.items():
        rng = np.random.default_rng(SEED)
        scenes = [random_scene(rng, mix) for _ in range(count)]
        real = painter.paint(scenes)
        latents = [autoencoder.encoder(some) for some in real.split(4)]
        made = torch.cat([autoencoder.decoder(some) for some in latents])
        reached.append(f"{kind} {psnr(made, real):.1f} dB")
    return f"reconstructions of {count} scenes each: {', '.join(reached)}"


class Examination:
    """One folder of weights before the eyes."""

    def __init__(self, pipeline: StableDiffusionPipeline, eyes: Eyes, painter: Painter) -> None:
        """Nothing is drawn yet."""
        self.pipeline, self.eyes, self.painter = pipeline, eyes, painter
        self.figures: dict[str, float] = {}

    def found(self, name: str, part: float, count: int | None = None) -> None:
        """Print and keep what part of some pictures is right, or another figure of them."""
        self.figures[name] = round(float(part), 3)
        say(f"{name}: {part:.3f}" + (f" of {count}" if count else ""))

    def ask(self, name: str, asked: list[Question], **judges: Judge) -> Tensor:
        """Draw, print what part of the pictures is right by each judge, and keep a sheet."""
        drawn = draw(self.pipeline, [question.prompt for question in asked])
        seen = figures_in(self.eyes, drawn)
        for mark, judge in judges.items():
            right = np.mean([judge(*each) for each in zip(asked, drawn, seen, strict=True)])
            self.found(f"{name}, {mark.replace('_', ' ')}", float(right), len(asked))
        save_sheet(f"examined-{name.replace(' ', '-')}", drawn[:72], columns=12)
        return drawn

    @torch.no_grad()
    def backgrounds(self, name: str, asked: list[Question], drawn: Tensor) -> None:
        """Print how many places, times of day and plain colours are those asked for."""
        where = [question.scene.background for question in asked]
        painted = torch.tensor([not background.colour for background in where])
        wanted = torch.tensor([backgrounds().index(background) for background in where])
        found = self.eyes.whole(shrunk(drawn)).argmax(1)
        self.found(f"{name}, place and time", float((found == wanted)[painted].float().mean()))
        plain = [background.colour for background in where if background.colour]
        right = [edge_colour(one) == c for one, c in zip(drawn[~painted], plain, strict=True)]
        self.found(f"{name}, background colour", float(np.mean(right)))

    @torch.no_grad()
    def features(self, pictures: Tensor) -> Tensor:
        """What the pictures are like, as the eye for the whole has it."""
        return self.eyes.whole.features(shrunk(pictures))

    @torch.no_grad()
    def people(self, each: int) -> None:
        """Print how people vary if a prompt tells nothing but what they do."""
        either = [one for one in subjects() if one.either]
        drawn = draw(self.pipeline, [f"a {one.english[0]}" for one in either for _ in range(each)])
        for name, part in evenness(self.eyes, drawn, figures_in(self.eyes, drawn)).items():
            self.found(f"anybody, {name}", part)
        save_sheet("examined-anybody", drawn[:72], columns=12)

    def variety(self, count: int = 8) -> None:
        """Print how much nine pictures of a bare name differ, beside nine real scenes."""
        rng, made, real, twins = np.random.default_rng(SEED), [], [], []
        for subject in rng.permutation(len(subjects()))[:count]:
            prompt = f"a {subjects()[subject].english[0]}"
            made.append(torch.pdist(self.features(draw(self.pipeline, [prompt] * 9))))
            scenes = [_of(rng, random_scene(rng, ALONE), int(subject)) for _ in range(36)]
            pictures = self.painter.paint(scenes)
            real.append(torch.pdist(self.features(pictures)))
            twins.append(float((made[-1] < real[-1].quantile(0.05)).float().mean()))
        ratio = torch.stack(made).mean() / torch.stack(real).mean()
        self.found("nine of a bare name, distance beside that of real scenes", float(ratio))
        self.found("nine of a bare name, pairs nearer than 95% of real ones", float(np.mean(twins)))

    def statistics(self, drawn: Tensor, asked: list[Question]) -> None:
        """Print how far the pictures' features are from those of real scenes of the same."""
        rng = np.random.default_rng(SEED)
        scenes = [_elsewhere(rng, question.scene) for question in asked]
        real, same = (
            self.features(self.painter.paint(some))
            for some in (scenes, [_elsewhere(rng, scene) for scene in scenes])
        )
        apart, usual = _distance(self.features(drawn), real), _distance(same, real)
        say(
            f"distance of feature statistics from real scenes: {apart:.3f}, among real: {usual:.3f}"
        )


def evenness(eyes: Eyes, drawn: Tensor, seen: list[list[Seen]]) -> dict[str, float]:
    """How evenly the pictures of people whose prompts tell neither vary over tones and genders."""
    looks = [person_seen(eyes, picture, one) for picture, one in zip(drawn, seen, strict=True)]
    found = [look for look in looks if look]
    parts = Counter(said for look in found for said in look)
    people = max(1, len(found))
    return {
        "people": len(found) / max(1, len(looks)),
        "women": parts["woman"] / people,
        **{f"{tone} skin": parts[tone] / people for tone in TONES},
    }


def worn_known(rng: Generator, eyes: Eyes, painter: Painter, count: int = 60) -> str:
    """How often real things are seen worn, and how often on heads that wear nothing."""
    scenes = questions.wearing(rng, count)
    bare = [replace(scene, figures=scene.figures[:1]) for scene in scenes]
    rates = []
    for some in (scenes, bare):
        pictures = painter.paint(some)
        seen = figures_in(eyes, pictures)
        asked = [questions.Question("", scene) for scene in scenes]
        right = [worn_right(eyes)(*each) for each in zip(asked, pictures, seen, strict=True)]
        rates.append(float(np.mean(right)))
    return (
        f"the eyes on what {count} real figures wear: {rates[0]:.3f}, on bare ones {rates[1]:.3f}"
    )


def _of(rng: Generator, scene: Scene, subject: int) -> Scene:
    """The scene with another subject in any of its drawings."""
    drawing = int(rng.integers(len(subjects()[subject].drawings)))
    (figure,) = scene.figures
    figure = replace(figure, subject=subject, tint=None, drawing=drawing)
    return replace(scene, figures=(figure,))


def _elsewhere(rng: Generator, scene: Scene) -> Scene:
    """The scene with its figure somewhat aside, by any of the artists in use."""
    figure = scene.figures[0]
    x = figure.x + 2 * int(rng.integers(-1, 2))
    artist = int(rng.choice(used_artists()))
    return replace(scene, figures=(replace(figure, x=x, artist=artist),))


def _distance(one: Tensor, other: Tensor) -> float:
    """Fréchet's distance of two sets of features, taken as independent of each other."""
    means = (one.mean(0) - other.mean(0)).square().sum()
    return float(means + (one.std(0) - other.std(0)).square().sum())


def phrasings(file: Path) -> list[tuple[str, str, Background]]:
    """Prompts with what they ask for: rows of prompt, subject, and a colour or "place:time"."""
    with file.open(encoding="utf-8", newline="") as rows:
        return [
            (row["prompt"], row["subject"], _background(row["background"]))
            for row in csv.DictReader(rows)
        ]


def _background(said: str) -> Background:
    place, _, time_of_day = said.partition(":")
    if place in COLOURS:
        return Background(colour=place)
    return Background(place=place, time=time_of_day or "day")


def say(line: str) -> None:
    """Print one row of the table."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def examine(folder: Path, part: float = 1.0) -> None:
    """Print the table of a folder of weights and write its sheets; `part` asks less."""
    painter = Painter(load_sprites())
    exam = Examination(load_folder(folder), trained_eyes(), painter)
    for line in judged(exam.eyes, painter, np.random.default_rng(SEED)):
        say(line)
    say(f"colours on real figures: {colours_known(np.random.default_rng(SEED), painter):.3f}")
    say(sharpness(exam.pipeline.vae, painter))
    say(worn_known(np.random.default_rng(SEED), exam.eyes, painter))
    some = max(4, int(60 * part))
    for language in ("english", "french"):
        rng = np.random.default_rng(SEED)
        asked = questions.told(rng, questions.singles(rng, int(len(subjects()) * part)), language)
        drawn = exam.ask(language, asked, subject=subject_right)
        exam.backgrounds(language, asked, drawn)
        if language == "english":
            exam.statistics(drawn, asked)
    rng = np.random.default_rng(SEED)
    for name, scenes, judges in (
        (
            "coloured",
            questions.coloured(rng, some),
            {"subject": subject_right, "colour": colour_right(painter)},
        ),
        ("several", questions.several(rng, some), {"count": count_right}),
        ("two", questions.pairs(rng, some), {"both": all_there, "relation": relation_right}),
        ("wearing", questions.wearing(rng, some), {"worn": worn_right(exam.eyes)}),
        (
            "wet",
            questions.weather(rng, some),
            {"subject": subject_right, "weather": weather_right(exam.eyes)},
        ),
    ):
        exam.ask(name, questions.told(rng, scenes, "english"), **judges)
    judges = {"subject": subject_right, "style": style_right(exam.eyes)}
    exam.ask("styled", questions.styled(rng, some), **judges)
    told = questions.people(rng, some)
    exam.ask("people", told, subject=subject_right, gender_and_skin=person_right(exam.eyes))
    exam.people(max(1, int(24 * part)))
    others = questions.phrased(phrasings(PHRASINGS))[: int(1000 * part)]
    exam.backgrounds(
        "other phrasings", others, exam.ask("other phrasings", others, subject=subject_right)
    )
    exam.variety(max(1, int(8 * part)))
    started = time.perf_counter()
    shown = torch.cat([draw(exam.pipeline, [prompt] * 9) for prompt in SHOWN])
    say(f"nine pictures: {(time.perf_counter() - started) / len(SHOWN):.1f} s")
    save_sheet("examined-nines", shown, columns=9)
    if part == 1.0 and folder.samefile(WEIGHTS):
        FIGURES.write_text(json.dumps(exam.figures, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Examine the folder named on the command line, or the shipped one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=WEIGHTS)
    parser.add_argument("--part", type=float, default=1.0, help="how much of it to ask")
    options = parser.parse_args()
    examine(options.folder, options.part)


if __name__ == "__main__":
    main()
