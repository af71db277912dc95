"""The guide: short texts, and examples that the tests run as they stand here."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Snippet:
    """An example in one language. It reads its site and its key from the environment."""

    language: str
    """bash, python or javascript."""
    title: str
    code: str


@dataclass(frozen=True)
class Section:
    """One thing to do."""

    slug: str
    title: str | Promise
    text: str | Promise
    snippets: Sequence[Snippet] = ()


SECTIONS = (
    Section(
        "grid",
        _("Nine pictures"),
        _(
            "Ask, wait up to 50 seconds in the same request, and get the grid. Without “Prefer: "
            "wait” the answer comes at once, says the place in the queue, and names the address "
            "to look at again. With a test key it is done at once, and costs nothing."
        ),
        (
            Snippet(
                "bash",
                "curl",
                """\
curl --fail --silent "$CRAIYON_URL/api/v1/generations" \\
  --header "Authorization: Bearer $CRAIYON_KEY" \\
  --header "Prefer: wait=50" \\
  --json '{"prompt": "a red fox under a full moon", "count": 9}'
""",
            ),
            Snippet(
                "python",
                "Python",
                """\
import os
import httpx

api = httpx.Client(
    base_url=os.environ["CRAIYON_URL"] + "/api/v1",
    headers={"Authorization": "Bearer " + os.environ["CRAIYON_KEY"]},
    timeout=60,
)
grid = api.post("/generations", json={"prompt": "a red fox"}, headers={"Prefer": "wait=50"}).json()
for image in grid["images"]:
    picture = api.get(f"/generations/{grid['id']}/images/{image['position']}?format=png")
    with open(f"fox-{image['position']}.png", "wb") as file:
        file.write(picture.content)
print(len(grid["images"]), "pictures")
""",
            ),
            Snippet(
                "javascript",
                "JavaScript",
                """\
const answer = await fetch(process.env.CRAIYON_URL + "/api/v1/generations", {
  method: "POST",
  headers: {
    "Authorization": "Bearer " + process.env.CRAIYON_KEY,
    "Content-Type": "application/json",
    "Prefer": "wait=50",
  },
  body: JSON.stringify({ prompt: "a red fox", count: 4 }),
});
const grid = await answer.json();
console.log(grid.status, grid.images.map((image) => image.url));
""",
            ),
        ),
    ),
    Section(
        "openai",
        _("With a program written for OpenAI"),
        _(
            "Change the base address and the key. OpenAI’s names of models and sizes stand for "
            "our default model and its nearest size. A call that takes longer than the gateways "
            "allow is asked again by the client itself, and joins the grid that is being drawn."
        ),
        (
            Snippet(
                "python",
                "Python (openai)",
                """\
import base64
import os
from openai import OpenAI

client = OpenAI(
    base_url=os.environ["CRAIYON_URL"] + "/v1",
    api_key=os.environ["CRAIYON_KEY"],
)
made = client.images.generate(model="gpt-image-1", prompt="a red fox", n=2, size="1024x1024")
for number, image in enumerate(made.data):
    with open(f"fox-{number}.png", "wb") as file:
        file.write(base64.b64decode(image.b64_json))
print(len(made.data), "pictures")
""",
            ),
            Snippet(
                "bash",
                "curl",
                """\
curl --fail --silent "$CRAIYON_URL/v1/images/generations" \\
  --header "Authorization: Bearer $CRAIYON_KEY" \\
  --json '{"prompt": "a red fox", "response_format": "url"}'
""",
            ),
        ),
    ),
    Section(
        "edit",
        _("A picture changed"),
        _(
            "Send a picture and say what it shall be. With a mask of the same size, only what is "
            "transparent in the mask is drawn anew. The picture is cut to size, kept with the "
            "grid, and erased with it. GET /api/v1/checkpoints says which models can."
        ),
        (
            Snippet(
                "python",
                "Python (openai)",
                """\
import base64
import os
from openai import OpenAI

