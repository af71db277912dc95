"""The folder that ships is small, plain and draws."""

from copy import deepcopy
from pathlib import Path

import pytest
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image, ImageChops, ImageStat
from safetensors import safe_open

from doodle.models import GUIDANCE, SIZE_LIMIT, STEPS, load_folder, write_folder
from doodle.state import WEIGHTS
from generation.catalogue import MANIFEST
from generation.checkpoints import load_manifest
from generation.drawing.pipeline import Drawing, Pipeline


@pytest.fixture(scope="module")
def pipeline() -> StableDiffusionPipeline:
    """The shipped pipeline."""
    return load_folder(WEIGHTS)


def files() -> list[Path]:
    """Everything in the folder."""
    return [path for path in WEIGHTS.rglob("*") if path.is_file()]


def test_what_is_written_tells_no_folder_of_the_machine(
    pipeline: StableDiffusionPipeline, tmp_path: Path
) -> None:
    write_folder(deepcopy(pipeline), tmp_path)
    for folder in (WEIGHTS, tmp_path):
        for config in folder.rglob("*.json"):
            assert str(WEIGHTS.parent) not in config.read_text(encoding="utf-8")


def test_the_folder_is_small_enough_for_the_repository() -> None:
    assert 0 < sum(path.stat().st_size for path in files()) <= SIZE_LIMIT


def test_weights_are_half_precision_safetensors_and_nothing_else() -> None:
    assert {path.suffix for path in files()} == {".json", ".safetensors"}
    for path in WEIGHTS.rglob("*.safetensors"):
        with safe_open(path, "pt") as tensors:
            assert {tensors.get_tensor(name).dtype for name in tensors.keys()}  # noqa: SIM118 == {torch.float16}


def test_every_token_has_a_row_of_the_text_encoder(pipeline: StableDiffusionPipeline) -> None:
    rows = set(pipeline.tokenizer.get_vocab().values())
    assert rows <= set(range(pipeline.text_encoder.config.vocab_size))


def drawn(pipeline: StableDiffusionPipeline, prompts: list[str], seeds: list[int]) -> torch.Tensor:
    """Pictures of the prompts (N, 3, 256, 256), each from its seed."""
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    made = pipeline(
        prompts, num_inference_steps=2, guidance_scale=3.0, generator=generators, output_type="pt"
    )
    pictures: torch.Tensor = made.images
    return pictures


def test_the_shipped_folder_draws_a_plain_background_in_its_colour(
    pipeline: StableDiffusionPipeline,
) -> None:
    prompts = ["a cat on a red background", "a cat on a blue background"]
    red, blue = drawn(pipeline, prompts, [0, 0])
    assert red.shape == (3, 256, 256)
    assert red[0, :8].mean() > red[2, :8].mean() + 0.2
    assert blue[2, :8].mean() > blue[0, :8].mean() + 0.2


def test_a_seed_draws_the_same_picture_again(pipeline: StableDiffusionPipeline) -> None:
    once, again = (drawn(pipeline, ["a fox"], [5]) for _ in range(2))
    other = drawn(pipeline, ["a fox"], [6])
    assert torch.equal(once, again)
    assert not torch.allclose(once, other, atol=0.05)


def test_the_site_draws_as_the_examination_does() -> None:
    checkpoint = load_manifest(MANIFEST)["doodle"]
    assert (checkpoint.steps, checkpoint.guidance) == (STEPS, GUIDANCE)


def test_the_larger_decoder_shows_the_same_drawing_in_finer_lines() -> None:
    checkpoint = load_manifest(MANIFEST)["doodle"]
    fox = [Drawing("a fox on a blue background", "", 5)]
    small, large = (
        Pipeline.load(checkpoint).draw(
            fox, width=side, height=side, steps=STEPS, guidance=GUIDANCE
        )[0]
        for side in (256, 512)
    )
    assert large.size == (512, 512)
    halved = large.resize(small.size, Image.Resampling.BOX)
    assert ImageStat.Stat(ImageChops.difference(small, halved)).mean < [12.0] * 3
    enlarged = small.resize(large.size, Image.Resampling.BICUBIC)
    assert _fineness(large) > 1.2 * _fineness(enlarged)


def _fineness(picture: Image.Image) -> float:
    """What of a picture is too fine for half its size."""
    half = picture.resize((256, 256), Image.Resampling.BOX).resize((512, 512))
    return float(sum(ImageStat.Stat(ImageChops.difference(picture, half)).rms))
