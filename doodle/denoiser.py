"""How the denoiser and its text encoder learn: from a pool of encoded scenes, ever renewed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import torch
from diffusers import AutoencoderTiny, StableDiffusionPipeline
from PIL import Image
from torch import Tensor, nn

from doodle.autoencoder import CHANNELS, Training, shipped_autoencoder
from doodle.ema import Ema
from doodle.lessons import Composed, Lessons
from doodle.models import (
    GUIDANCE,
    STEPS,
    assembled,
    load_folder,
    new_denoiser,
    new_scheduler,
    new_text_encoder,
    plant_sprites,
)
from doodle.muon import Muon
from doodle.run import Run
from doodle.scenes import CELLS
from doodle.state import WEIGHTS, load_state, save_state, state_folder
from doodle.tokenizer import LENGTH, new_tokenizer, vocabulary

BATCH, FRESH = {"cpu": 40, "cuda": 512}, {"cpu": 5, "cuda": 192}
"""Of what a step learns from, so many scenes are new."""
FIRST, CAPACITY = {"cpu": 1000, "cuda": 8000}, {"cpu": 16_000, "cuda": 64_000}
RATE = {"cpu": 1.5e-3, "cuda": 2e-3}
"""Of the matrices; larger batches bear more."""
UNTOLD = 0.1
PASSED = 0.5
"""How often a time is learnt at which a drawing passes, instead of any."""
STEADY_UNTIL = 0.45
PROMPTS = (
    "a fox on a blue background",
    "a cat on a green background",
    "a dog in the snow",
    "a panda on a pink background",
    "a car in the city at night",
    "an apple on a yellow background",
    "a penguin on the beach at sunset",
    "a rocket in space",
    "un lion dans la forêt",
    "a rabbit and a carrot on a white background",
    "a red fox under a full moon",
    "two pumpkins on a green background",
)


@dataclass
class Pool:
    """Latents of scenes with their captions' tokens; new ones replace the oldest once it is full.

    A scene that stays is learnt from several times, with other noise each time.
    """

    autoencoder: AutoencoderTiny
    run: Run
    composed: Iterator[Composed]
    size: int = 0
    oldest: int = 0

    def __post_init__(self) -> None:
        """Start empty."""
        device, tokenizer = self.run.device, new_tokenizer(teaching=True)
        self.capacity = CAPACITY[device.type]
        self.latents = torch.empty(self.capacity, CHANNELS, CELLS, CELLS, device=device)
        self.tokens = torch.empty(self.capacity, LENGTH, dtype=torch.long, device=device)
        silence = tokenizer("", padding="max_length", truncation=True, return_tensors="pt")
        self.silence = silence.input_ids.to(device)

    @torch.no_grad()
    def renew(self) -> None:
        """Encode the next scenes that were composed."""
        layout, tokens = next(self.composed)
        with self.run.autocast():
            encoded = self.autoencoder.encoder(self.run.painter.show(layout)).float()
        rows = (self.oldest + torch.arange(len(tokens))) % self.capacity
        self.latents[rows] = encoded
        self.tokens[rows] = tokens.to(self.run.device)
        self.oldest = (self.oldest + len(tokens)) % self.capacity
        self.size = min(self.size + len(tokens), self.capacity)

    def draw(self, count: int) -> tuple[Tensor, Tensor]:
        """Latents (count, CHANNELS, CELLS, CELLS) and tokens (count, LENGTH); some say nothing."""
        device = self.run.device
        rows = torch.randint(self.size, (count,), device=device)
        told = torch.rand(count, 1, device=device) >= UNTOLD
        return self.latents[rows], torch.where(told, self.tokens[rows], self.silence)


class Learner(nn.Module):
    """The two networks that learn together."""

    def __init__(self) -> None:
        """Start untrained."""
        super().__init__()
        self.text = new_text_encoder()
        self.denoiser = new_denoiser()


def frozen_autoencoder() -> AutoencoderTiny:
    """The autoencoder as last trained here, its decoder polished if it was, or the shipped one."""
    saved = load_state("autoencoder")
    if saved is None:
        model = shipped_autoencoder()
    else:
        training = Training()
        training.load_state_dict(saved["training"])
        model = training.folded()
    polished = load_state("polish")
    if polished is not None:
        model.decoder.load_state_dict(polished["decoder"])
    return model


def loss_of(learner: Learner, latents: Tensor, tokens: Tensor, run: Run) -> Tensor:
    """The weighted v-prediction loss at random times, many of them those that a drawing passes.

    The weight is min(SNR + 1, 5) / (SNR + 1): min-SNR (Hang et al., 2023) shifted by one, as
    it would otherwise be nothing at the noisy end, where the layout is decided.
    """
    times = random_times(len(latents), latents.device)
    noise = torch.randn_like(latents)
    kept = alphas(latents.device)[times]
    signal, spread = kept.sqrt()[:, None, None, None], (1 - kept).sqrt()[:, None, None, None]
    noisy = (signal * latents + spread * noise).contiguous(memory_format=torch.channels_last)
    wanted = signal * noise - spread * latents
    with run.autocast():
        words = learner.text(tokens)[0]
        made = learner.denoiser(noisy, times, words).sample
    snr = kept / (1 - kept).clamp(min=1e-8)
    weight = (snr + 1).clamp(max=5) / (snr + 1)
    error: Tensor = (made.float() - wanted).square().mean((1, 2, 3))
    return (error * weight).mean()


def random_times(count: int, device: torch.device) -> Tensor:
    """So many times between 0 and 999: (count,)."""
    passed = passed_times(device)
    chosen = passed[torch.randint(len(passed), (count,), device=device)]
    anyone = torch.randint(1000, (count,), device=device)
    return torch.where(torch.rand(count, device=device) < PASSED, chosen, anyone)


@cache
def passed_times(device: torch.device) -> Tensor:
    """The times at which a drawing passes: (STEPS,)."""
    scheduler = new_scheduler()
    scheduler.set_timesteps(STEPS)
    times: Tensor = scheduler.timesteps.to(device)
    return times


@cache
def alphas(device: torch.device) -> Tensor:
    """How much of the picture's variance is left at each of the 1,000 times."""
    kept: Tensor = new_scheduler().alphas_cumprod.float().to(device)
    return kept