client = OpenAI(
    base_url=os.environ["CRAIYON_URL"] + "/v1",
    api_key=os.environ["CRAIYON_KEY"],
)
fox = client.images.generate(model="gpt-image-1", prompt="a red fox")
made = client.images.edit(
    model="gpt-image-1",
    image=("fox.png", base64.b64decode(fox.data[0].b64_json)),
    prompt="a red fox at night",
)
with open("night.png", "wb") as file:
    file.write(base64.b64decode(made.data[0].b64_json))
print("night.png")
""",
            ),
        ),
    ),
    Section(
        "once",
        _("Once, however often you ask"),
        _(
            "Send an Idempotency-Key of your own with each grid that you want. If the connection "
            "breaks, send the same again: it is the same grid, drawn and counted once. The same "
            "key with another body is refused with 409."
        ),
        (
            Snippet(
                "python",
                "Python",
                """\
import os
import uuid
import httpx

api = httpx.Client(
    base_url=os.environ["CRAIYON_URL"] + "/api/v1",
    headers={"Authorization": "Bearer " + os.environ["CRAIYON_KEY"]},
    timeout=60,
)
once = {"Idempotency-Key": str(uuid.uuid4())}
first = api.post("/generations", json={"prompt": "a red fox"}, headers=once).json()
again = api.post("/generations", json={"prompt": "a red fox"}, headers=once).json()
assert first["id"] == again["id"]
print("one grid:", first["id"])
""",
            ),
        ),
    ),
    Section(
        "limits",
        _("What is left, and what it costs"),
        _(
            "Every answer carries RateLimit: what is left of the minute and of the day. 429 and "
            "503 say in Retry-After when to come back. With dry_run you learn what a grid costs "
            "and when it would start; nothing is drawn."
        ),
        (
            Snippet(
                "python",
                "Python",
                """\
import os
import time
import httpx

api = httpx.Client(
    base_url=os.environ["CRAIYON_URL"] + "/api/v1",
    headers={"Authorization": "Bearer " + os.environ["CRAIYON_KEY"]},
    timeout=60,
)
answer = api.post("/generations", json={"prompt": "a red fox", "dry_run": True})
while answer.status_code in (429, 503):
    time.sleep(int(answer.headers["Retry-After"]))
    answer = api.post("/generations", json={"prompt": "a red fox", "dry_run": True})
print(answer.headers["RateLimit"], answer.json()["cost"])
""",
            ),
        ),
    ),
    Section(
        "events",
        _("As it happens"),
        _(
            "A stream of server-sent events tells the place in the queue and the progress, and "
            "ends with the grid."
        ),
        (
            Snippet(
                "bash",
                "curl",
                """\
grid=$(curl --fail --silent "$CRAIYON_URL/api/v1/generations" \\
  --header "Authorization: Bearer $CRAIYON_KEY" \\
  --json '{"prompt": "a red fox"}' | sed 's/.*"id":"\\([^"]*\\)".*/\\1/')
curl --fail --silent --no-buffer "$CRAIYON_URL/api/v1/generations/$grid/events" \\
  --header "Authorization: Bearer $CRAIYON_KEY"
""",
            ),
        ),
    ),
    Section(
        "callbacks",
        _("Called back"),
        _(
            "Name an address of yours, and it is told when a grid is done, failed or cancelled: "
            "signed by Standard Webhooks, tried again for a day, once for each id."
        ),
        (
            Snippet(
                "python",
                "Python (standardwebhooks)",
                """\
import datetime
from standardwebhooks import Webhook

secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # yours comes with the callback


def told(body: str, headers: dict) -> dict:
    \"\"\"Returns what we told you; raises if it was not us.\"\"\"
    return Webhook(secret).verify(body, headers)


body, now = '{"type": "callback.test"}', datetime.datetime.now(datetime.timezone.utc)
print(told(body, {
    "webhook-id": "1",
    "webhook-timestamp": str(int(now.timestamp())),
    "webhook-signature": Webhook(secret).sign("1", now, body),
}))
""",
            ),
        ),
    ),
)
