"""The autoencoder: 256 px pictures to 16×16×12 latents and back, and how it is trained."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from diffusers import AutoencoderTiny
from diffusers.models.unets.unet_2d_blocks import AutoencoderTinyBlock
from numpy.random import Generator
from torch import Tensor, nn

from doodle.muon import Muon
from doodle.run import Run, cosine, save_sheet
from doodle.scenes import CELL, CELLS, Mix, Scene, random_scene
from doodle.state import WEIGHTS, load_state, save_state

CHANNELS = 12
WIDTH = 48
CROP = 6
FULL_FROM = 0.92
SCENES, EACH = {"cpu": 4, "cuda": 64}, {"cpu": 2, "cuda": 4}
"""What a step learns from: so many scenes, and so many crops of each."""
WHOLE = {"cpu": 1, "cuda": 32}
"""Whole pictures that a step learns from in the end."""
FINE = Mix(weather=0.4, style=0.25)
"""What is finest, drops and outlines and the edges of pixels, comes more often than elsewhere."""


def new_autoencoder() -> AutoencoderTiny:
    """An untrained autoencoder, initialised so that its residual blocks start small."""
    model = AutoencoderTiny(
        encoder_block_out_channels=(WIDTH,) * 5,
        decoder_block_out_channels=(WIDTH,) * 5,
        num_encoder_blocks=(0, 0, 1, 2, 1),
        num_decoder_blocks=(3, 3, 1, 1, 0),
        latent_channels=CHANNELS,
    )
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            if module.bias is None:
                nn.init.kaiming_normal_(module.weight, nonlinearity="linear")
            else:
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, AutoencoderTinyBlock):
                module.conv[4].weight.mul_(0.25)
        model.decoder.layers[-1].weight.mul_(0.3)
        model.decoder.layers[-1].bias.fill_(0.5)
    return model.to(memory_format=torch.channels_last)


class Training(nn.Module):
    """An autoencoder whose latents are normalised by running statistics while it learns."""

    def __init__(self) -> None:
        """Start untrained."""
        super().__init__()
        self.model = new_autoencoder()
        self.norm = nn.BatchNorm2d(CHANNELS, affine=False, momentum=0.02)

    def latents(self, pictures: Tensor) -> Tensor:
        """Latents normalised by the running statistics, which follow every batch.

        Those of a small batch would take its plain colours for its mean and hide them.
        """
        encoded: Tensor = self.model.encoder(pictures).float()
        with torch.no_grad():
            self.norm(encoded)
        mean, spread = self.statistics()
        return (encoded - mean[:, None, None]) / spread[:, None, None]

    def statistics(self) -> tuple[Tensor, Tensor]:
        """The running mean and standard deviation of the raw latents: (CHANNELS,) each."""
        kept = self.norm.state_dict()
        return kept["running_mean"].clone(), (kept["running_var"] + self.norm.eps).sqrt()

    def folded(self) -> AutoencoderTiny:
        """The autoencoder with the normalisation folded into its encoder's last layer."""
        mean, spread = self.statistics()
        model = new_autoencoder().to(mean.device)
        model.load_state_dict(self.model.state_dict())
        last = model.encoder.layers[-1]
        with torch.no_grad():
            last.weight.div_(spread[:, None, None, None])
            last.bias.sub_(mean).div_(spread)
        return model.eval()


def shipped_autoencoder() -> AutoencoderTiny:
    """The autoencoder of the weights that ship, its normalisation folded in."""
    model: AutoencoderTiny = AutoencoderTiny.from_pretrained(
        WEIGHTS / "vae", torch_dtype=torch.float32, local_files_only=True
    )
    return model.to(memory_format=torch.channels_last).eval()


def reconstruction_loss(made: Tensor, wanted: Tensor) -> Tensor:
    """Absolute and squared error, and the error of the edges, which keeps outlines sharp."""
    error = made.float() - wanted
    edges = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    return error.abs().mean() + error.square().mean() + 0.5 * edges


