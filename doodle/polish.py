"""The decoder's last sharpening: the encoder stays, so the denoiser's world stays as it is."""

import torch
from torch import nn

from doodle.autoencoder import FINE, crops_of, cut, examine, reconstruction_loss
from doodle.denoiser import frozen_autoencoder
from doodle.muon import Muon
from doodle.run import Run
from doodle.scenes import CELL, random_scene
from doodle.state import load_state, save_state

CROP = 8
SCENES = {"cpu": 4, "cuda": 96}
"""What a step learns from, a crop of each."""
NOISE = 0.2


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
        scenes = [random_scene(run.rng, FINE) for _ in range(SCENES[run.device.type])]
        pictures, crops = run.painter.paint(scenes), crops_of(run.rng, scenes, 1, CROP)
        with torch.no_grad(), run.autocast():
            latents = model.encoder(pictures).float()
        latents, wanted = cut(latents, crops, CROP, 1), cut(pictures, crops, CROP, CELL)
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
