"""The official client of OpenAI against a running site: only base address and key are changed."""

import base64
import io
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import openai
import pytest
from PIL import Image

from tests.api.conftest import PATIENCE
from tests.running_site import RunningSite

pytestmark = pytest.mark.live

ASKED_AGAIN = 20
"""Times that a client asks again while its pictures are drawn: a busy machine may take a minute."""


@pytest.fixture
def client(site: RunningSite, key: str) -> openai.OpenAI:
    return client_of(site, key)


def client_of(site: RunningSite, key: str, **options) -> openai.OpenAI:
    options = {"max_retries": ASKED_AGAIN, **options}
    return openai.OpenAI(base_url=f"{site.url}/v1", api_key=key, **options)


def opened(b64: str) -> Image.Image:
    picture = Image.open(io.BytesIO(base64.b64decode(b64)))
    picture.load()
    return picture


def jobs_about(site: RunningSite, prompt: str) -> list[str]:
    """The status of each job that was asked for with this prompt."""
    said = site.manage(
        "shell", "--no-imports", "-c",
        "from generation.models import Job\n"
        f"print(*Job.objects.filter(prompt={prompt!r}).values_list('status', flat=True))",
    )  # fmt: skip
    return said.split()


def usage_about(site: RunningSite, prompt: str) -> int:
    return int(site.manage(
        "shell", "--no-imports", "-c",
        "from generation.models import Job; from accounts.models import Usage\n"
        f"ids = Job.objects.filter(prompt={prompt!r}).values('pk')\n"
        "print(Usage.objects.filter(job_id__in=ids).count())",
    ))  # fmt: skip


def test_a_program_written_for_openai_gets_a_picture(client):
    made = client.images.generate(model="gpt-image-1", prompt="a fox", size="1024x1024")
    (image,) = made.data
    assert opened(image.b64_json).format == "PNG"
    assert opened(image.b64_json).size == (64, 64)
    assert (made.size, made.output_format, made.usage.total_tokens) == ("64x64", "png", 0)


def test_nine_pictures_of_the_nearest_size_and_of_another_format(client):
    made = client.images.generate(
        model="tiny", prompt="nine foxes", n=9, size="1536x1024", output_format="webp",
        output_compression=50, quality="high", moderation="low",
    )  # fmt: skip
    assert [opened(image.b64_json).size for image in made.data] == [(96, 64)] * 9
    assert opened(made.data[0].b64_json).format == "WEBP"


def test_an_address_instead_of_pixels(client):
    made = client.images.generate(model="dall-e-3", prompt="a fox", style="vivid", user="me")
    address = made.data[0].url
    assert made.data[0].b64_json is None
    picture = httpx.get(address, timeout=PATIENCE).content
    assert Image.open(io.BytesIO(picture)).size == (64, 64)


def test_the_pictures_as_a_stream_with_partial_images(client):
    stream = client.images.generate(
        model="patient", prompt="a stream", n=2, stream=True, partial_images=2,
        output_format="jpeg", size="96x64",
    )  # fmt: skip
    events = list(stream)
    partial = [event for event in events if event.type == "image_generation.partial_image"]
    ended = events[len(partial) :]
    assert {(event.image_index, event.partial_image_index) for event in partial} == {
        (0, 0), (0, 1), (1, 0), (1, 1),
    }  # fmt: skip
    for position in range(2):
        own = [event.partial_image_index for event in partial if event.image_index == position]
        assert own == [0, 1]
    assert [event.type for event in ended] == ["image_generation.completed"] * 2
    for event in events:
        assert opened(event.b64_json).format == "JPEG"
        assert opened(event.b64_json).size == (96, 64)
    pixels = [event.b64_json for event in events]
    assert len(set(pixels)) == 6
    assert ended[0].usage.total_tokens == 0


def test_a_stream_without_partial_images(client, site):
    stream = client.images.generate(model="tiny", prompt="no looks", stream=True)
    assert [event.type for event in stream] == ["image_generation.completed"]
    assert jobs_about(site, "no looks") == ["succeeded"]


def test_a_test_keys_stream_has_its_partial_images_at_once(site, test_key):
    stream = client_of(site, test_key).images.generate(
        prompt="only a stream", stream=True, partial_images=3
    )
    kinds = [event.type.rpartition(".")[2] for event in stream]
    assert kinds == ["partial_image"] * 3 + ["completed"]


def test_looks_are_gone_once_it_is_drawn(site, client):
    list(client.images.generate(model="patient", prompt="gone", stream=True, partial_images=1))
    code = "from generation.models import Preview; print(Preview.objects.count())"
    assert site.manage("shell", "--no-imports", "-c", code).strip() == "0"


