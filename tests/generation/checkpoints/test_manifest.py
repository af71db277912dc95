"""A manifest says what can be drawn with, or which entry and field is wrong."""

import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import diffusers
import pytest
import tomli_w

from generation.checkpoints import Folder, Hub, HubFile, ManifestError, chosen, load_manifest

SHIPPED = Path("generation/checkpoints.toml").resolve()
COMMIT = "0123456789abcdef" * 2 + "01234567"
ENTRY: dict[str, Any] = {
    "title": "Alice's",
    "source": {"folder": "weights"},
    "pipeline": "StableDiffusionPipeline",
    "licence": "Apache-2.0",
    "commercial_ok": True,
    "sizes": [[256, 256], [512, 256]],
    "steps": 8,
    "guidance": 3,
    "dtype": "bfloat16",
    "batch_size": 9,
    "memory_gib": 0.5,
    "longest_prompt": 22,
    "needs_check": False,
}


def written(path: Path, entries: dict[str, Any]) -> Path:
    path.write_text(tomli_w.dumps(entries))
    return path


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Alice's manifest of two."""
    return written(tmp_path / "own.toml", {"alice": ENTRY, "bob": ENTRY | {"title": "Bob's"}})


class TestTheOneThatShips:
    def test_it_holds_doodle_first_and_five_of_the_hubs(self) -> None:
        assert list(load_manifest(SHIPPED)) == [
            "doodle",
            "flux-2-klein-4b",
            "z-image-turbo",
            "flux-1-schnell",
            "sdxl-lightning",
            "lcm-dreamshaper-v7",
        ]

    @pytest.mark.parametrize("name", load_manifest(SHIPPED))
    def test_its_pipelines_take_what_they_will_be_called_with(self, name: str) -> None:
        checkpoint = load_manifest(SHIPPED)[name]
        call = inspect.signature(getattr(diffusers, checkpoint.pipeline).__call__).parameters
        assert checkpoint.guidance_parameter in call
        assert "callback_on_step_end" in call
        assert "negative_prompt" in call or not checkpoint.negative_prompt
        assert checkpoint.scheduler is None or hasattr(diffusers, checkpoint.scheduler.name)

    @pytest.mark.parametrize("name", load_manifest(SHIPPED))
    def test_pictures_of_the_hub_need_a_check(self, name: str) -> None:
        checkpoint = load_manifest(SHIPPED)[name]
        assert checkpoint.needs_check == isinstance(checkpoint.source, Hub)