def psnr(made: Tensor, wanted: Tensor) -> float:
    """Mean peak signal-to-noise ratio in dB of pictures between -1 and 1."""
    error = (made.float().clamp(-1, 1) - wanted).square().mean((1, 2, 3))
    return float((10 * torch.log10(4 / error)).mean())


def crop_corner(rng: Generator, scene: Scene, cells: int) -> tuple[int, int]:
    """The cell (x, y) of a crop that shows part of one of the scene's figures."""
    figure = scene.figures[int(rng.integers(len(scene.figures)))]
    reach = max(1, figure.size - cells + 4)
    x, y = (corner - 2 + int(rng.integers(reach + 1)) for corner in (figure.x, figure.y))
    return min(max(x, 0), CELLS - cells), min(max(y, 0), CELLS - cells)


@dataclass(frozen=True)
class Crop:
    """A square of a picture of a batch: its row, and the cell of its corner."""

    row: int
    x: int
    y: int


def crops_of(rng: Generator, scenes: list[Scene], each: int, cells: int) -> list[Crop]:
    """So many crops of each scene, `cells` wide, that show part of a figure."""
    return [
        Crop(row, *crop_corner(rng, scene, cells))
        for row, scene in enumerate(scenes)
        for _ in range(each)
    ]


def cut(batch: Tensor, crops: list[Crop], cells: int, cell: int) -> Tensor:
    """The crops of a batch whose cells are so many pixels wide."""
    side = cells * cell
    parts = [batch[one.row, :, one.y * cell :, one.x * cell :][:, :side, :side] for one in crops]
    return torch.stack(parts).contiguous(memory_format=torch.channels_last)


def _batch(run: Run, full: bool) -> Tensor:
    device = run.device.type
    count = WHOLE[device] if full else SCENES[device]
    scenes = [random_scene(run.rng, FINE) for _ in range(count)]
    pictures = run.painter.paint(scenes)
    if full:
        return pictures
    return cut(pictures, crops_of(run.rng, scenes, EACH[device], CROP), CROP, CELL)


def train(run: Run, rate: float = 1.5e-3) -> None:
    """Train for the run's minutes from the saved state, the shipped autoencoder, or nothing."""
    training = Training().to(run.device)
    if (WEIGHTS / "vae").exists():
        training.model.load_state_dict(shipped_autoencoder().state_dict())
    optimiser = Muon(training.model.named_parameters())
    saved = load_state("autoencoder")
    if saved is not None:
        training.load_state_dict(saved["training"])
        optimiser.load_state_dict(saved["optimiser"])

    def keep() -> None:
        save_state(
            "autoencoder",
            {"training": training.state_dict(), "optimiser": optimiser.state_dict()},
        )
        examine(run, training.folded())

    for step in run.steps(keep):
        full = run.progress > FULL_FROM
        wanted = _batch(run, full)
        with run.autocast():
            latents = training.latents(wanted)
        noise = torch.rand(len(wanted), 1, 1, 1, device=run.device) * 0.15
        with run.autocast():
            made = training.model.decoder(latents + noise * torch.randn_like(latents))
        loss = reconstruction_loss(made, wanted)
        loss.backward()
        nn.utils.clip_grad_norm_(training.model.parameters(), 1.0)
        now = cosine(run.progress, rate, warm=step / 50)
        optimiser.step(now, now)
        run.note(len(wanted), loss)
    keep()


@torch.no_grad()
def examine(run: Run, model: AutoencoderTiny) -> None:
    """Print the reconstruction of held-out scenes and write them as a sheet."""
    rng = run.held_out()
    wanted = run.painter.paint([random_scene(rng, Mix()) for _ in range(16)])
    model = model.to(run.device)
    made = torch.cat([model.decoder(model.encoder(part)) for part in wanted.split(4)])
    run.say(f"reconstruction {psnr(made, wanted):.2f} dB")
    save_sheet("autoencoder", torch.cat([wanted[:8], made[:8]]), columns=8)
