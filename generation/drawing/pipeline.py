"""Draws pictures with diffusers. Only it and `assembly`, which loads, import torch."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import cycle, islice
from typing import Any, cast

import diffusers
import torch
import transformers
from diffusers.utils.torch_utils import randn_tensor
from PIL.Image import Image
from safetensors import SafetensorError

from generation.checkpoints import Checkpoint
from generation.drawing import assembly
from generation.drawing.drawings import Call, Drawing, share
from generation.drawing.latents import Looks, Show, beyond
from generation.drawing.masking import Kept
from generation.drawing.reading import reader_of
from generation.images import uploads
from generation.unsaid import completed

for library in (diffusers, transformers):
    # Their warnings quote the prompts that they cut, and prompts do not belong into logs.
    quiet: Any = library.utils.logging
    quiet.set_verbosity_error()
    quiet.disable_progress_bar()

TRIAL_STEPS = 2
"""Enough steps for every part of a pipeline to have run on what another part made."""

WORDS_KEPT = 256
"""Texts whose tokens are remembered."""

STRENGTH = 0.9
"""How much of the noise a picture gets that is changed as a whole. With less, doodle keeps the
background whatever is asked for; with this, what is in the picture keeps its place."""

LOADING_ERRORS = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    ImportError,
    RuntimeError,
    SafetensorError,
)
"""What diffusers, transformers and safetensors raise over files that are absent or wrong."""


class PipelineError(Exception):
    """A checkpoint cannot draw."""


class CheckpointBroken(PipelineError):
    """A checkpoint cannot be loaded; the message is one sentence that says which and why."""

    def __init__(self, checkpoint: str, reason: str) -> None:
        super().__init__(f"The checkpoint {checkpoint} could not be loaded: {reason}")
        self.reason = reason


class OutOfMemory(PipelineError):
    """The device has too little memory for a checkpoint or for a call."""


class Pipeline:
    """A checkpoint in memory.

    A picture's pixels depend on its prompts, its seed and the scalars of the call, never on the
    pictures drawn beside it. Many devices round differently in calls of different sizes (doodle on
    a CPU: float32 does, bfloat16 does not), so that pictures share a call only where a trial has
    shown, for that number of that size, that they come out bit for bit as they do alone. A trial
    of two steps runs once for each shape; where it fails, pictures are drawn one by one.
    """

    def __init__(self, checkpoint: Checkpoint, pipe: Any, kind: str, *, larger: Any = None) -> None:
        self.checkpoint = checkpoint
        self.kind = kind
        """The kind of device and arithmetic, by which speeds are learnt and pixels are the same."""
        self._pipe = pipe
        self._larger = larger
        """The same with the larger decoder, where the checkpoint has one."""
        # They share all parts with the others: they take no memory.
        changing = (pipe, larger) if checkpoint.edits else ()
        self._sisters = {id(one): assembly.sister_of(one) for one in changing if one is not None}
        self._parameters = inspect.signature(type(pipe).__call__).parameters
        self._reader = reader_of(pipe, checkpoint.longest_prompt)
        # Templates of what is left open are read again and again.
        self._words = lru_cache(WORDS_KEPT)(self._reader.words)
        self._trials: dict[tuple[int, int, int, bool, bool], bool] = {}

    @classmethod
    def load(cls, checkpoint: Checkpoint, *, device: str | None = None) -> "Pipeline":
        """Returns a checkpoint, loaded from its folder or its pinned revision on the hub.

        Args:
            checkpoint: what to load. Only safetensors are read, and no code of its repository.
            device: a torch device; None takes the first CUDA device, or else the CPU.

        Raises:
            CheckpointBroken: a file is missing, damaged, no safetensors, or asks for code.
            OutOfMemory: it does not fit.
        """
        target = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        dtype = assembly.dtype_of(checkpoint.dtype, target)
        with _loading_errors(checkpoint), _memory_errors(checkpoint):
            pipe = assembly.assembled(checkpoint, dtype)
            assembly.place(pipe, target, checkpoint.memory_gib)
            larger, size = checkpoint.larger_decoder, checkpoint.default_size
            second = assembly.with_larger_decoder(pipe, larger, size) if larger else None
            return cls(checkpoint, pipe, assembly.kind(target, dtype), larger=second)

    def warm(self, images: int | None = None) -> None:
        """Draws a call of so many pictures, so that the first job finds all prepared.

        Args:
            images: of the default size; None draws the checkpoint's full batch.

        Raises:
            OutOfMemory: so many do not fit.
        """
        images = images or self.checkpoint.batch_size
        prompts = islice(cycle(self.checkpoint.samples or ("",)), images)
        drawings = [Drawing(prompt, "", seed) for seed, prompt in enumerate(prompts)]
        width, height = self.checkpoint.default_size
        steps, guidance = min(TRIAL_STEPS, self.checkpoint.steps), self.checkpoint.guidance
        self.draw(drawings, width=width, height=height, steps=steps, guidance=guidance)

    def draw(
        self,
        drawings: Sequence[Drawing],
        *,
        width: int,
        height: int,
        steps: int,
        guidance: float,
        at_once: int | None = None,
        on_step: Callable[[float], None] = lambda _: None,
        on_look: Show = lambda *_: None,
    ) -> list[Image]:
        """Returns one RGB image of `width` × `height` pixels for each drawing, in their order.

        Args:
            drawings: the pictures; any number.
            width: pixels, as height a multiple of 16.
            height: pixels.
            steps: denoising steps.
            guidance: how closely to follow the prompt, as the checkpoint's pipeline means it.
            at_once: pictures in one call of the pipeline; never more than the checkpoint's batch.
            on_step: called after every step with the fraction of the whole that is done, which
                never falls and ends at 1. What it raises ends the drawing and comes out of here.
            on_look: called with the place of a drawing, the number of the look at it and the
                unfinished picture, as often as the drawing asks for where its steps allow it.

        Raises:
            OutOfMemory: the device has too little memory for this size.
        """
        call = Call(width, height, steps, guidance)
        pictures: list[Image] = []
        with _memory_errors(self.checkpoint):
            room = min(at_once or self.checkpoint.batch_size, self.checkpoint.batch_size)
            for batch in self._batches(drawings, room, call, on_step):
                report = share(on_step, len(pictures), len(batch), len(drawings))
                pictures += self._run(batch, call, report, beyond(len(pictures), on_look))
        return pictures

    def cut_at(self, prompt: str) -> int | None:
        """Returns how many characters of the prompt are read before the tokens run out.

        None where all of it is read.
        """
        return self._reader.cut_at(prompt)

    def _batches(
        self, drawings: Sequence[Drawing], room: int, call: Call, on_step: Callable[[float], None]
    ) -> Iterator[Sequence[Drawing]]:
        """Shares drawings out to pipeline calls, several to a call where a trial allows it."""
        for start in range(0, len(drawings), room):
            batch = drawings[start : start + room]
            still = share(on_step, start, 0, len(drawings))
            new = all(drawing.source is None for drawing in batch)
            if len(batch) == 1 or (new and self._alike(len(batch), call, still)):
                yield batch
            else:
                yield from ([drawing] for drawing in batch)

    def _alike(self, images: int, call: Call, on_step: Callable[[float], None]) -> bool:
        """Whether so many pictures of one call are bit for bit what each is alone."""
        shape = call.shape(images)
        if shape not in self._trials:
            self._trials[shape] = self._try_together(images, call, on_step)
        return self._trials[shape]

    def _try_together(self, images: int, call: Call, on_step: Callable[[float], None]) -> bool:
        brief = Call(call.width, call.height, min(TRIAL_STEPS, call.steps), call.guidance)
        # Short and long by turns: some pipelines pad the prompts of a call to the longest.
        prompts = islice(cycle(("a", "a " * self.checkpoint.longest_prompt)), images)
        drawings = [Drawing(prompt, "", seed) for seed, prompt in enumerate(prompts)]
        together = self._run(drawings, brief, on_step, output="np")
        return all(
            (picture == self._run([drawing], brief, on_step, output="np")[0]).all()
            for drawing, picture in zip(drawings, together, strict=True)
        )

    def _run(
        self,
        drawings: Sequence[Drawing],
        call: Call,
        on_step: Callable[[float], None],
        on_look: Show = lambda *_: None,
        *,
        output: str = "pil",
    ) -> list[Any]:
        """Makes one call of the pipeline and returns its images, PIL or float arrays in 0…1."""
        pipe, kept = self._pipe_for(call), None
        shape: dict[str, Any] = {"width": call.width, "height": call.height}
        if (source := drawings[0].source) is not None:
            pipe, shape, kept = self._change_of(source, drawings[0].seed, call)
        wanted = [drawing.looks for drawing in drawings]
        looks = Looks(pipe, wanted, (call.width, call.height), on_look)

        def after_step(pipe: Any, step: int, _: object, tensors: dict[str, Any]) -> dict[str, Any]:
            looks.after(step + 1, pipe.num_timesteps)
            on_step((step + 1) / pipe.num_timesteps)
            if kept is not None:
                tensors["latents"] = kept.put_back(tensors["latents"], step + 1)
            return tensors

        arguments: dict[str, Any] = {
            "prompt": [self._completed(drawing) for drawing in drawings],
            **shape,
            "num_inference_steps": call.steps,
            self.checkpoint.guidance_parameter: call.guidance,
            # On the CPU whatever the device, so that a seed is the same noise everywhere.
            "generator": [torch.Generator("cpu").manual_seed(d.seed) for d in drawings],
            "output_type": output,
            "callback_on_step_end": after_step,
        }
        if self.checkpoint.negative_prompt:
            arguments["negative_prompt"] = [drawing.negative_prompt for drawing in drawings]
        if "max_sequence_length" in self._parameters:
            arguments["max_sequence_length"] = self.checkpoint.longest_prompt
        with looks.watching():
            images = list(pipe(**arguments).images)
        return images if kept is None else [kept.over(image) for image in images]

    def _completed(self, drawing: Drawing) -> str:
        """The prompt with what it leaves open; what is changed leaves nothing open."""
        if drawing.source is not None or not self.checkpoint.unsaid:
            return drawing.prompt
        return completed(
            drawing.prompt,
            drawing.negative_prompt,
            drawing.seed,
            self.checkpoint.unsaid,
            self._words,
        )

    def _pipe_for(self, call: Call) -> Any:
        larger = self.checkpoint.larger_decoder
        return self._larger if larger and larger.size == (call.width, call.height) else self._pipe

    def _change_of(
        self, source: Image, seed: int, call: Call
    ) -> tuple[Any, dict[str, Any], Kept | None]:
        """The pipeline that changes a picture, what more it takes, and what stays under a mask.

        Raises:
            PipelineError: the checkpoint changes none.
        """
        own = self._pipe_for(call)
        if id(own) not in self._sisters:
            raise PipelineError(f"The checkpoint {self.checkpoint.name} changes no picture.")
        sister, masked = self._sisters[id(own)], uploads.is_masked(source)
        # A larger decoder makes its pictures of what the encoder makes of the default size.
        read = source if own is self._pipe else source.resize(self.checkpoint.default_size)

        def noise(latents: torch.Tensor) -> torch.Tensor:
            """The very noise that the drawing begins with."""
            same = torch.Generator("cpu").manual_seed(seed)
            drawn = randn_tensor(latents.shape, same, latents.device, latents.dtype)
            return cast("torch.Tensor", drawn)

        with torch.no_grad():
            kept = Kept(sister, source, read, noise) if masked else None
        # One step at least is left to take.
        strength = 1.0 if masked else max(STRENGTH, 1 / call.steps)
        return sister, {"image": [read.convert("RGB")], "strength": strength}, kept


@contextmanager
def _loading_errors(checkpoint: Checkpoint) -> Iterator[None]:
    try:
        yield
    except LOADING_ERRORS as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise CheckpointBroken(checkpoint.name, reason) from error


@contextmanager
def _memory_errors(checkpoint: Checkpoint) -> Iterator[None]:
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not _is_memory_error(error):
            raise
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        raise OutOfMemory(f"The checkpoint {checkpoint.name} ran out of memory.") from error


def _is_memory_error(error: BaseException) -> bool:
    """The CPU's allocator raises a plain RuntimeError that names it."""
    known = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return known or "DefaultCPUAllocator" in str(error)
