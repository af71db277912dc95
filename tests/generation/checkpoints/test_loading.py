"""What is loaded, and what is refused with one clear sentence."""

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from generation.checkpoints import Checkpoint, Folder, NoiseScheduler
from generation.drawing.pipeline import CheckpointBroken, Drawing, OutOfMemory, Pipeline
from tests.generation.checkpoints import tiny

FOX = Drawing("a fox", "", 1)
WEIGHTS = {
    "unet": "diffusion_pytorch_model",
    "vae": "diffusion_pytorch_model",
    "text_encoder": "model",
}


@pytest.fixture
def broken(
    tiny_checkpoint: Callable[[str], Checkpoint], doodle_folder: Path
) -> Callable[[], Checkpoint]:
    """Returns the checkpoint of the folder that the test has broken by then."""
    return lambda: replace(tiny_checkpoint("doodle_like"), source=Folder(doodle_folder))


def refusal_of(checkpoint: Checkpoint) -> str:
    with pytest.raises(CheckpointBroken) as refusal:
        Pipeline.load(checkpoint, device="cpu")
    message = str(refusal.value)
    assert message.startswith(f"The checkpoint {checkpoint.name} could not be loaded: ")
    assert "\n" not in message
    return message


def drawn(pipeline: Pipeline) -> bytes:
    checkpoint = pipeline.checkpoint
    (picture,) = pipeline.draw(
        [FOX], width=64, height=64, steps=checkpoint.steps, guidance=checkpoint.guidance
    )
    return picture.tobytes()


class TestBrokenFolders:
    def test_a_folder_that_is_not_there(self, broken: Callable[[], Checkpoint]) -> None:
        nowhere = Folder(Path("/nowhere/at/all"))
        assert "/nowhere/at/all" in refusal_of(replace(broken(), source=nowhere))

    def test_a_file_that_is_missing(
        self, broken: Callable[[], Checkpoint], doodle_folder: Path
    ) -> None:
        (doodle_folder / "vae" / "diffusion_pytorch_model.safetensors").unlink()
        refusal_of(broken())

    @pytest.mark.parametrize("part", WEIGHTS)
    def test_weights_that_end_too_early(
        self, part: str, broken: Callable[[], Checkpoint], doodle_folder: Path
    ) -> None:
        file = doodle_folder / part / f"{WEIGHTS[part]}.safetensors"
        os.truncate(file, file.stat().st_size // 2)
        refusal_of(broken())

    def test_weights_of_another_shape(
        self, broken: Callable[[], Checkpoint], doodle_folder: Path
    ) -> None:
        file = doodle_folder / "unet" / "config.json"
        config = json.loads(file.read_text())
        file.write_text(json.dumps(config | {"block_out_channels": [16, 32]}))
        refusal_of(broken())

    def test_an_index_that_is_no_json(
        self, broken: Callable[[], Checkpoint], doodle_folder: Path
    ) -> None:
        (doodle_folder / "model_index.json").write_text("{")
        refusal_of(broken())

    def test_a_pipeline_of_another_class(self, broken: Callable[[], Checkpoint]) -> None:
        refusal_of(replace(broken(), pipeline="FluxPipeline"))

    @pytest.mark.parametrize("name", ["NoSuchPipeline", "UNet2DConditionModel", "__name__"])
    def test_a_name_that_is_no_pipeline(self, name: str, broken: Callable[[], Checkpoint]) -> None:
        assert name in refusal_of(replace(broken(), pipeline=name))


class Payload:
    """A pickle that writes a file when it is read."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.target,)


class TestCodeInWeights:
    @pytest.mark.parametrize("part", WEIGHTS)
    def test_pickled_weights_are_refused_unread(
        self, part: str, broken: Callable[[], Checkpoint], doodle_folder: Path, tmp_path: Path
    ) -> None:
        file = doodle_folder / part / f"{WEIGHTS[part]}.safetensors"
        pickled = {"diffusion_pytorch_model": "diffusion_pytorch_model", "model": "pytorch_model"}
        weights: dict[str, Any] = dict(load_file(file))
        weights["extra"] = Payload(tmp_path / "was-run")
        torch.save(weights, file.with_name(f"{pickled[WEIGHTS[part]]}.bin"))
        file.unlink()
        refusal_of(broken())
        assert not (tmp_path / "was-run").exists()

    @pytest.mark.parametrize("place", ["", "unet"])
    def test_code_of_a_checkpoint_is_not_run(
        self, place: str, broken: Callable[[], Checkpoint], doodle_folder: Path, tmp_path: Path
    ) -> None:
        code = f"import pathlib\npathlib.Path({str(tmp_path / 'was-run')!r}).touch()\n"
        code += "from diffusers import UNet2DConditionModel as Better\n"
        (doodle_folder / place / "better.py").write_text(code)
        index = doodle_folder / "model_index.json"
        parts = json.loads(index.read_text())
        index.write_text(json.dumps(parts | {"unet": ["better", "Better"]}))
        refusal_of(broken())
        assert not (tmp_path / "was-run").exists()

    def test_a_pipeline_of_a_checkpoints_own_is_not_run(
        self, broken: Callable[[], Checkpoint], doodle_folder: Path, tmp_path: Path
    ) -> None:
        code = f"import pathlib\npathlib.Path({str(tmp_path / 'was-run')!r}).touch()\n"
        code += "from diffusers import StableDiffusionPipeline as Better\n"
        (doodle_folder / "pipeline.py").write_text(code)
        index = doodle_folder / "model_index.json"
        parts = json.loads(index.read_text())
        index.write_text(json.dumps(parts | {"_class_name": ["pipeline", "Better"]}))
        refusal_of(broken())
        assert not (tmp_path / "was-run").exists()


class TestReplacedParts:
    def test_a_unet_of_a_file_of_its_own(
        self, tiny_checkpoint: Callable[[str], Checkpoint], tmp_path: Path
    ) -> None:
        base = tiny_checkpoint("stable_diffusion_xl")
        torch.manual_seed(1)
        other = tiny.stable_diffusion_xl(tmp_path / "other")
        assert isinstance(other.source, Folder)
        file = other.source.path / "unet" / "diffusion_pytorch_model.safetensors"

        folder = tiny.copy_of(base, tmp_path / "same-but-the-unet")
        shutil.copy(file, folder / "unet")
        wanted = drawn(Pipeline.load(replace(base, source=Folder(folder)), device="cpu"))

        assert drawn(Pipeline.load(replace(base, unet=file), device="cpu")) == wanted
        assert drawn(Pipeline.load(base, device="cpu")) != wanted

    def test_a_unet_that_is_no_file(self, tiny_checkpoint: Callable[[str], Checkpoint]) -> None:
        checkpoint = replace(tiny_checkpoint("stable_diffusion_xl"), unet=Path("/nowhere.st"))
        assert "/nowhere.st" in refusal_of(checkpoint)

    def test_a_noise_scheduler_and_what_is_set_on_it(
        self, tiny_checkpoint: Callable[[str], Checkpoint]
    ) -> None:
        base = tiny_checkpoint("stable_diffusion_xl")
        trailing = NoiseScheduler("EulerDiscreteScheduler", {"timestep_spacing": "trailing"})
        pictures = {
            drawn(Pipeline.load(replace(base, scheduler=scheduler), device="cpu"))
            for scheduler in (None, trailing, NoiseScheduler("DDIMScheduler"))
        }
        assert len(pictures) == 3

    def test_a_noise_scheduler_that_does_not_exist(
        self, tiny_checkpoint: Callable[[str], Checkpoint]
    ) -> None:
        nonsense = replace(tiny_checkpoint("flux"), scheduler=NoiseScheduler("NoSuchScheduler"))
        assert "NoSuchScheduler" in refusal_of(nonsense)


@pytest.fixture
def little_memory() -> Iterator[None]:
    """Lets this process grow by 64 MiB and no more."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    limit = pages * resource.getpagesize() + 2**26
    resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="limits memory as Linux does")
