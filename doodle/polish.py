"""The decoder's last sharpening: the encoder stays, so the denoiser's world stays as it is."""

import torch
from numpy.random import Generator
from torch import Tensor, nn

from doodle.autoencoder import crop_corner, examine, reconstruction_loss
from doodle.denoiser import frozen_autoencoder
from doodle.muon import Muon
from doodle.paint import paint
from doodle.run import Run, pictures_to_tensor
from doodle.scenes import CELL, Mix, random_scene
from doodle.sprites import Pixels
from doodle.state import load_state, save_state

CROP = 8
NOISE = 0.2
FINE = Mix(weather=0.4, style=0.25)
"""What is finest, drops and outlines and the edges of pixels, comes more often than elsewhere."""


def _crops(rng: Generator, sprites: Pixels, count: int) -> list[tuple[Pixels, int, int]]:
    """Scenes, each with the cell of the corner of a crop."""
    scenes = [random_scene(rng, FINE) for _ in range(count)]
    return [(paint(scene, sprites), *crop_corner(rng, scene, CROP)) for scene in scenes]


def _cut(batch: Tensor, corners: list[tuple[int, int]], cell: int) -> Tensor:
    side = CROP * cell
    cut = [
        one[:, y * cell : y * cell + side, x * cell : x * cell + side]
        for one, (x, y) in zip(batch, corners, strict=True)
    ]
    return torch.stack(cut).contiguous(memory_format=torch.channels_last)


def train(run: Run, rate: float = 1e-3) -> None:
    """Tune the decoder on slightly noisy latents of composed scenes for the run's minutes."""
    model = frozen_autoencoder().to(run.device)
    model.encoder.requires_grad_(False)
    optimiser = Muon(model.decoder.named_parameters())
    saved = load_state("polish")
    if saved is not None:
        optimiser.load_state_dict(saved["optimiser"])

    def keep() -> None:
        state = {"decoder": model.decoder.state_dict(), "optimiser": optimiser.state_dict()}
        save_state("polish", state)
        examine(run, model)

    examine(run, model)
    for step in run.steps(keep):
        drawn = _crops(run.rng, run.sprites, 4)
        pictures = pictures_to_tensor([picture for picture, _, _ in drawn]).to(run.device)
        corners = [(x, y) for _, x, y in drawn]
        with torch.no_grad(), run.autocast():
            latents = model.encoder(pictures).float()
        latents, wanted = _cut(latents, corners, 1), _cut(pictures, corners, CELL)
        noise = NOISE * torch.rand(len(latents), 1, 1, 1, device=run.device)
        with run.autocast():
            made = model.decoder(latents + noise * torch.randn_like(latents))
        loss = reconstruction_loss(made, wanted)
        loss.backward()
        nn.utils.clip_grad_norm_(model.decoder.parameters(), 1.0)
        now = rate * min(1.0, step / 30) * max(0.01, 1 - run.progress)
        optimiser.step(now, now)
        run.note(len(wanted), loss)
    keep()
