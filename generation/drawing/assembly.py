"""Puts a checkpoint's parts together as a pipeline of diffusers, and on a device."""

import inspect
from pathlib import Path
from typing import Any, cast

import diffusers
import torch
from huggingface_hub import hf_hub_download
from safetensors.torch import load_file

from generation.checkpoints import Checkpoint, Folder, HubFile, LargerDecoder

DECODER = "decoder."
"""How the names of a decoder's weights begin in an autoencoder's."""


def assembled(checkpoint: Checkpoint, dtype: torch.dtype) -> Any:
    """Returns the pipeline of a checkpoint, on no device yet."""
    pipeline_class = _diffusers_class(checkpoint.pipeline, diffusers.DiffusionPipeline)
    where, origin = _origin(checkpoint)
    parts: dict[str, Any] = {}
    if "safety_checker" in inspect.signature(pipeline_class).parameters:
        # It would paint pictures black; what may be shown is for the image check to say.
        parts |= {"safety_checker": None, "requires_safety_checker": False}
    if checkpoint.unet is not None:
        parts["unet"] = _unet(checkpoint, dtype)
    pipe = pipeline_class.from_pretrained(
        where, dtype=dtype, use_safetensors=True, **origin, **parts
    )
    if checkpoint.scheduler is not None:
        replacement = _diffusers_class(checkpoint.scheduler.name, diffusers.SchedulerMixin)
        config, options = pipe.scheduler.config, checkpoint.scheduler.options
        pipe.scheduler = replacement.from_config(config, **options)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def with_larger_decoder(pipe: Any, larger: LargerDecoder, size: tuple[int, int]) -> Any:
    """Returns the same pipeline with another decoder; all other parts are shared.

    Args:
        pipe: on its device.
        larger: its folder holds the configuration of the whole autoencoder, and the weights of the
            decoder alone: what encodes is the checkpoint's own.
        size: in pixels, of what the checkpoint's own decoder makes of the same latents.

    Raises:
        ValueError: it makes pictures of another size than it is said to.
    """
    parts = {**pipe.components, "vae": _larger_autoencoder(pipe.vae, larger.folder)}
    parameters = inspect.signature(type(pipe)).parameters
    options = {name: pipe.config[name] for name in parameters if name not in parts}
    made = type(pipe)(**parts, **options)
    made.set_progress_bar_config(disable=True)
    factor = made.vae_scale_factor // pipe.vae_scale_factor
    makes = (size[0] * factor, size[1] * factor)
    if makes != larger.size:
        raise ValueError(
            f"the decoder in {larger.folder} makes {makes[0]} × {makes[1]} pixels, "
            f"not {larger.size[0]} × {larger.size[1]}"
        )
    return made


def sister_of(pipe: Any) -> Any:
    """Returns the pipeline of the same parts that begins with a picture.

    Raises:
        ValueError: there is none that fits.
    """
    sister: Any = diffusers.AutoPipelineForImage2Image.from_pipe(pipe)
    takes = inspect.signature(type(sister).__call__).parameters
    # FLUX packs its latents: what a mask keeps could not be put back.
    if "strength" not in takes or hasattr(pipe, "_unpack_latents"):
        raise ValueError(f"{type(pipe).__name__} changes no pictures here: leave edits out")
    sister.set_progress_bar_config(disable=True)
    return sister


def _larger_autoencoder(own: Any, folder: Path) -> Any:
    autoencoder_class: Any = type(own)
    config = autoencoder_class.load_config(folder, local_files_only=True)
    with torch.device("meta"):
        made = autoencoder_class.from_config(config)
    decoder = load_file(folder / "diffusion_pytorch_model.safetensors")
    kept = {name: w for name, w in own.state_dict().items() if not name.startswith(DECODER)}
    made.load_state_dict(kept | decoder, assign=True)
    return made.to(own.device, own.dtype).eval().to(memory_format=torch.channels_last)


def _origin(checkpoint: Checkpoint) -> tuple[str, dict[str, Any]]:
    """What `from_pretrained` is to load, and the arguments that pin it down."""
    source = checkpoint.source
    if isinstance(source, Folder):
        if not (source.path / "model_index.json").is_file():
            raise FileNotFoundError(f"{source.path} holds no model_index.json")
        return str(source.path), {"local_files_only": True}
    return source.repository, {"revision": source.revision, "variant": source.variant or None}


def _unet(checkpoint: Checkpoint, dtype: torch.dtype) -> torch.nn.Module:
    where, origin = _origin(checkpoint)
    origin.pop("variant", None)
    unet_class: Any = diffusers.UNet2DConditionModel
    config = unet_class.load_config(where, subfolder="unet", **origin)
    with torch.device("meta"):
        unet: torch.nn.Module = unet_class.from_config(config)
    unet.load_state_dict(load_file(_unet_file(checkpoint.unet)), assign=True)
    return unet.to(dtype).eval()


def _unet_file(weights: Path | HubFile | None) -> Path:
    if isinstance(weights, HubFile):
        file = hf_hub_download(weights.repository, weights.file, revision=weights.revision)
        return Path(file)
    if weights is None or not weights.is_file():
        raise FileNotFoundError(f"{weights} is no file")
    return weights


def place(pipe: Any, device: torch.device, memory_gib: float) -> None:
    """Puts a pipeline on a device, or its parts by turns where the whole is too large for it."""
    for name in ("unet", "vae"):
        if part := getattr(pipe, name, None):
            # Convolutions run faster on it: nine doodles take 1.6 s in place of 1.9 s.
            part.to(memory_format=torch.channels_last)
    if device.type == "cuda" and _memory_of(device) < memory_gib:
        pipe.enable_model_cpu_offload(device=device)
    else:
        pipe.to(device)


def _memory_of(device: torch.device) -> float:
    return torch.cuda.get_device_properties(device).total_memory / 2**30


def dtype_of(name: str, device: torch.device) -> torch.dtype:
    """A CPU has no float16 to speak of, and bfloat16 on the newer ones only."""
    if device.type == "cpu" and not (name != "float32" and _cpu_has_bfloat16()):
        return torch.float32
    return torch.bfloat16 if device.type == "cpu" else cast("torch.dtype", getattr(torch, name))


def _cpu_has_bfloat16() -> bool:
    return bool(torch.cpu.get_capabilities().get("avx512_bf16"))


def kind(device: torch.device, dtype: torch.dtype) -> str:
    """Returns what a device and its arithmetic are called."""
    arithmetic = str(dtype).removeprefix("torch.")
    if device.type == "cuda":
        return f"cuda {torch.cuda.get_device_name(device)[:40]} {arithmetic}"
    instructions = torch.backends.cpu.get_cpu_capability().lower()
    return f"{device.type} {instructions} {torch.get_num_threads()} threads {arithmetic}"


def _diffusers_class(name: str, kind: type) -> Any:
    """Returns a class of diffusers by name; ValueError where it is none of that kind."""
    found = getattr(diffusers, name, None)
    if isinstance(found, type) and issubclass(found, kind):
        return found
    raise ValueError(f"diffusers has no {kind.__name__} that is called {name}")
