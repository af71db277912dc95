"""What a mask leaves as it is while the rest of a picture is drawn anew.

After each step the latents of what is kept are put back, with as much noise as that step leaves,
so that what is drawn fits to it; at the end its very pixels are.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

Noise = Callable[[Any], Any]
"""Draws noise of the shape of latents."""


class Kept:
    """A picture of which only what is transparent may change."""

    def __init__(self, pipe: Any, picture: Image.Image, read: Image.Image, noise: Noise) -> None:
        """Prepares it.

        Args:
            pipe: a pipeline whose latents are an image themselves (Stable Diffusion and XL).
            picture: RGBA, of the size that is drawn.
            read: the same in the size that is encoded.
            noise: drawn once.
        """
        self._pipe = pipe
        self._picture = picture
        vae = pipe.vae
        pixels = pipe.image_processor.preprocess(read.convert("RGB"))
        encoded = vae.encode(pixels.to(vae.device, vae.dtype))
        latents = getattr(encoded, "latents", None)
        if latents is None:
            latents = encoded.latent_dist.mode()
        self._latents = latents * vae.config.scaling_factor
        self._noise = noise(self._latents)
        rows, columns = latents.shape[-2:]
        small = picture.getchannel("A").resize((columns, rows), Image.Resampling.BOX)
        self._mask = latents.new_tensor(np.asarray(small) / 255)

    def put_back(self, latents: Any, step: int) -> Any:
        """Returns the latents after so many steps, those of what is kept as they must be."""
        timesteps = self._pipe.scheduler.timesteps
        kept = self._latents
        if step < len(timesteps):
            after = timesteps[step : step + 1]
            kept = self._pipe.scheduler.add_noise(kept, self._noise, after)
        mixed = kept * self._mask + latents * (1 - self._mask)
        return mixed.to(latents.dtype)

    def over(self, drawn: Image.Image) -> Image.Image:
        """Returns what was drawn, under the very pixels of what is kept."""
        return Image.composite(self._picture.convert("RGB"), drawn, self._picture.getchannel("A"))
