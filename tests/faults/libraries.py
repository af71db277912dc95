"""What every drawing worker imports, for the process that workers are forked from."""

from diffusers import AutoencoderTiny, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer

from generation.drawing import pipeline

__all__ = [
    "AutoencoderTiny",
    "CLIPTextModel",
    "CLIPTokenizer",
    "DDIMScheduler",
    "StableDiffusionPipeline",
    "UNet2DConditionModel",
    "pipeline",
]