RED = Image.new("RGB", (128, 128), "red")


def drawn(picture: Image.Image, form: str = "PNG") -> bytes:
    file = io.BytesIO()
    picture.save(file, form)
    return file.getvalue()


class TestEdits:
    @pytest.fixture
    def mask(self) -> bytes:
        """The left half is transparent."""
        mask = Image.new("RGBA", (128, 128), "black")
        mask.paste((0, 0, 0, 0), (0, 0, 64, 128))
        return drawn(mask)

    def test_what_the_mask_keeps_is_kept_and_the_rest_is_drawn_anew(self, client, mask, site):
        made = client.images.edit(
            image=("red.jpg", drawn(RED, "JPEG")), mask=("mask.png", mask), prompt="half a fox",
            n=2, size="64x64", response_format="b64_json",
        )  # fmt: skip
        pictures = [opened(image.b64_json) for image in made.data]
        assert [picture.size for picture in pictures] == [(64, 64)] * 2
        for picture in pictures:
            kept = picture.crop((32, 0, 64, 32))  # below is the watermark
            assert kept.getextrema()[0][0] > 250
            assert kept.getextrema()[1][1] < 5
            assert len(picture.crop((0, 0, 32, 32)).getcolors(4096)) > 10
        assert pictures[0].tobytes() != pictures[1].tobytes()
        assert jobs_about(site, "half a fox") == ["succeeded"]
        assert usage_about(site, "half a fox") == 1

    def test_without_a_mask_the_whole_picture_is_changed(self, client):
        made = client.images.edit(image=drawn(RED), prompt="a whole fox", model="gpt-image-1")
        assert len(opened(made.data[0].b64_json).getcolors(4096)) > 10
        assert made.size == "64x64"

    def test_as_a_stream(self, client):
        stream = client.images.edit(
            image=[("red.png", drawn(RED))], prompt="a stream", stream=True, partial_images=1
        )
        kinds = [event.type for event in stream]
        assert kinds[-1] == "image_edit.completed"
        assert set(kinds[:-1]) <= {"image_edit.partial_image"}

    def test_its_pictures_are_checked_whatever_the_model_has_seen(self, client, site):
        with pytest.raises(openai.BadRequestError) as refused:
            client.images.edit(image=drawn(RED), prompt="an edit held back", size="96x64")
        assert refused.value.code == "moderation_blocked"
        assert jobs_about(site, "an edit held back") == ["failed"]

    def test_a_test_key_practises(self, site, test_key):
        made = client_of(site, test_key).images.edit(image=drawn(RED), prompt="a test")
        assert opened(made.data[0].b64_json).size == (64, 64)

    @pytest.mark.parametrize(
        ("sent", "code", "param"),
        [
            ({"image": b"no picture"}, "invalid_image", "image"),
            ({"mask": b"no picture"}, "invalid_image", "mask"),
            ({"mask": drawn(RED)}, "invalid_image", "mask"),
            ({"mask": drawn(Image.new("RGBA", (64, 64)))}, "invalid_image", "mask"),
            ({"image": [("a.png", drawn(RED)), ("b.png", drawn(RED))]}, "too_many_images", "image"),
            ({"n": 11}, "invalid_request", "n"),
            ({"model": "sdxl"}, "model_not_found", "model"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_edited(self, client, sent, code, param):
        with pytest.raises(openai.APIStatusError) as refused:
            client.images.edit(**{"image": ("a.png", drawn(RED)), "prompt": "a fox", **sent})
        assert refused.value.status_code in (400, 404)
        assert (refused.value.code, refused.value.param) == (code, param)


class TestModeration:
    def test_a_prompt_against_the_rules(self, client, site):
        with pytest.raises(openai.BadRequestError) as refused:
            client.images.generate(prompt="a deepnude")
        error = refused.value
        assert (error.code, error.type) == ("moderation_blocked", "image_generation_user_error")
        assert jobs_about(site, "a deepnude") == []

    def test_pictures_that_the_check_held_back(self, client, site):
        with pytest.raises(openai.BadRequestError) as refused:
            client.images.generate(model="strict", prompt="held back", n=2)
        error = refused.value
        assert (error.code, error.type) == ("moderation_blocked", "image_generation_user_error")
        assert jobs_about(site, "held back") == ["failed"]
        assert usage_about(site, "held back") == 0

    def test_in_a_stream(self, client):
        stream = client.images.generate(
            model="strict", prompt="held back streams", stream=True, partial_images=1
        )
        with pytest.raises(openai.APIError) as refused:
            assert list(stream) == []
        assert refused.value.code == "moderation_blocked"


def test_the_models_are_ours_and_openais_names_are_known(client):
    assert [model.id for model in client.models.list()] == ["tiny", "patient", "strict"]
    assert client.models.retrieve("gpt-image-1").owned_by == "craiyon"
    with pytest.raises(openai.NotFoundError) as refused:
        client.models.retrieve("gpt-4o")
    assert refused.value.code == "model_not_found"


def test_a_bad_key(site):
    with pytest.raises(openai.AuthenticationError) as refused:
        client_of(site, "sk-proj-something").images.generate(prompt="a fox")
    assert refused.value.code == "invalid_api_key"
    assert refused.value.request_id


@pytest.mark.parametrize(
    ("asked", "kind", "code", "param"),
    [
        ({"model": "sdxl"}, openai.NotFoundError, "model_not_found", "model"),
        ({"prompt": " \u202e "}, openai.BadRequestError, "prompt_refused", "prompt"),
        ({"n": 11}, openai.BadRequestError, "invalid_request", "n"),
        ({"background": "transparent"}, openai.BadRequestError, "unsupported_background",
         "background"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn(client, asked, kind, code, param):
    with pytest.raises(kind) as refused:
        client.images.generate(**{"prompt": "a fox", **asked})
    assert (refused.value.code, refused.value.param) == (code, param)


def test_edits_where_the_model_cannot(client):
    with pytest.raises(openai.BadRequestError) as refused:
        client.images.edit(image=("a.png", drawn(RED)), prompt="a hat", model="patient")
    assert (refused.value.code, refused.value.param) == ("edits_unsupported", "model")
    assert "tiny" in refused.value.message


def test_a_rate_limit(site, make_key):
    key = make_key("hasty@example.org")
    site.manage(
        "shell", "--no-imports", "-c",
        "from accounts.models import ApiKey\n"
        "ApiKey.objects.filter(user__email='hasty@example.org').update(per_day=1)",
    )  # fmt: skip
    client = client_of(site, key)
    client.images.generate(prompt="a fox")
    with pytest.raises(openai.RateLimitError) as refused:
        client.images.generate(prompt="a fox")
    assert (refused.value.code, refused.value.type) == ("rate_limit_exceeded", "requests")
    assert refused.value.response.headers["x-ratelimit-remaining-requests"] == "0"
    assert int(refused.value.response.headers["retry-after"]) > 86000


def test_a_test_key_draws_at_once_and_for_nothing(site, test_key):
    made = client_of(site, test_key).images.generate(prompt="only a test", n=2)
    assert [opened(image.b64_json).size for image in made.data] == [(64, 64)] * 2
    assert jobs_about(site, "only a test") == ["succeeded"]
    assert usage_about(site, "only a test") == 0


@pytest.mark.usefixtures("nobody_draws")
class TestWithoutAWorker:
    """Nothing is drawn while the calls wait."""

    def after(self, seconds: float, do: Callable[[], None]) -> threading.Timer:
        timer = threading.Timer(seconds, do)
        timer.start()
        return timer

    def test_a_call_that_outlasts_the_gateway_ends_in_pictures(self, site, client):
        self.after(5.5, site.resume_worker)
        made = client.images.generate(prompt="patience", n=1)
        assert opened(made.data[0].b64_json).size == (64, 64)
        assert jobs_about(site, "patience") == ["succeeded"]
        assert usage_about(site, "patience") == 1

    def test_an_edit_that_outlasts_the_gateway_ends_in_pictures(self, site, client):
        self.after(5.5, site.resume_worker)
        client.images.edit(image=("red.png", drawn(RED)), prompt="patient edit")
        assert jobs_about(site, "patient edit") == ["succeeded"]
        assert usage_about(site, "patient edit") == 1

    def test_a_call_that_its_client_gave_up_is_joined_by_the_retry(self, site, key):
        # It gives up before the gateway does, and leaves a busy machine time to hand over what is
        # drawn: what went out and came too late would be drawn anew for who asks again.
        client = client_of(site, key, timeout=3)
        self.after(4, site.resume_worker)
        made = client.images.generate(prompt="no patience")
        assert opened(made.data[0].b64_json).size == (64, 64)
        assert jobs_about(site, "no patience") == ["succeeded"]

    def test_two_identical_calls_that_both_retry_get_two_grids(self, site, client):
        self.after(5.5, site.resume_worker)
        with ThreadPoolExecutor(2) as both:
            calls = [both.submit(client.images.generate, prompt="twins") for _ in range(2)]
            one, other = (call.result().data[0].b64_json for call in calls)
        assert one != other
        assert jobs_about(site, "twins") == ["succeeded"] * 2
        assert usage_about(site, "twins") == 2
