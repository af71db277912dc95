"""Tiny checkpoints, made once and loaded once."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from generation.checkpoints import Checkpoint
from generation.drawing.pipeline import Pipeline
from tests.generation.checkpoints import tiny


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Checkpoint]:
    """Returns the tiny checkpoint of a maker; no test may write to its folder."""
    root = tmp_path_factory.mktemp("checkpoints")

    @cache
    def made(name: str) -> Checkpoint:
        return tiny.made(name, root / name.replace("_", "-"))

    return made


@pytest.fixture(scope="session")
def tiny_pipeline(tiny_checkpoint: Callable[[str], Checkpoint]) -> Callable[[str], Pipeline]:
    """Returns a tiny checkpoint, loaded."""

    @cache
    def loaded(name: str) -> Pipeline:
        return Pipeline.load(tiny_checkpoint(name), device="cpu")

    return loaded


@pytest.fixture(params=tiny.MAKERS)
def pipeline(request: pytest.FixtureRequest, tiny_pipeline: Callable[[str], Pipeline]) -> Pipeline:
    """Each of the tiny checkpoints in turn, loaded."""
    return tiny_pipeline(request.param)


@pytest.fixture
def doodle(tiny_pipeline: Callable[[str], Pipeline]) -> Pipeline:
    """The tiny checkpoint that is most like the one that ships."""
    return tiny_pipeline("doodle_like")


@pytest.fixture
def doodle_folder(tiny_checkpoint: Callable[[str], Checkpoint], tmp_path: Path) -> Path:
    """A copy of its folder that a test may break."""
    return tiny.copy_of(tiny_checkpoint("doodle_like"), tmp_path / "doodle")
