"""A larger decoder for the weights that ship: 512 px from the same latents as their own 256 px.

It begins as a copy of their own decoder with one stage more. What encodes and what denoises stay as
they are, so that a larger picture shows the same drawing.
"""

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny
from diffusers.models.unets.unet_2d_blocks import AutoencoderTinyBlock
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from doodle.autoencoder import psnr, reconstruction_loss, shipped_autoencoder
from doodle.captions import caption
from doodle.models import GUIDANCE, STEPS, load_folder
from doodle.muon import Muon
from doodle.paint import Painter
from doodle.run import Run, save_sheet
from doodle.scenes import CELL, USUAL, Mix, random_scene
from doodle.sprites import ARTISTS, large_sprites
from doodle.state import WEIGHTS, load_state, save_state

FOLDER = WEIGHTS / "decoder_512"
TIMES = 2
LARGEST = USUAL
"""Cells of the largest figure that is rendered in its size; others are enlarged."""
SCENES = {"cpu": 1, "cuda": 16}
"""What a step learns from."""
NOISE, SOFTNESS = 0.15, 0.5
"""What is drawn is noisier and softer than what an encoder makes of a painting."""
DRAWN = 48
"""Latents that the weights themselves have drawn, which keep the colours."""
COARSE = 8
"""Pixels of the own size over which a larger picture must have the same colour."""
FAITH = 2.0
"""How much that counts beside the likeness to the paintings."""


def new_larger(own: AutoencoderTiny) -> AutoencoderTiny:
    """The autoencoder with one stage more in its decoder, which starts as a plain enlargement."""
    blocks, widths = own.config.num_decoder_blocks, own.config.decoder_block_out_channels
    settings = {name: own.config[name] for name in own.config if not name.startswith("_")}
    settings.pop("block_out_channels")
    larger = AutoencoderTiny(
        **settings
        | {
            "num_decoder_blocks": (*blocks[:-1], 1, 0),
            "decoder_block_out_channels": (*widths, widths[-1]),
        }
    )
    larger.encoder.load_state_dict(own.encoder.state_dict())
    kept = len(own.decoder.layers) - 1
    for new, old in zip(larger.decoder.layers[:kept], own.decoder.layers[:kept], strict=True):
        new.load_state_dict(old.state_dict())
    block, _, enlarged, last = larger.decoder.layers[kept:]
    with torch.no_grad():
        _start_small(block)
        nn.init.dirac_(enlarged.weight)
        last.load_state_dict(own.decoder.layers[-1].state_dict())
    return larger.to(memory_format=torch.channels_last)


def _start_small(block: AutoencoderTinyBlock) -> None:
    for layer in block.conv:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
    block.conv[4].weight.mul_(0.1)


def save_decoder(larger: AutoencoderTiny, folder: Path) -> None:
    """Writes the decoder's weights in fp16, with the configuration of the whole."""
    larger.save_config(folder)
    weights = {
        f"decoder.{name}": weight.detach().to(torch.float16).contiguous()
        for name, weight in larger.decoder.state_dict().items()
    }
    save_file(weights, folder / "diffusion_pytorch_model.safetensors", {"format": "pt"})


def large_painter(device: torch.device) -> Painter:
    """Paints in the larger size."""
    side = LARGEST * CELL * TIMES
    drawn = [large_sprites(artist, side) for artist in ARTISTS]
    return Painter(np.stack(drawn, axis=1), device, TIMES)


def encoded(own: AutoencoderTiny, large: Tensor) -> Tensor:
    """The latents of large pictures, which are halved first."""
    halves = functional.interpolate(
        large, scale_factor=1 / TIMES, mode="bicubic", antialias=True, align_corners=False
    )
    latents: Tensor = own.encoder(halves.clamp(-1, 1)).float()
    return latents


