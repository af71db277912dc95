"""Examine a folder of weights: `python -m doodle.evaluate [FOLDER] [--prompts N]`.

Prints a table and writes a sheet of every prompt's picture to the state folder. It needs the
trained classifier and the sprites, for the real scenes that drawn ones are compared with.
"""

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from numpy.random import Generator
from torch import Tensor

from doodle.captions import english, french
from doodle.classifier import Classifier, blurred, labelled, shrunk, trained_classifier
from doodle.models import load_folder
from doodle.places import Background, backgrounds
from doodle.run import pictures_to_tensor, save_sheet
from doodle.scenes import SINGLES, Figure, Pixels, Scene, held_out, paint, random_scene
from doodle.sprites import load_sprites
from doodle.state import WEIGHTS
from doodle.subjects import COLOURS, subjects

SEED = 31_337
STEPS, GUIDANCE = 8, 3.0
SHOWN = ("a red fox under a full moon", "a cat on a blue background", "a dog in the snow", "a car")


@dataclass(frozen=True)
class Question:
    """A prompt in a combination that training never saw, and the right answers."""

    prompt: str
    subject: int
    background: Background


def questions(rng: Generator, count: int, language: str) -> list[Question]:
    """Prompts of one subject each, going through all subjects."""
    say = english if language == "english" else french
    asked = []
    for number in range(count):
        subject = number % len(subjects())
        unseen = [b for b in backgrounds() if held_out(subject, b)]
        background = unseen[int(rng.integers(len(unseen)))]
        scene = Scene(background, (Figure(subject, 0, 8, 4, 4),))
        asked.append(Question(say(scene, rng, untold=False), subject, background))
    return asked


def draw(pipeline: StableDiffusionPipeline, prompts: list[str], seed: int = SEED) -> Tensor:
    """A picture for every prompt, each from its own seed: (N, 3, 256, 256) of -1 to 1."""
    drawn = []
    for start in range(0, len(prompts), 9):
        some = prompts[start : start + 9]
        seeds = [torch.Generator().manual_seed(seed + start + i) for i in range(len(some))]
        made = pipeline(
            some,
            num_inference_steps=STEPS,
            guidance_scale=GUIDANCE,
            generator=seeds,
            height=256,
            width=256,
            output_type="pt",
        )
        drawn.append(made.images * 2 - 1)
    return torch.cat(drawn)


@torch.no_grad()
def marks(classifier: Classifier, asked: list[Question], drawn: Tensor) -> dict[str, float]:
    """The parts of the pictures whose subject, place or colour is the one asked for."""
    seen, where = classifier(shrunk(drawn))
    subject = seen.argmax(1) == torch.tensor([question.subject for question in asked])
    places = torch.tensor([backgrounds().index(question.background) for question in asked])
    painted = torch.tensor([not question.background.colour for question in asked])
    colours = [question.background.colour for question in asked if question.background.colour]
    plain = drawn[~painted]
    right = [edge_colour(one) == colour for one, colour in zip(plain, colours, strict=True)]
    return {
        "subject": float(subject.float().mean()),
        "place": float((where.argmax(1) == places)[painted].float().mean()),
        "background colour": float(np.mean(right)),
    }


def edge_colour(picture: Tensor) -> str:
    """The name of the plain colour nearest to the median of the picture's edge."""
    edge = torch.cat([picture[:, :6].flatten(1), picture[:, -6:].flatten(1)], dim=1)
    median = (edge.median(dim=1).values.numpy() + 1) * 127.5
    return min(COLOURS, key=lambda colour: float(np.square(median - COLOURS[colour]).sum()))


@torch.no_grad()
def spread(classifier: Classifier, nine: Tensor) -> float:
    """The mean distance between the features of nine pictures."""
    features = classifier.features(shrunk(nine))
    return float(torch.pdist(features).mean())


def real_nine(rng: Generator, sprites: Pixels, subject: int) -> Tensor:
    """Nine real scenes of a subject on plain colours, as its name alone asks for."""
    scenes: list[Scene] = []
    while len(scenes) < 9:
        scene = random_scene(rng, SINGLES)
        if len(scene.figures) == 1 and scene.background.colour:
            scenes.append(Scene(scene.background, (_of(scene.figures[0], subject),)))
    return pictures_to_tensor([paint(scene, sprites) for scene in scenes])


def _of(figure: Figure, subject: int) -> Figure:
    return Figure(subject, figure.artist, figure.size, figure.x, figure.y, figure.flipped)


def variety(
    classifier: Classifier, pipeline: StableDiffusionPipeline, sprites: Pixels, count: int
) -> float:
    """How much nine pictures of a bare name differ, as a part of what real scenes do."""
    rng, made, real = np.random.default_rng(SEED), 0.0, 0.0
    for _ in range(count):
        row = int(rng.integers(len(subjects())))
        name = f"a {subjects()[row].english[0]}"
        made += spread(classifier, draw(pipeline, [name] * 9))
        real += spread(classifier, real_nine(rng, sprites, row))
    return made / real


def say(line: str) -> None:
    """Print one row of the table."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def examine(folder: Path, count: int) -> None:
    """Print the table of a folder of weights and write its sheet."""
    pipeline, classifier, sprites = load_folder(folder), trained_classifier(), load_sprites()
    real, named, _ = labelled(np.random.default_rng(SEED), sprites, 300)
    with torch.no_grad():
        sharp = (classifier(real)[0].argmax(1) == named).float().mean()
        blobs = (classifier(blurred(real))[0].argmax(1) == named).float().mean()
    say(f"the classifier on real scenes: {sharp:.3f}, on blurred ones: {blobs:.3f}")
    for language in ("english", "french"):
        asked = questions(np.random.default_rng(SEED), count, language)
        drawn = draw(pipeline, [question.prompt for question in asked])
        for mark, value in marks(classifier, asked, drawn).items():
            say(f"{language}, {mark}: {value:.3f} of {count} prompts")
        save_sheet(f"examined-{language}", drawn[:64], columns=8)
    say(f"variety among nine: {variety(classifier, pipeline, sprites, 4):.2f} of real scenes")
    started = time.perf_counter()
    shown = torch.cat([draw(pipeline, [prompt] * 9) for prompt in SHOWN])
    say(f"nine pictures: {(time.perf_counter() - started) / len(SHOWN):.1f} s")
    save_sheet("examined-nines", shown, columns=9)


def main() -> None:
    """Examine the folder named on the command line, or the shipped one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=WEIGHTS)
    parser.add_argument("--prompts", type=int, default=258)
    options = parser.parse_args()
    examine(options.folder, options.prompts)


if __name__ == "__main__":
    main()
