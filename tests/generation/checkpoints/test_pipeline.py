"""What is drawn depends on prompt, seed and settings, and on nothing else."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from PIL.Image import Image
from PIL.Image import new as new_image

from generation.checkpoints import Checkpoint
from generation.drawing.pipeline import Drawing, Pipeline
from generation.unsaid import understood

FOX = Drawing("a fox", "", 1)
GRID = [FOX, Drawing("a moon over it all", "", 2), Drawing("a fox", "", 3)]


class Cancelled(Exception):
    """Somebody pressed Cancel."""


def draw(pipeline: Pipeline, drawings: Sequence[Drawing], **settings: Any) -> list[bytes]:
    """Draws at the checkpoint's own settings and returns the pixels."""
    return [picture.tobytes() for picture in pictures(pipeline, drawings, **settings)]


def pictures(pipeline: Pipeline, drawings: Sequence[Drawing], **settings: Any) -> list[Image]:
    checkpoint = pipeline.checkpoint
    own = {"width": 64, "height": 64, "steps": checkpoint.steps, "guidance": checkpoint.guidance}
    return pipeline.draw(drawings, **own | settings)


class TestSeeds:
    def test_the_same_prompt_and_seed_draw_the_same_pixels(self, pipeline: Pipeline) -> None:
        assert draw(pipeline, [FOX]) == draw(pipeline, [FOX])

    def test_prompt_and_seed_both_count(self, pipeline: Pipeline) -> None:
        another_seed = replace(FOX, seed=2)
        another_prompt = replace(FOX, prompt="zebra crossing")
        drawn = {draw(pipeline, [one])[0] for one in (FOX, another_seed, another_prompt)}
        assert len(drawn) == 3

    def test_a_position_of_a_batch_is_what_its_seed_draws_alone(self, pipeline: Pipeline) -> None:
        alone = [draw(pipeline, [drawing])[0] for drawing in GRID]
        assert draw(pipeline, GRID) == alone
        assert draw(pipeline, GRID[::-1]) == alone[::-1]

    def test_a_batch_larger_than_a_call_is_drawn_whole(self, pipeline: Pipeline) -> None:
        alone = [draw(pipeline, [drawing])[0] for drawing in GRID]
        assert pipeline.checkpoint.batch_size < len(GRID * 2)
        assert draw(pipeline, GRID * 2) == alone * 2

    def test_calls_hold_no_more_than_they_are_told_to_and_draw_the_same(
        self, doodle: Pipeline, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        alone = [draw(doodle, [drawing])[0] for drawing in GRID]
        sizes: list[int] = []
        run = doodle._run

        def counted(drawings: Sequence[Drawing], *rest: Any, **more: Any) -> list[Any]:
            sizes.append(len(drawings))
            return run(drawings, *rest, **more)

        monkeypatch.setattr(doodle, "_run", counted)
        assert draw(doodle, GRID, at_once=2) == alone
        assert max(sizes) == 2

    def test_pictures_are_rgb_and_of_the_size_asked_for(self, pipeline: Pipeline) -> None:
        (picture,) = pictures(pipeline, [FOX], width=96, height=64)
        assert (picture.mode, picture.size) == ("RGB", (96, 64))

    def test_nothing_to_draw_draws_nothing(self, doodle: Pipeline) -> None:
        assert draw(doodle, []) == []


class TestNegativePrompts:
    def test_each_drawing_of_a_call_has_its_own(self, doodle: Pipeline) -> None:
        without_rain = replace(FOX, negative_prompt="rain")
        without_cats = replace(FOX, negative_prompt="cats everywhere")
        drawings = [FOX, without_rain, without_cats]
        drawn = draw(doodle, drawings)
        assert len(set(drawn)) == 3
        assert drawn == [draw(doodle, [drawing])[0] for drawing in drawings]

    def test_they_reach_a_pipeline_that_calls_guidance_by_another_name(
        self, tiny_checkpoint: Callable[[str], Checkpoint]
    ) -> None:
        guided = replace(
            tiny_checkpoint("flux"), negative_prompt=True, guidance_parameter="true_cfg_scale"
        )
        pipeline = Pipeline.load(guided, device="cpu")
        without_rain = replace(FOX, negative_prompt="rain")
        drawn = draw(pipeline, [FOX, without_rain], guidance=4.0)
        assert drawn[0] != drawn[1]
        assert draw(pipeline, [without_rain], guidance=4.0) == drawn[1:]


class TestWhatAPromptLeavesOpen:
    DAY_OR_NIGHT = understood([{"where": "", "one_of": ["{prompt} by day", "{prompt} at night"]}])

    @pytest.fixture
    def filling(self, tiny_checkpoint: Callable[[str], Checkpoint]) -> Pipeline:
        """It draws by day and at night by turns."""
        checkpoint = replace(tiny_checkpoint("doodle_like"), unsaid=self.DAY_OR_NIGHT)
        return Pipeline.load(checkpoint, device="cpu")

    def test_it_is_drawn_as_if_the_prompt_had_said_it(
        self, filling: Pipeline, doodle: Pipeline
    ) -> None:
        foxes = [replace(FOX, seed=seed) for seed in (2, 3)]
        said = [replace(FOX, prompt=f"a fox {when}") for when in ("by day", "at night")]
        said = [replace(drawing, seed=seed) for seed, drawing in enumerate(said, start=2)]
        assert draw(filling, foxes) == draw(doodle, said)
        assert draw(filling, foxes) == [draw(filling, [fox])[0] for fox in foxes]

    def test_nothing_is_added_to_a_picture_that_is_changed(
        self, tiny_checkpoint: Callable[[str], Checkpoint]
    ) -> None:
        editor = replace(tiny_checkpoint("doodle_like"), edits=True)
        fox = replace(FOX, source=new_image("RGBA", (64, 64), "teal"))
        drawn = [
            draw(Pipeline.load(one, device="cpu"), [fox], steps=4)
            for one in (editor, replace(editor, unsaid=self.DAY_OR_NIGHT))
        ]
        assert drawn[0] == drawn[1]

    def test_what_it_may_add_is_part_of_the_revision(
        self, tiny_checkpoint: Callable[[str], Checkpoint]
    ) -> None:
        plain = tiny_checkpoint("doodle_like")
        assert replace(plain, unsaid=self.DAY_OR_NIGHT).revision != plain.revision


class TestSharedCalls:
    def test_pictures_that_a_call_would_mix_are_drawn_one_by_one(
        self, tiny_checkpoint: Callable[[str], Checkpoint]
    ) -> None:
        pipeline = Pipeline.load(tiny_checkpoint("doodle_like"), device="cpu")

        def mix(_module: Any, _inputs: Any, output: tuple[torch.Tensor]) -> tuple[torch.Tensor]:
            (noise,) = output
            return (noise + 0.01 * noise.mean(dim=0, keepdim=True),)

        pipeline._pipe.unet.register_forward_hook(mix)
        # Without guidance a picture is one row of the call, so that alone it mixes with nothing.
        alone = [draw(pipeline, [drawing], guidance=1.0)[0] for drawing in GRID]
        assert draw(pipeline, GRID, guidance=1.0) == alone

    def test_pictures_that_a_call_leaves_alone_share_it(
        self, tiny_checkpoint: Callable[[str], Checkpoint], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pipeline = Pipeline.load(tiny_checkpoint("doodle_like"), device="cpu")
        rows: list[int] = []

        def halve(noise: torch.Tensor, *_: Any, **__: Any) -> tuple[torch.Tensor]:
            rows.append(len(noise))
            return (noise / 2,)

        def enlarge(latents: torch.Tensor, **_: Any) -> tuple[torch.Tensor]:
            return (latents[:, :3].repeat_interleave(2, -1).repeat_interleave(2, -2),)

        monkeypatch.setattr(pipeline._pipe.unet, "forward", halve)
        monkeypatch.setattr(pipeline._pipe.vae, "decode", enlarge)
        draw(pipeline, GRID, guidance=1.0)
        rows.clear()
        draw(pipeline, GRID, guidance=1.0)
        assert rows == [3, 3]


class TestProgress:
    def test_it_never_falls_and_ends_at_one(self, pipeline: Pipeline) -> None:
        seen: list[float] = []
        draw(pipeline, GRID * 2, on_step=seen.append)
        assert seen == sorted(seen)
        assert seen[-1] == 1.0
        assert 0 < seen[-2] < 1

    def test_what_it_raises_ends_the_drawing_at_once(self, pipeline: Pipeline) -> None:
        before = draw(pipeline, GRID)
        seen: list[float] = []

        def cancel_at_the_second_step(done: float) -> None:
            seen.append(done)
            if len(seen) == 2:
                raise Cancelled

        with pytest.raises(Cancelled):
            draw(pipeline, GRID, on_step=cancel_at_the_second_step, steps=4)
        assert len(seen) == 2
        assert draw(pipeline, GRID) == before

    def test_a_trial_can_be_cancelled_too(
        self, tiny_checkpoint: Callable[[str], Checkpoint]
    ) -> None:
        pipeline = Pipeline.load(tiny_checkpoint("doodle_like"), device="cpu")
        seen: list[float] = []

        def cancel(done: float) -> None:
            seen.append(done)
            raise Cancelled

        with pytest.raises(Cancelled):
            draw(pipeline, GRID, on_step=cancel)
        assert seen == [0.0]


class TestLongPrompts:
    def test_a_prompt_that_fits_is_not_cut(self, pipeline: Pipeline) -> None:
        assert pipeline.cut_at("") is None
        assert pipeline.cut_at("a fox") is None
        assert pipeline.cut_at("user") is None
        assert pipeline.cut_at("assistant  ") is None

    def test_what_lies_beyond_the_cut_is_not_read(self, pipeline: Pipeline) -> None:
        prompt = "abcdefgh " * 20
        cut = pipeline.cut_at(prompt)
        assert cut is not None
        other_tail = prompt[:cut] + "zzzzzzzz " * 20
        drawn = draw(pipeline, [replace(FOX, prompt=p) for p in (prompt, other_tail)])
        assert drawn[0] == drawn[1]

    def test_what_lies_before_it_is(self, pipeline: Pipeline) -> None:
        prompt = "abcdefgh " * 20
        cut = pipeline.cut_at(prompt)
        assert cut is not None
        other_end = prompt[: cut - 1] + "z" + prompt[cut:]
        assert pipeline.cut_at(other_end) == cut
        drawn = draw(pipeline, [replace(FOX, prompt=p) for p in (prompt, other_end)])
        assert drawn[0] != drawn[1]

    def test_the_cut_is_counted_in_characters_not_bytes(self, doodle: Pipeline) -> None:
        # Four bytes and, in this tokenizer, four tokens each: three and a half fit into 14.
        assert doodle.cut_at("🦊" * 3) is None
        assert doodle.cut_at("🦊" * 8) in {3, 4}


class TestKinds:
    def test_a_kind_names_device_and_arithmetic(
        self, doodle: Pipeline, tiny_checkpoint: Callable[[str], Checkpoint]
    ) -> None:
        exact = Pipeline.load(replace(tiny_checkpoint("doodle_like"), dtype="float32"))
        assert exact.kind.startswith(("cpu ", "cuda "))
        assert exact.kind.endswith(" float32")
        assert len(exact.kind) <= 64

    def test_warming_leaves_the_first_batch_nothing_to_try(
        self, tiny_checkpoint: Callable[[str], Checkpoint]
    ) -> None:
        pipeline = Pipeline.load(tiny_checkpoint("doodle_like"), device="cpu")
        pipeline.warm()
        seen: list[float] = []
        draw(pipeline, GRID, on_step=seen.append)
        assert 0.0 not in seen
