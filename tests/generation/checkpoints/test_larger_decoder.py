"""A checkpoint may have a second decoder, which makes larger pictures of the same latents."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from generation.checkpoints import Checkpoint, ManifestError, load_manifest
from generation.drawing.pipeline import CheckpointBroken, Drawing, Pipeline
from tests.generation.checkpoints import tiny

FOX, MOON = Drawing("a fox", "", 1), Drawing("a moon", "", 2)


@pytest.fixture
def larger(tiny_checkpoint: Callable[[str], Checkpoint], tmp_path: Path) -> Checkpoint:
    """The tiny doodle with a decoder for 128 pixels."""
    return tiny.with_larger_decoder(tiny_checkpoint("doodle_like"), tmp_path / "decoder")


def drawn(pipeline: Pipeline, side: int, *drawings: Drawing) -> list[Any]:
    return pipeline.draw(drawings, width=side, height=side, steps=2, guidance=3.0)


def test_a_larger_picture_is_another_look_at_the_same_latents(
    larger: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = Pipeline.load(larger, device="cpu")
    seen: list[torch.Tensor] = []
    for pipe in (pipeline._pipe, pipeline._larger):
        decode = pipe.vae.decode

        def noting(latents: torch.Tensor, *rest: Any, _do: Any = decode, **named: Any) -> Any:
            seen.append(latents)
            return _do(latents, *rest, **named)

        monkeypatch.setattr(pipe.vae, "decode", noting)
    (small,), (large,) = drawn(pipeline, 64, FOX), drawn(pipeline, 128, FOX)
    assert (small.size, large.size) == ((64, 64), (128, 128))
    assert torch.equal(*seen)


def test_every_other_size_is_drawn_as_without_it(larger: Checkpoint) -> None:
    plain = Pipeline.load(replace(larger, larger_decoder=None), device="cpu")
    both = Pipeline.load(larger, device="cpu")
    (one,), (other,) = drawn(plain, 64, FOX), drawn(both, 64, FOX)
    assert one.tobytes() == other.tobytes()
    assert drawn(plain, 128, FOX)[0].tobytes() != drawn(both, 128, FOX)[0].tobytes()


def test_a_larger_picture_is_the_same_alone_and_beside_another(larger: Checkpoint) -> None:
    pipeline = Pipeline.load(larger, device="cpu")
    (alone,), (beside, _) = drawn(pipeline, 128, FOX), drawn(pipeline, 128, FOX, MOON)
    assert alone.tobytes() == beside.tobytes()


def test_a_decoder_that_makes_another_size_than_it_says_is_refused(
    tiny_checkpoint: Callable[[str], Checkpoint], tmp_path: Path
) -> None:
    base = tiny_checkpoint("doodle_like")
    wrong = tiny.with_larger_decoder(base, tmp_path / "decoder", stages=4)
    with pytest.raises(CheckpointBroken, match="makes 256 × 256 pixels, not 128 × 128"):
        Pipeline.load(wrong, device="cpu")


def test_a_decoder_without_its_weights_is_refused(larger: Checkpoint) -> None:
    assert larger.larger_decoder is not None
    (larger.larger_decoder.folder / "diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(CheckpointBroken, match="diffusion_pytorch_model"):
        Pipeline.load(larger, device="cpu")


def test_another_decoder_is_another_revision(larger: Checkpoint, tmp_path: Path) -> None:
    other = tiny.with_larger_decoder(replace(larger, sizes=((64, 64),)), tmp_path / "b", stages=4)
    plain = replace(larger, larger_decoder=None)
    assert len({one.revision for one in (larger, other, plain)}) == 3


MANIFEST = """
[doodle]
title = "Doodle"
source = {{ folder = "weights" }}
pipeline = "StableDiffusionPipeline"
licence = "Apache-2.0"
commercial_ok = true
sizes = [[256, 256], [512, 512]]
steps = 8
guidance = 3.0
dtype = "bfloat16"
batch_size = 9
memory_gib = 1
longest_prompt = 22
needs_check = false
larger_decoder = {{ {said} }}
"""


def read(folder: Path, said: str) -> Checkpoint:
    file = folder / "manifest.toml"
    file.write_text(MANIFEST.format(said=said))
    return load_manifest(file)["doodle"]


def test_a_manifest_names_its_size_and_folder(tmp_path: Path) -> None:
    decoder = read(tmp_path, 'size = [512, 512], folder = "large"').larger_decoder
    assert decoder is not None
    assert decoder.size == (512, 512)
    assert decoder.folder == tmp_path / "large"


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ('size = [256, 256], folder = "large"', "larger_decoder wants one of the sizes"),
        ('size = [1024, 1024], folder = "large"', "larger_decoder wants one of the sizes"),
        ('size = [500, 512], folder = "large"', "size wants"),
        ("size = [512, 512]", "folder is missing"),
        ('folder = "large"', "size is missing"),
        ('size = [512, 512], folder = "large", scale = 2', "scale is no field"),
    ],
)
def test_a_manifest_that_says_anything_else_is_refused(
    tmp_path: Path, said: str, complaint: str
) -> None:
    with pytest.raises(ManifestError, match=complaint):
        read(tmp_path, said)