class TestFields:
    def test_what_is_said_is_what_is_read(self, own: Path) -> None:
        alice = load_manifest(own)["alice"]
        assert (alice.name, alice.title, alice.steps, alice.guidance) == ("alice", "Alice's", 8, 3)
        assert alice.sizes == ((256, 256), (512, 256))
        assert alice.default_size == (256, 256)
        assert alice.memory_gib == 0.5
        assert not alice.negative_prompt

    def test_paths_start_at_the_manifests_own_folder(self, own: Path) -> None:
        assert load_manifest(own)["alice"].source == Folder(own.parent / "weights")

    def test_a_unet_comes_from_a_file_or_from_the_hub(self, tmp_path: Path) -> None:
        pinned = {"repository": "bob/fast", "revision": COMMIT, "file": "unet.safetensors"}
        manifest = {
            "local": ENTRY | {"unet": {"file": "unet.safetensors"}},
            "hub": ENTRY | {"unet": pinned},
        }
        loaded = load_manifest(written(tmp_path / "m.toml", manifest))
        assert loaded["local"].unet == tmp_path / "unet.safetensors"
        assert loaded["hub"].unet == HubFile("bob/fast", COMMIT, "unet.safetensors")

    @pytest.mark.parametrize("field", ENTRY)
    def test_a_missing_field_is_named(self, field: str, tmp_path: Path) -> None:
        entry = {key: value for key, value in ENTRY.items() if key != field}
        with pytest.raises(ManifestError, match=f"m.toml: alice: {field} is missing"):
            load_manifest(written(tmp_path / "m.toml", {"alice": entry}))

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("title", 7),
            ("pipeline", ["StableDiffusionPipeline"]),
            ("commercial_ok", "yes"),
            ("sizes", []),
            ("sizes", [256, 256]),
            ("sizes", [[250, 256]]),
            ("sizes", [[256, 256, 3]]),
            ("sizes", [[256, 8192]]),
            ("sizes", "256x256"),
            ("steps", 0),
            ("steps", 8.5),
            ("steps", True),
            ("guidance", -1),
            ("guidance", float("nan")),
            ("guidance", float("inf")),
            ("dtype", "float8"),
            ("batch_size", "9"),
            ("longest_prompt", 0),
            ("needs_check", 1),
            ("samples", "a fox"),
            ("samples", [1]),
            ("styles", {"photo": "a photograph"}),
            ("styles", ["photo"]),
            ("stepz", 8),
        ],
    )
    def test_a_wrong_field_is_named(self, field: str, value: object, tmp_path: Path) -> None:
        with pytest.raises(ManifestError, match=f"m.toml: alice: {field} (wants|is no field)"):
            load_manifest(written(tmp_path / "m.toml", {"alice": ENTRY | {field: value}}))

    @pytest.mark.parametrize("revision", ["main", "v1.0", COMMIT[:7], COMMIT.upper(), ""])
    def test_a_hub_revision_that_may_move_is_refused(self, revision: str, tmp_path: Path) -> None:
        source = {"repository": "bob/base", "revision": revision}
        with pytest.raises(ManifestError, match=r"alice\.source: revision wants the 40 hex digits"):
            load_manifest(written(tmp_path / "m.toml", {"alice": ENTRY | {"source": source}}))

    def test_a_hub_source_without_a_revision_is_refused(self, tmp_path: Path) -> None:
        entry = ENTRY | {"source": {"repository": "bob/base"}}
        with pytest.raises(ManifestError, match=r"alice\.source: revision is missing"):
            load_manifest(written(tmp_path / "m.toml", {"alice": entry}))

    @pytest.mark.parametrize("name", ["Alice", "a b", "ä", "x" * 65, "../etc"])
    def test_a_name_that_makes_no_address_is_refused(self, name: str, tmp_path: Path) -> None:
        with pytest.raises(ManifestError, match="small letters, digits and hyphens"):
            load_manifest(written(tmp_path / "m.toml", {name: ENTRY}))

    @pytest.mark.parametrize("content", [b"[alice", b"alice = 1", b"\xff"])
    def test_what_is_no_manifest_is_refused_by_name(self, content: bytes, tmp_path: Path) -> None:
        (tmp_path / "m.toml").write_bytes(content)
        with pytest.raises(ManifestError, match=r"m\.toml: "):
            load_manifest(tmp_path / "m.toml")

    def test_a_manifest_that_is_not_there_is_refused_by_name(self, tmp_path: Path) -> None:
        with pytest.raises(ManifestError, match=r"m\.toml: No such file"):
            load_manifest(tmp_path / "m.toml")


class TestKnownWords:
    ENTRY = ENTRY | {"known_words": "words.json"}

    def test_they_are_all_forms_of_a_vocabulary(self, tmp_path: Path) -> None:
        vocabulary = {"forms": {"fox": "fox", "renard": "fox"}, "subjects": []}
        (tmp_path / "words.json").write_text(json.dumps(vocabulary))
        manifest = written(tmp_path / "m.toml", {"a": self.ENTRY})
        assert load_manifest(manifest)["a"].known_words == ("fox", "renard")

    def test_a_vocabulary_that_is_not_there_yet_holds_none(self, tmp_path: Path) -> None:
        manifest = written(tmp_path / "m.toml", {"a": self.ENTRY})
        assert load_manifest(manifest)["a"].known_words == ()

    @pytest.mark.parametrize("content", ["{}", "[1]", '{"forms": ["fox"]}', "fox"])
    def test_what_is_no_vocabulary_is_refused(self, content: str, tmp_path: Path) -> None:
        (tmp_path / "words.json").write_text(content)
        manifest = written(tmp_path / "m.toml", {"a": self.ENTRY})
        with pytest.raises(ManifestError, match="a: known_words wants a JSON object"):
            load_manifest(manifest)


