"""What becomes of a picture, seen while it is drawn: a pipeline's latents, decoded early.

After a step the noise scheduler has a guess what the finished latents are, which decodes to a
picture without noise long before the latents themselves do. Nothing here draws a random number or
touches the latents, so a picture that is watched has the same pixels as one that is not.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any

from PIL.Image import Image

log = logging.getLogger(__name__)

Show = Callable[[int, int, Image], None]
"""Takes the place of a picture in its call, the number of the look at it, and what is seen."""

UNKNOWN_LATENTS = (AttributeError, RuntimeError, TypeError, ValueError)
"""What decoding raises where a pipeline keeps its latents in another way, or memory ends."""


class Looks:
    """The looks at the pictures of one pipeline call."""

    def __init__(self, pipe: Any, wanted: Sequence[int], size: tuple[int, int], show: Show) -> None:
        """Prepares the looks.

        Args:
            pipe: the pipeline that is called.
            wanted: how often each picture of the call is to be seen before it is done.
            size: width and height in pixels.
            show: called for each look at each picture.
        """
        self._pipe = pipe
        # Parts that take turns on a device would be moved to and fro for it.
        alone = getattr(getattr(pipe, "vae", None), "_hf_hook", None) is None
        self._wanted = list(wanted) if alone else [0] * len(wanted)
        self._size = size
        self._show = show
        self._guess: Any = None

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Notes the noise scheduler's guesses while the call runs."""
        if not any(self._wanted):
            yield
            return
        scheduler = self._pipe.scheduler
        step = scheduler.step

        # Pipelines look at the signature of `step`, which `wraps` hands on.
        @wraps(step)
        def noted(model_output: Any, timestep: Any, sample: Any, *rest: Any, **named: Any) -> Any:
            result = step(model_output, timestep, sample, *rest, **named)
            self._guess = _guess_of(scheduler, model_output, sample, result)
            return result

        scheduler.step = noted
        try:
            yield
        finally:
            del scheduler.step

    def after(self, step: int, steps: int) -> None:
        """Shows what is due after so many steps of all."""
        due = {
            row: number
            for row, looks in enumerate(self._wanted)
            if (number := look_after(step, steps, looks)) is not None
        }
        if not due or self._guess is None:
            return
        try:
            pictures = decoded(self._pipe, self._guess[list(due)], *self._size)
        except UNKNOWN_LATENTS:
            log.warning("a look at a picture failed; it is drawn without", exc_info=True)
            self._wanted = [0] * len(self._wanted)
            return
        for (row, number), picture in zip(due.items(), pictures, strict=True):
            self._show(row, number, picture)


def beyond(before: int, show: Show) -> Show:
    """Returns what turns places in one call into places among all drawings."""
    return lambda place, number, picture: show(before + place, number, picture)


def look_after(step: int, steps: int, looks: int) -> int | None:
    """Returns which look follows this step, counted from 0; None where none does.

    They are spread evenly, none after the last step, and fewer where there are too few steps.
    """
    marks = sorted({round(look * steps / (looks + 1)) for look in range(1, looks + 1)})
    marks = [mark for mark in marks if 0 < mark < steps]
    return marks.index(step) if step in marks else None


def decoded(pipe: Any, latents: Any, width: int, height: int) -> list[Image]:
    """Returns the pictures that latents stand for, as the pipeline itself would decode them."""
    vae = pipe.vae
    latents = _unpacked(pipe, latents, width, height)
    # The autoencoders of SDXL overflow in float16.
    half = str(vae.dtype) == "torch.float16" and getattr(vae.config, "force_upcast", False)
    if half:
        vae.float()
    try:
        pixels = vae.decode(latents.to(vae.dtype), return_dict=False)[0]
    finally:
        if half:
            vae.half()
    pictures: list[Image] = pipe.image_processor.postprocess(pixels, output_type="pil")
    return pictures


def _guess_of(scheduler: Any, model_output: Any, sample: Any, result: Any) -> Any:
    """The second value of what a scheduler returns, or what it keeps for its next step.

    A flow leads straight to its own guess.
    """
    if len(result) > 1:
        return result[1]
    # A configuration may have been another scheduler's.
    keeps = hasattr(scheduler, "model_outputs")
    if keeps and str(scheduler.config.get("algorithm_type")).endswith("++"):
        return scheduler.model_outputs[-1]
    sigma = scheduler.sigmas[scheduler.step_index - 1]
    return sample - sigma.to(sample.device) * model_output


def _unpacked(pipe: Any, latents: Any, width: int, height: int) -> Any:
    """Latents as the autoencoder takes them."""
    vae = pipe.vae
    if hasattr(pipe, "_unpack_latents_with_ids"):  # FLUX.2: one token a patch, row by row
        patch = 2 * pipe.vae_scale_factor
        latents = latents.transpose(1, 2).unflatten(2, (height // patch, width // patch))
        deviation = (vae.bn.running_var + vae.config.batch_norm_eps) ** 0.5
        mean = vae.bn.running_mean
        latents = latents * deviation.view(1, -1, 1, 1) + mean.view(1, -1, 1, 1)
        return pipe._unpatchify_latents(latents)
    if hasattr(pipe, "_unpack_latents"):  # FLUX.1
        latents = pipe._unpack_latents(latents, height, width, pipe.vae_scale_factor)
    shift = getattr(vae.config, "shift_factor", None) or 0.0
    return latents / vae.config.scaling_factor + shift
