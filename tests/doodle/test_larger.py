"""The larger decoder: it starts from the one that ships, and makes twice the side."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional

from doodle import larger
from doodle.autoencoder import CHANNELS, shipped_autoencoder
from doodle.larger import encoded, new_larger
from doodle.paint import Painter
from doodle.run import Run
from doodle.scenes import CELL, CELLS, Mix, random_scene
from doodle.sprites import Pixels


class OneStep(Run):
    """Its minutes are over after the first step."""

    @property
    def progress(self) -> float:
        return float(self.pictures > 0)


def test_a_scene_in_the_larger_size_is_the_same_scene(sprites: Pixels) -> None:
    scene = random_scene(np.random.default_rng(3), Mix())
    small, large = (Painter(sprites, times=times).paint([scene]) for times in (1, larger.TIMES))
    assert large.shape == (1, 3, 2 * CELL * CELLS, 2 * CELL * CELLS)
    halved = functional.avg_pool2d(large, larger.TIMES)
    assert (halved - small).abs().mean() < 2 / 127.5


@torch.no_grad()
def test_it_makes_twice_the_side_of_the_same_latents(sprites: Pixels) -> None:
    own = shipped_autoencoder()
    made = new_larger(own)
    scene = random_scene(np.random.default_rng(3), Mix())
    latents = encoded(own, Painter(sprites, times=larger.TIMES).paint([scene]))
    assert own.decoder(latents).shape[-1] == CELL * CELLS
    assert made.decoder(latents).shape[-1] == 2 * CELL * CELLS


def test_the_decoder_learns_and_is_written_alone(
    sprites: Pixels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOODLE_STATE", str(tmp_path))
    monkeypatch.setattr(larger, "FOLDER", tmp_path / "decoder")
    latents = torch.zeros(1, CHANNELS, CELLS, CELLS)
    monkeypatch.setattr(larger, "drawn_latents", lambda *_: latents)
    painter = Painter(sprites, times=larger.TIMES)
    monkeypatch.setattr(larger, "large_painter", lambda _: painter)
    monkeypatch.setattr(larger, "examine", lambda *_: None)
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    larger.train(OneStep("larger", 1.0, torch.device("cpu"), sprites, rng))
    written = load_file(tmp_path / "decoder" / "diffusion_pytorch_model.safetensors")
    assert {weight.dtype for weight in written.values()} == {torch.float16}
    before = shipped_autoencoder().decoder.state_dict()
    assert all(name.startswith("decoder.") for name in written)
    first = "decoder.layers.0.weight"
    assert not torch.equal(written[first], before["layers.0.weight"].half())
