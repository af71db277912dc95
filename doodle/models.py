"""The denoiser, its text encoder and noise schedule, and the folder they ship in."""

import json
from pathlib import Path

import torch
from diffusers import (
    AutoencoderTiny,
    DPMSolverMultistepScheduler,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from torch import Tensor
from torch.nn import functional
from transformers import CLIPTextConfig, CLIPTextModel

from doodle.autoencoder import CHANNELS
from doodle.paint import resized
from doodle.scenes import CELL, CELLS, used_artists
from doodle.sprites import TOKEN_SIDE, Pixels
from doodle.subjects import sprite_row, subjects
from doodle.tokenizer import END, LENGTH, START, first_subject, new_tokenizer, vocabulary

WIDTH = 256
STEPS, GUIDANCE = 8, 2.5
"""How its pictures are drawn."""
LOOKS = 192
"""How much of a subject's token starts from its look."""
LOOKS_SEED = 1
GRAY = 128
SIZE_LIMIT = 36 * 2**20


def new_text_encoder() -> CLIPTextModel:
    """An untrained text encoder of two layers."""
    start, end = vocabulary().index(START), vocabulary().index(END)
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(vocabulary()),
            hidden_size=WIDTH,
            intermediate_size=2 * WIDTH,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=LENGTH,
            projection_dim=WIDTH,
            bos_token_id=start,
            eos_token_id=end,
            pad_token_id=end,
        )
    )


def new_denoiser() -> UNet2DConditionModel:
    """An untrained denoiser that reads the words in its middle and at the lower resolution.

    `attention_head_dim` is the number of heads here, as diffusers has it.
    """
    return UNet2DConditionModel(
        sample_size=CELLS,
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        down_block_types=("DownBlock2D", "DownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(128, 256),
        layers_per_block=1,
        cross_attention_dim=WIDTH,
        attention_head_dim=4,
        norm_num_groups=16,
        addition_embed_type="text",
        addition_embed_type_num_heads=8,
    ).to(memory_format=torch.channels_last)


def new_scheduler() -> DPMSolverMultistepScheduler:
    """v-prediction from pure noise: zero terminal SNR, so plain colours come out plain.

    In few steps a deterministic solver stays between what a prompt leaves open (a gray between
    two backgrounds); fresh noise in every step lets it settle on one of them.
    """
    return DPMSolverMultistepScheduler(
        num_train_timesteps=1000,
        beta_schedule="scaled_linear",
        beta_start=0.00085,
        beta_end=0.012,
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        algorithm_type="sde-dpmsolver++",
        steps_offset=1,
        # Less than any: without an end it is written as -Infinity, which is not JSON.
        lambda_min_clipped=-20.0,
    )


@torch.no_grad()
def plant_sprites(text: CLIPTextModel, autoencoder: AutoencoderTiny, sprites: Pixels) -> None:
    """Start the token of every subject from the latents of its sprites; words are random.

    What looks alike starts alike, so that what is learnt of one subject serves the others and
    the whole is close to rendering a code; a random part tells apart what is too much alike.
    The projection is always the same, so that a table that has grown goes on from its weights.
    """
    table = text.get_input_embeddings().weight
    table.normal_()
    text.embeddings.position_embedding.weight.normal_(std=0.05)
    looks = torch.stack(
        [
            _look(autoencoder, sprites[sprite_row(row) :][: len(subject.drawings)])
            for row, subject in enumerate(subjects())
        ]
    )
    looks -= looks.mean(0)
    chance = torch.Generator().manual_seed(LOOKS_SEED)
    projected = looks @ torch.randn(looks.shape[1], LOOKS, generator=chance)
    table[first_subject() :, :LOOKS] = projected / projected.std()


def _look(autoencoder: AutoencoderTiny, drawings: Pixels) -> Tensor:
    """What a subject's drawings by the artists in use are like on gray: one flat tensor."""
    chosen = drawings[:, used_artists()].reshape(-1, *drawings.shape[2:])
    device = next(autoencoder.parameters()).device
    pixels = resized(torch.from_numpy(chosen).to(device), TOKEN_SIDE)
    opacity = pixels[:, 3:] / 255
    shown = pixels[:, :3] * opacity + GRAY * (1 - opacity)
    latents: Tensor = autoencoder.encoder(shown / 127.5 - 1)
    covered = functional.avg_pool2d(opacity, CELL)
    return torch.cat([latents, 2 * covered], dim=1).mean(0).flatten().cpu()


def assembled(
    autoencoder: AutoencoderTiny, text: CLIPTextModel, denoiser: UNet2DConditionModel
) -> StableDiffusionPipeline:
    """The parts as one stock pipeline."""
    pipeline = StableDiffusionPipeline(
        vae=autoencoder,
        text_encoder=text,
        tokenizer=new_tokenizer(),
        unet=denoiser,
        scheduler=new_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def write_folder(pipeline: StableDiffusionPipeline, folder: Path) -> int:
    """Save a copy of the pipeline in fp16 safetensors; returns its size in bytes.

    Raises `ValueError` if the folder outgrows what the repository should carry.
    """
    pipeline.to(torch.float16)
    pipeline.save_pretrained(folder, safe_serialization=True)
    for config in (folder / "model_index.json", *folder.glob("*/config.json")):
        said = json.loads(config.read_text(encoding="utf-8"))
        # What was loaded from a folder would tell where that is on this machine.
        if said.pop("_name_or_path", None) is not None:
            config.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    if size > SIZE_LIMIT:
        raise ValueError(f"{folder} is {size / 2**20:.1f} MiB, more than {SIZE_LIMIT / 2**20:.0f}")
    return size


def load_folder(folder: Path) -> StableDiffusionPipeline:
    """The shipped pipeline in fp32, laid out in memory as the workers draw with it."""
    pipeline = StableDiffusionPipeline.from_pretrained(
        folder, torch_dtype=torch.float32, local_files_only=True
    )
    for part in (pipeline.unet, pipeline.vae):
        part.to(memory_format=torch.channels_last)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline
