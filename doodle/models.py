"""The denoiser, its text encoder and noise schedule, and the folder they ship in."""

from pathlib import Path

import torch
from diffusers import (
    AutoencoderTiny,
    DDIMScheduler,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPTextConfig, CLIPTextModel

from doodle.autoencoder import CHANNELS
from doodle.scenes import CELL, CELLS
from doodle.sprites import ARTISTS, TOKEN_SIDE, Pixels, resized
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
CODE = 8
ROOM = len(ARTISTS) * (2 * CHANNELS + 1) + CODE
SHARPNESS = 2.5
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
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
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

    A token is one cell of the sprite: its latents as every artist drew it, the same all of one
    length, so that a product compares them, a code for where in the sprite it is, how much of
    it is covered, and a code for the subject. Words are random.
    """
    text.get_input_embeddings().weight.normal_()
    text.embeddings.position_embedding.weight.normal_(std=0.05)
    for name, weight in text.named_parameters():
        if name.endswith(("out_proj.weight", "fc2.weight")):
            weight.mul_(0.2)
    plant_rows(text, autoencoder, sprites, list(range(len(sprites))))


@torch.no_grad()
def plant_rows(
    text: CLIPTextModel, autoencoder: AutoencoderTiny, sprites: Pixels, rows: list[int]
) -> None:
    """Start the tokens of these subjects from their sprites; the others stay as they are."""
    table = text.get_input_embeddings().weight
    where = _place_code()
    for row in rows:
        latents, covered = zip(
            *(_cells(autoencoder, sprite) for sprite in sprites[row]), strict=True
        )
        own = torch.randn(1, WIDTH - ROOM).expand(PARTS, -1)
        first = first_tokens()[row]
        alike = [functional.normalize(one, dim=1) * CHANNELS**0.5 for one in latents]
        table[first : first + PARTS] = torch.cat([*latents, *alike, where, *covered, own], dim=1)


def _cells(autoencoder: AutoencoderTiny, sprite: Pixels) -> tuple[Tensor, Tensor]:
    """The latents (PARTS, CHANNELS) of a sprite on gray, none where it is clear, and its cover."""
    pixels = torch.from_numpy(resized(sprite, TOKEN_SIDE).copy()).permute(2, 0, 1)[None].float()
    pixels = functional.pad(pixels, (CELL,) * 4)
    opacity = pixels[:, 3:] / 255
    shown = pixels[:, :3] * opacity + GRAY * (1 - opacity)
    latents = autoencoder.encoder(shown / 127.5 - 1)[..., 1:-1, 1:-1]
    covered = functional.avg_pool2d(opacity, CELL)[..., 1:-1, 1:-1]
    kept = latents * (covered > 0.02)
    return kept[0].flatten(1).T, covered[0].flatten(1).T


def _place_code() -> Tensor:
    """A smooth code (PARTS, CODE) for the row and the column of each cell of a sprite."""
    steps = (torch.arange(PARTS_SIDE) + 0.5) / PARTS_SIDE * torch.pi
    waves = torch.cat([(steps[:, None] * k).cos() for k in range(1, CODE // 2 + 1)]).view(
        -1, PARTS_SIDE
    )
    row = waves[:, :, None].expand(-1, -1, PARTS_SIDE)
    column = waves[:, None].expand(-1, PARTS_SIDE, -1)
    return 1.4 * torch.cat([row, column]).flatten(1).T


@torch.no_grad()
def plant_copying(denoiser: UNet2DConditionModel) -> None:
    """Start the attention at full resolution as a search for the cell that looks alike.

    Head by head it compares the noisy latents of a position with a cell as one artist drew it,
    and brings back the cell's latents, cover and place in the sprite: what a perfect denoiser
    of single cells would do. All the rest is learnt.
    """
    width = denoiser.config.block_out_channels[0]
    heads = len(ARTISTS)
    reach = width // heads
    nn.init.zeros_(denoiser.conv_in.weight[:CHANNELS])
    for channel in range(CHANNELS):
        denoiser.conv_in.weight[channel, channel, 1, 1] = 1
    down, up = denoiser.down_blocks[0].attentions, denoiser.up_blocks[-1].attentions
    for attention in (*down, *up):
        block = attention.transformer_blocks[0].attn2
        for head in range(heads):
            rows = slice(reach * head, reach * head + CHANNELS)
            own = slice(CHANNELS * head, CHANNELS * (head + 1))
            rest = range(reach * head + CHANNELS, reach * (head + 1))
            if attention in down:
                block.to_q.weight[reach * head : reach * (head + 1)] *= 0.1
                block.to_q.weight[rows, :CHANNELS] = SHARPNESS * torch.eye(CHANNELS)
            block.to_k.weight[rows] = 0
            alike = slice(own.start + CHANNELS * heads, own.stop + CHANNELS * heads)
            block.to_k.weight[rows, alike] = SHARPNESS * torch.eye(CHANNELS)
            block.to_v.weight[rows] = 0
            block.to_v.weight[rows, own] = torch.eye(CHANNELS)
            for number, row in enumerate(rest):
                block.to_v.weight[row] = 0
                column = 2 * CHANNELS * heads + number
                column += head if number == CODE else 0
                block.to_v.weight[row, column] = 1
    for attention in down:
        nn.init.dirac_(attention.proj_in.weight)
        attention.transformer_blocks[0].attn1.to_out[0].weight *= 0.1
    denoiser.down_blocks[0].resnets[0].conv2.weight *= 0.1


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
