"""Makes tiny checkpoints with random weights, of the same pipeline classes as the real ones.

Each maker saves a folder as `save_pretrained` writes it, safetensors only, and returns the
checkpoint that points at it. They draw noise; what a test looks at is which noise.
"""

# diffusers annotates none of its constructors.
# mypy: disable-error-code="no-untyped-call"

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from safetensors.torch import save_file
from tokenizers.pre_tokenizers import ByteLevel

from generation.checkpoints import Checkpoint, Folder, LargerDecoder

CLIP_TOKENS = 16
CHAT_TOKENS = 32
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def doodle_like(folder: Path) -> Checkpoint:
    """StableDiffusionPipeline with an AutoencoderTiny, a pooled text embedding, and new noise."""
    tokenizer = _clip_tokenizer()
    pipe = diffusers.StableDiffusionPipeline(
        vae=diffusers.AutoencoderTiny(
            encoder_block_out_channels=(8, 8),
            decoder_block_out_channels=(8, 8),
            num_encoder_blocks=(1, 1),
            num_decoder_blocks=(1, 1),
            latent_channels=4,
        ),
        text_encoder=transformers.CLIPTextModel(_clip_config(tokenizer)),
        tokenizer=tokenizer,
        unet=_unet(addition_embed_type="text", addition_embed_type_num_heads=2),
        scheduler=diffusers.DPMSolverMultistepScheduler(
            beta_schedule="scaled_linear",
            prediction_type="v_prediction",
            rescale_betas_zero_snr=True,
            timestep_spacing="trailing",
            algorithm_type="sde-dpmsolver++",
            steps_offset=1,
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    return _saved(pipe, folder, guidance=2.5, negative_prompt=True)


def stable_diffusion_xl(folder: Path) -> Checkpoint:
    """StableDiffusionXLPipeline, with its two text encoders."""
    tokenizer = _clip_tokenizer()
    config = _clip_config(tokenizer)
    pipe = diffusers.StableDiffusionXLPipeline(
        vae=_autoencoder(),
        text_encoder=transformers.CLIPTextModel(config),
        text_encoder_2=transformers.CLIPTextModelWithProjection(config),
        tokenizer=tokenizer,
        tokenizer_2=_clip_tokenizer(),
        unet=_unet(
            cross_attention_dim=64,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + 32,
        ),
        scheduler=diffusers.EulerDiscreteScheduler(),
    )
    return _saved(pipe, folder, guidance=0.0)


def latent_consistency(folder: Path) -> Checkpoint:
    """LatentConsistencyModelPipeline, whose scheduler draws new noise at every step."""
    tokenizer = _clip_tokenizer()
    pipe = diffusers.LatentConsistencyModelPipeline(
        vae=_autoencoder(),
        text_encoder=transformers.CLIPTextModel(_clip_config(tokenizer)),
        tokenizer=tokenizer,
        unet=_unet(time_cond_proj_dim=8),
        scheduler=diffusers.LCMScheduler(beta_schedule="scaled_linear", clip_sample=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    return _saved(pipe, folder, guidance=8.0)


def flux(folder: Path) -> Checkpoint:
    """FluxPipeline: CLIP reads a little of the prompt and T5 the most."""
    clip, t5 = _clip_tokenizer(), _t5_tokenizer()
    pipe = diffusers.FluxPipeline(
        vae=_autoencoder(use_quant_conv=False, use_post_quant_conv=False, shift_factor=0.0),
        text_encoder=transformers.CLIPTextModel(_clip_config(clip)),
        text_encoder_2=transformers.T5EncoderModel(
            transformers.T5Config(
                vocab_size=len(t5), d_model=32, d_kv=8, d_ff=32, num_layers=1, num_heads=4
            )
        ),
        tokenizer=clip,
        tokenizer_2=t5,
        transformer=diffusers.FluxTransformer2DModel(
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=32,
            pooled_projection_dim=32,
            axes_dims_rope=(4, 4, 8),
        ),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=1.0),
    )
    return _saved(pipe, folder, guidance=0.0, longest_prompt=24)


def flux2_klein(folder: Path) -> Checkpoint:
    """Flux2KleinPipeline, distilled; it takes the Qwen3 encoder's layers 9, 18 and 27."""
    tokenizer = _qwen_tokenizer()
    pipe = diffusers.Flux2KleinPipeline(
        vae=diffusers.AutoencoderKLFlux2(
            block_out_channels=(4, 4),
            decoder_block_out_channels=None,
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            layers_per_block=1,
            latent_channels=4,
            norm_num_groups=1,
            sample_size=32,
        ),
        text_encoder=transformers.Qwen3ForCausalLM(_qwen_config(tokenizer, layers=28)),
        tokenizer=tokenizer,
        transformer=diffusers.Flux2Transformer2DModel(
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=3 * 16,
            timestep_guidance_channels=16,
            axes_dims_rope=(4, 4, 4, 4),
            guidance_embeds=False,
        ),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        is_distilled=True,
    )
    return _saved(pipe, folder, guidance=1.0, longest_prompt=CHAT_TOKENS)


def z_image(folder: Path) -> Checkpoint:
    """ZImagePipeline, whose transformer takes prompts of different lengths as they are."""
    tokenizer = _qwen_tokenizer()
    pipe = diffusers.ZImagePipeline(
        vae=_autoencoder(use_quant_conv=False, use_post_quant_conv=False, shift_factor=0.0),
        text_encoder=transformers.Qwen3Model(_qwen_config(tokenizer, layers=2)),
        tokenizer=tokenizer,
        transformer=diffusers.ZImageTransformer2DModel(
            in_channels=4,
            dim=32,
            n_layers=1,
            n_refiner_layers=1,
            n_heads=2,
            n_kv_heads=2,
            cap_feat_dim=16,
            axes_dims=[4, 4, 8],
            axes_lens=[256, 32, 32],
        ),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
    )
    return _saved(pipe, folder, guidance=0.0, longest_prompt=CHAT_TOKENS)


MAKERS: dict[str, Callable[[Path], Checkpoint]] = {
    maker.__name__: maker
    for maker in (
        doodle_like, flux2_klein, z_image, flux, stable_diffusion_xl, latent_consistency,
    )
}  # fmt: skip


def made(name: str, folder: Path) -> Checkpoint:
    """Saves the checkpoint of a maker with the same random weights in every run."""
    torch.manual_seed(0)
    return MAKERS[name](folder)


def with_larger_decoder(checkpoint: Checkpoint, folder: Path, stages: int = 3) -> Checkpoint:
    """Gives a `doodle_like` a decoder of more stages: each makes the side twice as long."""
    torch.manual_seed(1)
    larger: Any = diffusers.AutoencoderTiny(
        encoder_block_out_channels=(8, 8),
        decoder_block_out_channels=(8,) * stages,
        num_encoder_blocks=(1, 1),
        num_decoder_blocks=(1,) * stages,
        latent_channels=4,
    )
    larger.save_config(folder)
    decoder = {f"decoder.{name}": w for name, w in larger.decoder.state_dict().items()}
    save_file(decoder, folder / "diffusion_pytorch_model.safetensors")
    size = (128, 128)
    sizes = (*checkpoint.sizes, size)
    return replace(checkpoint, sizes=sizes, larger_decoder=LargerDecoder(size, folder))


def copy_of(checkpoint: Checkpoint, folder: Path) -> Path:
    """Copies the folder of a checkpoint and returns the copy."""
    assert isinstance(checkpoint.source, Folder)
    return Path(shutil.copytree(checkpoint.source.path, folder))


def _saved(pipe: Any, folder: Path, **settings: Any) -> Checkpoint:
    pipe.save_pretrained(folder)
    common: dict[str, Any] = {
        "name": folder.name,
        "title": folder.name,
        "source": Folder(folder),
        "pipeline": type(pipe).__name__,
        "licence": "Apache-2.0",
        "commercial_ok": True,
        "sizes": ((64, 64), (96, 64)),
        "steps": 2,
        "dtype": "bfloat16",
        "batch_size": 3,
        "memory_gib": 0.1,
        "longest_prompt": CLIP_TOKENS,
        "needs_check": False,
        "samples": ("a fox", "a moon"),
    }
    return Checkpoint(**common | settings)


def _unet(**settings: Any) -> diffusers.UNet2DConditionModel:
    common: dict[str, Any] = {
        "sample_size": 16,
        "block_out_channels": (8, 16),
        "layers_per_block": 1,
        "norm_num_groups": 4,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
        "cross_attention_dim": 32,
        "attention_head_dim": 2,
    }
    return diffusers.UNet2DConditionModel(**common | settings)


def _autoencoder(**settings: Any) -> diffusers.AutoencoderKL:
    return diffusers.AutoencoderKL(
        block_out_channels=(4, 4),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4,
        norm_num_groups=1,
        sample_size=32,
        **settings,
    )


def _clip_config(tokenizer: Any) -> transformers.CLIPTextConfig:
    return transformers.CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=32,
        projection_dim=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=CLIP_TOKENS,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def _qwen_config(tokenizer: Any, layers: int) -> transformers.Qwen3Config:
    return transformers.Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=8,
    )


def _clip_tokenizer() -> Any:
    letters = sorted(ByteLevel.alphabet())
    words = ["<|startoftext|>", "<|endoftext|>", *letters, *(letter + "</w>" for letter in letters)]
    vocabulary = {word: number for number, word in enumerate(words)}
    return transformers.CLIPTokenizer(vocabulary, [], model_max_length=CLIP_TOKENS)


def _t5_tokenizer() -> Any:
    specials = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)]
    letters = [(chr(code), -3.0) for code in range(33, 127)]
    return transformers.T5Tokenizer([*specials, *letters], extra_ids=0, model_max_length=64)


def _qwen_tokenizer() -> Any:
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    words = [*specials, *sorted(ByteLevel.alphabet())]
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = transformers.Qwen2Tokenizer(vocabulary, [], model_max_length=1024)
    tokenizer.add_special_tokens({"additional_special_tokens": specials[1:]})
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer
