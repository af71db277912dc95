"""What only a running site shows: events, waiting, races, web UIs, and what the logs hold."""

import base64
import io
import json
import re
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from PIL import Image

from tests.api.conftest import PATIENCE, leaked_by

pytestmark = pytest.mark.live


def test_with_prefer_wait_the_pictures_come_with_the_answer(api):
    wait = {"Prefer": "wait=30"}
    answer = api.post("/generations", json={"prompt": "a wait", "count": 2}, headers=wait)
    assert answer.headers["Preference-Applied"] == "wait"
    while answer.json()["status"] in ("queued", "running"):  # on a machine that is busy
        answer = api.get(f"/generations/{answer.json()['id']}", headers=wait)
    said = answer.json()
    assert (answer.status_code, said["status"], len(said["images"])) == (200, "succeeded", 2)
    picture = api.get(f"/generations/{said['id']}/images/0?format=png")
    assert Image.open(io.BytesIO(picture.content)).size == (64, 64)


def test_events_follow_a_grid_to_its_pictures(api):
    made = api.post("/generations", json={"prompt": "an event", "count": 1}).json()
    with api.stream("GET", f"/generations/{made['id']}/events") as stream:
        text = "".join(stream.iter_text())
    events = re.findall(r"event: (\w+)\ndata: (.*)\n\n", text)
    names = [name for name, _ in events]
    assert names[0] == "progress"
    assert names[-2:] == ["generation", "done"]
    grid = json.loads(dict(events)["generation"])
    assert (grid["id"], grid["status"], len(grid["images"])) == (made["id"], "succeeded", 1)


@pytest.mark.usefixtures("nobody_draws")
def test_a_revoked_key_sees_no_more_of_a_stream(site, make_key):
    key = make_key("mallory@example.org")
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=f"{site.url}/api/v1", headers=headers, timeout=PATIENCE) as client:
        made = client.post("/generations", json={"prompt": "a secret"}).json()
        with client.stream("GET", f"/generations/{made['id']}/events") as stream:
            lines = stream.iter_lines()
            next(lines)
            httpx.post(f"{site.url}/api/v1/keys/report", json={"key": key}, timeout=PATIENCE)
            revoked = time.monotonic()
            for line in lines:  # one comes every two seconds, for as long as the stream goes on
                assert line != "event: done"
                # Four are promised; a busy machine gets more. Nothing else would end it.
                assert time.monotonic() - revoked < 30
        assert client.get("/account").json()["code"] == "revoked_api_key"


def test_parallel_retries_with_one_key_are_one_grid(site, key, full):
    keys = 200 if full else 20
    once = [str(uuid.uuid4()) for _ in range(keys)]
    headers = {"Authorization": f"Bearer {key}"}
    limits = httpx.Limits(max_connections=20)
    with httpx.Client(base_url=f"{site.url}/api/v1", headers=headers, timeout=120,
                      limits=limits) as client:  # fmt: skip

        def asked(given: str) -> tuple[str, str]:
            answer = client.post(
                "/generations", json={"prompt": f"retry {given}", "count": 1},
                headers={"Idempotency-Key": given},
            )  # fmt: skip
            assert answer.status_code in (200, 202), answer.text
            return given, answer.json()["id"]

        with ThreadPoolExecutor(20) as threads:
            ids: dict[str, set[str]] = {}
            for given, job in threads.map(asked, [each for each in once for _ in range(20)]):
                ids.setdefault(given, set()).add(job)
        assert all(len(jobs) == 1 for jobs in ids.values())
        assert len(set.union(*ids.values())) == keys
        another = client.post("/generations", json={"prompt": "another body"},
                              headers={"Idempotency-Key": once[0]})  # fmt: skip
        assert (another.status_code, another.json()["code"]) == (409, "idempotency_key_reused")


class TestWebUI:
    """As Open WebUI draws by an AUTOMATIC1111 address."""

    @pytest.fixture
    def client(self, site, key):
        with httpx.Client(base_url=f"{site.url}/sdapi/v1", auth=("me", key), timeout=60) as made:
            yield made

    def test_it_finds_the_models_chooses_one_and_draws(self, client):
        assert client.get("/options").json() == {"sd_model_checkpoint": "tiny"}
        model = client.get("/sd-models").json()[0]
        assert (model["title"], model["model_name"]) == ("tiny", "tiny")
        assert client.post("/options", json={"sd_model_checkpoint": "tiny"}).status_code == 200
        wanted = {"prompt": "a fox", "batch_size": 2, "width": 512, "height": 512, "steps": 20,
                  "negative_prompt": "a cat", "sampler_name": "Euler"}  # fmt: skip
        for _ in range(20):
            answer = client.post("/txt2img", json=wanted)
            if answer.status_code != 503:  # given up after GATEWAY_LIMIT, on a machine that is busy
                break
        said = answer.json()
        for picture in said["images"]:
            assert Image.open(io.BytesIO(base64.b64decode(picture))).size == (64, 64)
        assert len(said["images"]) == len(json.loads(said["info"])["all_seeds"]) == 2

    def test_without_a_key_it_is_told_how_to_get_one(self, site, client):
        asked = {"prompt": "a fox"}
        answer = httpx.post(f"{site.url}/sdapi/v1/txt2img", json=asked, timeout=PATIENCE)
        assert answer.status_code == 401
        assert "/account/keys" in answer.json()["detail"]
        assert client.post("/options", json={"sd_model_checkpoint": "x"}).status_code == 404
        assert "detail" in client.get("/nothing").json()


def test_an_address_that_there_is_not_says_so_in_its_own_dialect(site):
    with httpx.Client(base_url=site.url, timeout=PATIENCE) as client:
        assert client.get("/api/v1/nothing").json()["code"] == "not_found"
        assert client.get("/v1/nothing").json()["error"]["code"] == "not_found"


def test_what_is_asked_with_secrets_is_logged_without_them(site, key, api):
    """Every log is looked through once more when the site ends, after all tests."""
    api.post("/generations", json={"prompt": "a log", "count": 1})
    with httpx.Client(base_url=site.url, timeout=PATIENCE) as client:
        client.get("/v1/models", headers={"Authorization": f"Bearer {key}"})
        client.get("/sdapi/v1/options", auth=("me", key))
        client.post("/api/v1/keys/report", json={"key": "cry_live_nothing"})
    made = api.post("/callbacks", json={"url": "https://example.org/hook"}).json()
    api.post(f"/callbacks/{made['id']}/rotate")
    assert not leaked_by(site)
    (site.folder / "leaky.log").write_text(f"asked with {key}")
    try:
        assert leaked_by(site)
    finally:
        (site.folder / "leaky.log").unlink()