def test_a_picture_that_does_not_fit_into_memory_says_so(
    doodle: Pipeline, little_memory: None
) -> None:
    with pytest.raises(OutOfMemory, match="doodle-like ran out of memory"):
        doodle.draw([FOX], width=4096, height=4096, steps=1, guidance=1.0)


HUB_PROBE = """
import sys
from dataclasses import replace
from pathlib import Path
from generation.checkpoints import load_manifest
from generation.drawing.pipeline import CheckpointBroken, Drawing, Pipeline

base = load_manifest(Path(sys.argv[1]))["hub"]
pipeline = Pipeline.load(base, device="cpu")
(picture,) = pipeline.draw([Drawing("a fox", "", 1)], width=64, height=64, steps=2, guidance=0.0)
print(picture.tobytes().hex())
try:
    Pipeline.load(replace(base, source=replace(base.source, revision="b" * 40)), device="cpu")
except CheckpointBroken:
    print("no such revision")
"""
HUB_MANIFEST = """
[hub]
title = "Hub"
source = { repository = "somebody/base", revision = "%(commit)s" }
unet = { repository = "somebody/fast", revision = "%(commit)s", file = "unet.safetensors" }
pipeline = "StableDiffusionXLPipeline"
licence = "Apache-2.0"
commercial_ok = true
sizes = [[64, 64]]
steps = 2
guidance = 0.0
dtype = "bfloat16"
batch_size = 1
memory_gib = 1
longest_prompt = 16
needs_check = false
"""


def test_a_hub_repository_is_read_at_its_pinned_revision(
    tiny_checkpoint: Callable[[str], Checkpoint], tmp_path: Path
) -> None:
    """Runs on what the hub's client would have downloaded, and with downloads forbidden."""
    base, commit = tiny_checkpoint("stable_diffusion_xl"), "a" * 40
    hub = tmp_path / "hub"
    snapshot = tiny.copy_of(base, hub / "models--somebody--base" / "snapshots" / commit)
    unet = snapshot / "unet" / "diffusion_pytorch_model.safetensors"
    fast = hub / "models--somebody--fast" / "snapshots" / commit
    fast.mkdir(parents=True)
    shutil.move(unet, fast / "unet.safetensors")
    manifest = tmp_path / "hub.toml"
    manifest.write_text(HUB_MANIFEST % {"commit": commit})

    probe = subprocess.run(
        [sys.executable, "-c", HUB_PROBE, str(manifest)],
        env=os.environ | {"HF_HUB_CACHE": str(hub), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    wanted = drawn(Pipeline.load(base, device="cpu")).hex()
    assert probe.stdout.split("\n")[:2] == [wanted, "no such revision"], probe.stderr