class TestNearestWords:
    ENTRY = ENTRY | {"known_words": "words.json", "nearest_words": "nouns.json"}

    @pytest.fixture
    def manifest(self, tmp_path: Path) -> Path:
        """A checkpoint that knows dogs and cherries, what resembles them, and what an owl does."""
        forms = {"dog": "dog", "chien": "dog", "cherries": "cherries"}
        (tmp_path / "words.json").write_text(json.dumps({"forms": forms}))
        nouns = {"dog": ["labradoodle", "fox"], "cherries": ["berry"], "owl": ["falcon"]}
        (tmp_path / "nouns.json").write_text(json.dumps(nouns))
        return written(tmp_path / "m.toml", {"a": self.ENTRY})

    @pytest.mark.parametrize(
        ("word", "thing"),
        [
            ("labradoodle", "dog"),
            (" Labradoodles", "dog"),
            ("foxes", "dog"),
            ("berries", "cherries"),
            ("dog", None),
            ("chien", None),
            ("falcon", None),
            ("serendipity", None),
            ("", None),
        ],
    )
    def test_an_unknown_word_is_drawn_as_what_resembles_it(
        self, word: str, thing: str | None, manifest: Path
    ) -> None:
        assert load_manifest(manifest)["a"].nearest(word) == thing

    def test_a_checkpoint_without_them_draws_nothing_in_place_of_a_word(
        self, manifest: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "nouns.json").unlink()
        assert load_manifest(manifest)["a"].nearest("labradoodle") is None

    @pytest.mark.parametrize("content", ["[1]", '{"dog": "fox"}', '{"dog": [1]}', "fox"])
    def test_what_is_no_list_of_nouns_is_refused(
        self, content: str, manifest: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "nouns.json").write_text(content)
        with pytest.raises(ManifestError, match="a: nearest_words wants a JSON object"):
            load_manifest(manifest)


class TestWhatPromptsLeaveOpen:
    ENTRY = ENTRY | {"unsaid": "unsaid.json"}

    def test_it_is_read_from_the_file_beside(self, tmp_path: Path) -> None:
        rows = [{"where": "cat", "one_of": ["{prompt} by day", "{prompt} at night"]}]
        (tmp_path / "unsaid.json").write_text(json.dumps(rows))
        alice = load_manifest(written(tmp_path / "m.toml", {"alice": self.ENTRY}))["alice"]
        assert [one.one_of for one in alice.unsaid] == [("{prompt} by day", "{prompt} at night")]

    @pytest.mark.parametrize(
        "content",
        [
            "cat",
            "[1]",
            "{}x",
            '[{"where": "cat"}]',
            '[{"where": "(", "one_of": ["{prompt}"]}]',
            '[{"where": "cat", "one_of": []}]',
            '[{"where": "cat", "one_of": ["at night"]}]',
            '[{"where": "cat", "one_of": [1]}]',
            '[{"where": "cat", "one_of": 1}]',
            '{"where": "cat"}',
            "{}",
            None,
        ],
    )
    def test_what_is_no_such_list_is_refused(self, content: str | None, tmp_path: Path) -> None:
        if content is not None:
            (tmp_path / "unsaid.json").write_text(content)
        manifest = written(tmp_path / "m.toml", {"a": self.ENTRY})
        with pytest.raises(ManifestError, match="a: unsaid wants a list of what is left open"):
            load_manifest(manifest)


class TestFigures:
    ENTRY = ENTRY | {"figures": "figures.json"}

    def test_they_are_named_where_an_examination_left_some(self, tmp_path: Path) -> None:
        file = tmp_path / "figures.json"
        file.write_text('{"subject": 0.97}')
        alice = load_manifest(written(tmp_path / "m.toml", {"alice": self.ENTRY}))["alice"]
        assert alice.figures == {"subject": 0.97}

    @pytest.mark.parametrize(
        "content",
        [
            "0.97",
            "[]",
            '{"subject": "0.9"}',
            '{"subject": true}',
            '{"subject": NaN}',
            '{"subject": 1e999}',
            '{"subject": ' + "9" * 400 + "}",
            None,
        ],
    )
    def test_what_is_no_object_of_numbers_is_refused(
        self, content: str | None, tmp_path: Path
    ) -> None:
        if content is not None:
            (tmp_path / "figures.json").write_text(content)
        manifest = written(tmp_path / "m.toml", {"a": self.ENTRY})
        with pytest.raises(ManifestError, match="a: figures wants a JSON object of numbers"):
            load_manifest(manifest)