def pace(progress: float, step: int) -> float:
    """Warm up, stay, then fall to a hundredth."""
    fall = 1.0 if progress < STEADY_UNTIL else 1 - (progress - STEADY_UNTIL) / (1 - STEADY_UNTIL)
    return min(1.0, step / 60) * max(0.01, fall)


def _started(learner: Learner, autoencoder: AutoencoderTiny, run: Run) -> bool:
    """Start from the shipped weights if they are of this kind and encoder, else from nothing.

    Returns whether it is from nothing. Subjects that the shipped weights do not know start from
    their sprites either way.
    """
    plant_sprites(learner.text, autoencoder, run.sprites)
    shipped = load_folder(WEIGHTS) if (WEIGHTS / "model_index.json").exists() else None
    if shipped is None or not _continues(shipped, learner, autoencoder):
        return True
    learner.denoiser.load_state_dict(shipped.unet.state_dict())
    words_of(learner, shipped.text_encoder.state_dict(), shipped.tokenizer.get_vocab())
    return False


def _continues(
    shipped: StableDiffusionPipeline, learner: Learner, autoencoder: AutoencoderTiny
) -> bool:
    """Whether shipped weights are those of an earlier learner with the encoder in use."""
    sides = ("block_out_channels", "down_block_types", "up_block_types", "cross_attention_dim")
    ours, theirs = learner.denoiser.config, shipped.unet.config
    if any(json.dumps(ours[side]) != json.dumps(theirs[side]) for side in sides):
        return False
    one, other = shipped.vae.encoder.state_dict(), autoencoder.encoder.state_dict()
    return one.keys() == other.keys() and all(
        one[name].shape == other[name].shape
        and torch.allclose(one[name], other[name].cpu(), rtol=1e-2, atol=1e-3)
        for name in one
    )


@torch.no_grad()
def words_of(learner: Learner, text: dict[str, Tensor], ids: dict[str, int]) -> None:
    """Take over a trained text encoder, its tokens by their names: the table may have grown."""
    name = "embeddings.token_embedding.weight"
    table = learner.text.state_dict()[name].clone()
    for row, token in enumerate(vocabulary()):
        if token in ids:
            table[row] = text[name][ids[token]]
    learner.text.load_state_dict({**text, name: table})


def train(run: Run, adam_rate: float = 1e-3) -> None:
    """Train for the run's minutes from the saved state, the shipped weights, or nothing."""
    autoencoder = frozen_autoencoder().to(run.device)
    learner = Learner()
    saved = load_state("denoiser")
    fresh = _started(learner, autoencoder, run) if saved is None else False
    learner.to(run.device)
    optimiser, ema = Muon(learner.named_parameters()), Ema(learner)
    if saved is not None:
        learner.load_state_dict(saved["learner"])
        optimiser.load_state_dict(saved["optimiser"])
        ema.weights, ema.steps = [w.to(run.device) for w in saved["ema"]], saved["steps"]
    lessons = Lessons(FRESH[run.device.type], int(run.rng.integers(2**31)), fresh)
    pool = Pool(autoencoder, run, lessons.composed(run.device))
    while pool.size < FIRST[run.device.type]:
        pool.renew()

    def keep() -> None:
        state = {"learner": learner.state_dict(), "optimiser": optimiser.state_dict()}
        save_state("denoiser", {**state, "ema": ema.weights, "steps": ema.steps})
        mean = ema.written_to(Learner())
        denoiser = mean.denoiser.to(memory_format=torch.channels_last)
        draw_sheet(assembled(autoencoder, mean.text, denoiser).to(run.device))

    for step in run.steps(keep):
        lessons.progress[0] = run.progress
        pool.renew()
        loss = loss_of(learner, *pool.draw(BATCH[run.device.type]), run)
        loss.backward()
        nn.utils.clip_grad_norm_(learner.parameters(), 1.0)
        now = pace(run.progress, step)
        optimiser.step(RATE[run.device.type] * now, adam_rate * now)
        ema.follow(learner)
        run.note(BATCH[run.device.type], loss)
    keep()


def draw_sheet(pipeline: StableDiffusionPipeline) -> None:
    """Draw the sample prompts, each from its own seed, and write them as a sheet."""
    pictures = []
    for start in range(0, len(PROMPTS), 9):
        prompts = list(PROMPTS[start : start + 9])
        seeds = [torch.Generator().manual_seed(start + i) for i in range(len(prompts))]
        pictures += pipeline(
            prompts,
            num_inference_steps=STEPS,
            guidance_scale=GUIDANCE,
            generator=seeds,
            height=256,
            width=256,
        ).images
    sheet = Image.new("RGB", (6 * 260, 2 * 260), "white")
    for number, picture in enumerate(pictures):
        sheet.paste(picture, (number % 6 * 260, number // 6 * 260))
    sheet.save(state_folder() / "denoiser.png")