def drawn_latents(run: Run, count: int) -> Tensor:
    """Latents that the weights that ship draw of random scenes."""
    rng, pipeline, parts = run.rng, load_folder(WEIGHTS).to(run.device), []
    for _ in range(-(-count // 8)):
        prompts = [caption(random_scene(rng, Mix()), rng) for _ in range(8)]
        noise = torch.Generator().manual_seed(int(rng.integers(2**31)))
        parts.append(pipeline(prompts, num_inference_steps=STEPS, guidance_scale=GUIDANCE,
                              generator=noise, output_type="latent").images)  # fmt: skip
    return torch.cat(parts)[:count].float()


def _worse(latents: Tensor) -> Tensor:
    """Latents as soft and noisy as those that are drawn."""
    near = functional.avg_pool2d(latents, 3, stride=1, padding=1, count_include_pad=False)
    soft, loud = SOFTNESS * torch.rand(1), NOISE * torch.rand(1)
    softened = latents.lerp(near, float(soft))
    return softened + float(loud) * torch.randn_like(latents)


def unfaithfulness(own: AutoencoderTiny, larger: AutoencoderTiny, latents: Tensor) -> Tensor:
    """How far the colours of a larger picture are from those of the own decoder's."""
    with torch.no_grad():
        wanted = functional.avg_pool2d(own.decoder(latents).float(), COARSE)
    made = functional.avg_pool2d(larger.decoder(latents).float(), COARSE * TIMES)
    return (made - wanted).abs().mean()


def train(run: Run, rate: float = 1e-3) -> None:
    """Train the larger decoder for the run's minutes, and write it beside the weights."""
    own = shipped_autoencoder().requires_grad_(False).to(run.device)
    larger = new_larger(own).to(run.device)
    larger.encoder.requires_grad_(False)
    optimiser, painter = Muon(larger.decoder.named_parameters()), large_painter(run.device)
    drawn, count = drawn_latents(run, DRAWN), SCENES[run.device.type]
    saved = load_state("larger")
    if saved is not None:
        larger.load_state_dict(saved["larger"])
        optimiser.load_state_dict(saved["optimiser"])

    def keep() -> None:
        state = {"larger": larger.state_dict(), "optimiser": optimiser.state_dict()}
        save_state("larger", state)
        examine(run, painter, own, larger)

    for step in run.steps(keep):
        wanted = painter.paint([random_scene(run.rng, Mix()) for _ in range(count)])
        with torch.no_grad(), run.autocast():
            latents = _worse(encoded(own, wanted))
        with run.autocast():
            made = larger.decoder(latents)
        loss = reconstruction_loss(made, wanted)
        if step % 2:
            with run.autocast():
                some = drawn[torch.randint(len(drawn), (count,), device=run.device)]
                loss = loss + FAITH * unfaithfulness(own, larger, some)
        loss.backward()
        nn.utils.clip_grad_norm_(larger.decoder.parameters(), 1.0)
        now = rate * min(1.0, step / 30) * max(0.01, 1 - run.progress)
        optimiser.step(now, now)
        run.note(len(wanted), loss)
    keep()
    save_decoder(larger, FOLDER)


@torch.no_grad()
def examine(run: Run, painter: Painter, own: AutoencoderTiny, larger: AutoencoderTiny) -> None:
    """Print how it compares with an enlargement of the own decoder's pictures; write a sheet."""
    rng = run.held_out()
    wanted = painter.paint([random_scene(rng, Mix()) for _ in range(8)])
    pairs = [_compared(own, larger, one) for one in wanted.split(1)]
    enlarged, made = (torch.cat(side) for side in zip(*pairs, strict=True))
    run.say(f"enlarged {psnr(enlarged, wanted):.2f} dB, larger {psnr(made, wanted):.2f} dB")
    save_sheet("larger", torch.cat([wanted[:3], enlarged[:3], made[:3]]), columns=3)


def _compared(
    own: AutoencoderTiny, larger: AutoencoderTiny, wanted: Tensor
) -> tuple[Tensor, Tensor]:
    latents = encoded(own, wanted)
    small = own.decoder(latents).clamp(-1, 1)
    enlarged = functional.interpolate(
        small, scale_factor=TIMES, mode="bicubic", align_corners=False
    )
    return enlarged, larger.decoder(latents)