class TestStyles:
    def test_a_style_is_put_around_the_prompt(self, tmp_path: Path) -> None:
        entry = ENTRY | {"styles": {"pencil": "pencil, {prompt}, on paper"}}
        alice = load_manifest(written(tmp_path / "m.toml", {"alice": entry}))["alice"]
        assert alice.styled("a {fox}", "pencil") == "pencil, a {fox}, on paper"
        assert alice.styled("a {prompt}", "") == "a {prompt}"
        with pytest.raises(KeyError):
            alice.styled("a fox", "oil")


class TestChoosing:
    def test_names_choose_and_order_and_the_first_is_the_default(self, own: Path) -> None:
        manifest = load_manifest(own)
        assert list(chosen(manifest, ["bob", "alice"])) == ["bob", "alice"]
        assert list(chosen(manifest, ["alice"])) == ["alice"]

    def test_a_path_stands_for_all_of_that_manifest(self, own: Path) -> None:
        served = chosen(load_manifest(SHIPPED), [str(own), "doodle"])
        assert list(served) == ["alice", "bob", "doodle"]

    def test_an_unknown_name_is_answered_with_those_there_are(self, own: Path) -> None:
        with pytest.raises(ManifestError, match="called carol; there are alice, bob"):
            chosen(load_manifest(own), ["carol"])

    def test_a_name_said_twice_is_refused(self, own: Path) -> None:
        with pytest.raises(ManifestError, match="two checkpoints are called alice"):
            chosen(load_manifest(own), ["alice", str(own)])

    def test_no_name_at_all_is_refused(self, own: Path) -> None:
        with pytest.raises(ManifestError, match="no checkpoint is named"):
            chosen(load_manifest(own), [])


class TestRevisions:
    """A revision changes whenever the same seed may draw other pixels, and only then."""

    def revision(self, folder: Path, **changes: object) -> str:
        manifest = written(folder / "m.toml", {"alice": ENTRY | changes})
        return load_manifest(manifest)["alice"].revision

    def test_it_stays_with_what_draws_nothing(self, tmp_path: Path) -> None:
        before = self.revision(tmp_path)
        assert self.revision(tmp_path, title="Alice's best", batch_size=4, steps=9) == before
        assert len(before) == 12

    def test_it_follows_the_weights(self, tmp_path: Path) -> None:
        (tmp_path / "weights").mkdir()
        (tmp_path / "weights" / "unet.safetensors").write_bytes(b"one")
        before = self.revision(tmp_path)
        (tmp_path / "weights" / "unet.safetensors").write_bytes(b"two")
        assert self.revision(tmp_path) != before

    @pytest.mark.parametrize(
        "change",
        [
            {"dtype": "float32"},
            {"scheduler": {"name": "DDIMScheduler"}},
            {"scheduler": {"name": "DDIMScheduler", "timestep_spacing": "trailing"}},
            {"unet": {"repository": "bob/fast", "revision": COMMIT, "file": "unet.safetensors"}},
            {"source": {"repository": "bob/base", "revision": COMMIT}},
            {"source": {"folder": "weights", "revision": "2"}},
        ],
    )
    def test_it_follows_what_changes_pixels(self, change: dict[str, Any], tmp_path: Path) -> None:
        assert self.revision(tmp_path, **change) != self.revision(tmp_path)


def test_manifest_and_seeds_are_read_without_torch() -> None:
    code = (
        "import sys, generation.checkpoints, generation.seeds;"
        "print({'torch', 'diffusers', 'transformers', 'django'} & set(sys.modules))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "set()"
