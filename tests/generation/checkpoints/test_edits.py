"""A picture that is there already is changed: all of it, or what a mask leaves transparent."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from generation.checkpoints import Checkpoint
from generation.drawing.pipeline import CheckpointBroken, Drawing, Pipeline, PipelineError
from tests.generation.checkpoints import tiny

SIZE = (64, 64)
STRIPES = Image.merge(
    "RGB", [Image.linear_gradient("L").resize(SIZE).rotate(a) for a in (0, 90, 180)]
)
WHOLE = STRIPES.convert("RGBA")
HALF = WHOLE.copy()
HALF.paste((0, 0, 0, 0), (0, 0, 32, 64))
FOX = Drawing("a fox", "", 1)


@pytest.fixture(scope="module", params=["doodle_like", "stable_diffusion_xl", "latent_consistency"])
def editor(
    request: pytest.FixtureRequest, tiny_checkpoint: Callable[[str], Checkpoint]
) -> Pipeline:
    """Each kind of checkpoint that changes pictures."""
    return Pipeline.load(replace(tiny_checkpoint(request.param), edits=True), device="cpu")


def pixels(pipeline: Pipeline, *drawings: Drawing, **more: Any) -> list[np.ndarray]:
    call = {"width": 64, "height": 64, "steps": 4, "guidance": pipeline.checkpoint.guidance}
    return [np.asarray(one, int) for one in pipeline.draw(drawings, **call, **more)]


def test_what_is_not_transparent_keeps_its_pixels(editor: Pipeline) -> None:
    [drawn] = pixels(editor, replace(FOX, source=HALF))
    assert drawn.shape == (64, 64, 3)
    assert (drawn[:, 32:] == np.asarray(STRIPES)[:, 32:]).all()
    assert np.abs(drawn[:, :32] - np.asarray(STRIPES)[:, :32]).mean() > 5


def test_the_whole_picture_is_changed_by_what_is_asked_for(editor: Pipeline) -> None:
    drawn = pixels(
        editor,
        replace(FOX, source=WHOLE),
        replace(FOX, source=WHOLE, seed=2),
        replace(FOX, source=WHOLE.rotate(90)),
        replace(FOX, prompt="zebra crossing", source=WHOLE),
    )
    assert len({one.tobytes() for one in drawn}) == 4


@pytest.mark.parametrize("source", [WHOLE, HALF])
def test_the_same_seed_is_the_same_pixels_whatever_is_drawn_beside_it(
    editor: Pipeline, source: Image.Image
) -> None:
    fox, moon = replace(FOX, source=source), Drawing("a moon", "", 2, source=source)
    alone = [pixels(editor, one)[0] for one in (fox, moon)]
    together = pixels(editor, fox, moon)
    assert all((a == b).all() for a, b in zip(alone, together, strict=True))


def test_a_second_decoder_makes_larger_ones_of_them(
    tiny_checkpoint: Callable[[str], Checkpoint], tmp_path: Path
) -> None:
    larger = tiny.with_larger_decoder(tiny_checkpoint("doodle_like"), tmp_path / "decoder")
    pipeline = Pipeline.load(replace(larger, edits=True), device="cpu")
    source, looks = HALF.resize((128, 128), Image.Resampling.NEAREST), []
    fox = replace(FOX, source=source, looks=1)
    size = {"width": 128, "height": 128, "steps": 4, "guidance": 3.0}
    [drawn] = pipeline.draw([fox], on_look=lambda *look: looks.append(look[2].size), **size)
    kept = np.asarray(source.convert("RGB"))[:, 64:]
    assert (np.asarray(drawn)[:, 64:] == kept).all()
    assert looks == [(128, 128)]
    [whole] = pipeline.draw([replace(fox, source=WHOLE.resize((128, 128)))], **size)
    assert whole.size == (128, 128)


def test_progress_and_looks_come_as_ever(editor: Pipeline) -> None:
    steps: list[float] = []
    looks: list[tuple[int, int]] = []
    drawing = replace(FOX, source=HALF, looks=1)
    pixels(editor, drawing, on_step=steps.append, on_look=lambda *look: looks.append(look[:2]))
    assert steps == [0.25, 0.5, 0.75, 1.0]
    assert looks == [(0, 0)]


def test_new_pictures_are_drawn_as_if_there_were_no_edits(
    editor: Pipeline, tiny_pipeline: Callable[[str], Pipeline]
) -> None:
    plain = tiny_pipeline(editor.checkpoint.name.replace("-", "_"))
    pixels(editor, replace(FOX, source=HALF))
    assert (pixels(editor, FOX)[0] == pixels(plain, FOX)[0]).all()


def test_a_checkpoint_that_changes_none_says_so(doodle: Pipeline) -> None:
    with pytest.raises(PipelineError, match="changes no picture"):
        pixels(doodle, replace(FOX, source=WHOLE))


@pytest.mark.parametrize("name", ["flux", "flux2_klein"])
def test_a_manifest_that_promises_what_cannot_be_done_is_broken(
    name: str, tiny_checkpoint: Callable[[str], Checkpoint]
) -> None:
    with pytest.raises(CheckpointBroken, match="leave edits out"):
        Pipeline.load(replace(tiny_checkpoint(name), edits=True), device="cpu")
