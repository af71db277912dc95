"""The denoiser, its text encoder and noise schedule, and the folder they ship in."""

from pathlib import Path

import torch
from diffusers import (
    AutoencoderTiny,
    DDIMScheduler,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel

from doodle.autoencoder import CHANNELS
from doodle.scenes import CELLS
from doodle.sprites import TOKEN_SIDE, Pixels, resized
from doodle.tokenizer import (
    END,
    LENGTH,
    PARTS,
    PARTS_SIDE,
    START,
    first_tokens,
    new_tokenizer,
    vocabulary,
)

WIDTH = 256
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
    """An untrained denoiser that reads the words in the middle and on its way up.

    `attention_head_dim` is the number of heads here, as diffusers has it.
    """
    return UNet2DConditionModel(
        sample_size=CELLS,
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        down_block_types=("DownBlock2D", "DownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        block_out_channels=(96, 192),
        layers_per_block=1,
        cross_attention_dim=WIDTH,
        attention_head_dim=4,
        norm_num_groups=16,
        addition_embed_type="text",
        addition_embed_type_num_heads=8,
    ).to(memory_format=torch.channels_last)


def new_scheduler() -> DDIMScheduler:
    """v-prediction from pure noise: zero terminal SNR, so plain colours come out plain."""
    return DDIMScheduler(
        num_train_timesteps=1000,
        beta_schedule="scaled_linear",
        beta_start=0.00085,
        beta_end=0.012,
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        clip_sample=False,
        set_alpha_to_one=True,
        steps_offset=1,
    )


@torch.no_grad()
def plant_sprites(text: CLIPTextModel, autoencoder: AutoencoderTiny, sprites: Pixels) -> None:
    """Start the tokens of every subject from the latents of its sprites.

    A token holds its patch as every artist drew it, and after that a code for where in the
    sprite the patch belongs. Words start at random.
    """
    table = text.get_input_embeddings().weight
    table.normal_(std=0.5)
    codes = torch.randn(PARTS, WIDTH)
    for row, first in enumerate(first_tokens()):
        patches = torch.cat([_patches(autoencoder, sprite) for sprite in sprites[row]], dim=1)
        table[first : first + PARTS] = codes
        table[first : first + PARTS, : patches.shape[1]] = patches
    text.embeddings.position_embedding.weight.normal_(std=0.1)


def _patches(autoencoder: AutoencoderTiny, sprite: Pixels) -> Tensor:
    """The latents of a sprite on gray, less those of the gray, cut into (PARTS, 48) patches."""
    pixels = torch.from_numpy(resized(sprite, TOKEN_SIDE).copy()).permute(2, 0, 1)[None].float()
    opacity = pixels[:, 3:] / 255
    gray = torch.full_like(pixels[:, :3], GRAY)
    shown = pixels[:, :3] * opacity + gray * (1 - opacity)
    latents = autoencoder.encoder(shown / 127.5 - 1) - autoencoder.encoder(gray / 127.5 - 1)
    side = latents.shape[-1] // PARTS_SIDE
    cut = latents[0].unfold(1, side, side).unfold(2, side, side)
    patches: Tensor = cut.permute(1, 2, 0, 3, 4).reshape(PARTS, -1)
    return patches


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
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    if size > SIZE_LIMIT:
        raise ValueError(f"{folder} is {size / 2**20:.1f} MiB, more than {SIZE_LIMIT / 2**20:.0f}")
    return size


def load_folder(folder: Path) -> StableDiffusionPipeline:
    """The shipped pipeline in fp32."""
    pipeline = StableDiffusionPipeline.from_pretrained(
        folder, torch_dtype=torch.float32, local_files_only=True
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline
