"""What the native API takes and gives, field by field: the code that the reference is made of.

Fields are taken out of their class when it is made, so that one called `data` or `style` hides
nothing of the framework's; the type checker cannot know.
"""

import re
from typing import Any

from django.core.validators import ProhibitNullCharactersValidator
from django.utils.translation import gettext as _
from rest_framework import serializers

from generation.errors import Failure
from generation.images.renditions import Format
from generation.models import Job
from generation.prompts import LONGEST_PROMPT
from generation.queue.admission import LARGEST_COUNT
from generation.seeds import LARGEST_SEED
from generation.submission import GridRequest

SIZE = r"^[1-9][0-9]{1,3}x[1-9][0-9]{1,3}$"
SLUG = r"^[a-z0-9][a-z0-9-]{0,63}$"
STATUSES = tuple(Job.Status.values)
FORMATS = tuple(str(member) for member in Format)


class Whole(serializers.IntegerField):
    """A number as JSON has it: no text, no truth value, no fraction."""

    def to_internal_value(self, data: Any) -> int:
        whole = isinstance(data, int) or (isinstance(data, float) and data.is_integer())
        if isinstance(data, bool) or not whole:
            self.fail("invalid")
        return int(super().to_internal_value(int(data)))


class Text(serializers.CharField):
    """A text as JSON has it: no number in its place, and nothing cut off its ends.

    The framework refuses NUL, which the prompt's own rules take out and other fields' refuse.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)
        self.validators = [
            v for v in self.validators if not isinstance(v, ProhibitNullCharactersValidator)
        ]

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return data


class YesOrNo(serializers.BooleanField):
    """A truth value as JSON has it."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class GenerationRequest(serializers.Serializer[Any]):
    """What to draw. All but the prompt may be left out."""

    prompt = Text(
        min_length=1, max_length=LONGEST_PROMPT, help_text="What to draw, in any language."
    )
    negative_prompt = Text(
        max_length=LONGEST_PROMPT,
        default="",
        allow_blank=True,
        help_text="What to keep out, where the checkpoint can.",
    )
    style = serializers.RegexField(  # type: ignore[assignment]
        r"^([a-z0-9][a-z0-9_-]{0,49})?$",
        default="",
        allow_blank=True,
        help_text="One of the checkpoint's styles.",
    )
    checkpoint = serializers.RegexField(
        r"^([a-z0-9][a-z0-9-]{0,63})?$",
        default="",
        allow_blank=True,
        help_text="Which model draws; the default one if left out.",
    )
    size = serializers.RegexField(
        SIZE, default=None, allow_null=True, help_text="Like 256x256; the checkpoint's first."
    )
    count = Whole(min_value=1, max_value=LARGEST_COUNT, default=9, help_text="Pictures.")
    seed = Whole(
        min_value=0,
        max_value=LARGEST_SEED,
        default=None,
        allow_null=True,
        help_text="The same seed draws the same pictures.",
    )
    format = serializers.ChoiceField(FORMATS, default=Format.WEBP.value)
    visibility = serializers.ChoiceField(
        Job.Visibility.choices,
        default=Job.Visibility.UNLISTED.value,
        help_text="Private grids are a right of some plans.",
    )
    dry_run = YesOrNo(default=False, help_text="Only say what it would cost; draw nothing.")

    def grid(self) -> GridRequest:
        """Returns what a valid body asks for."""
        said = dict(self.validated_data)
        said.pop("dry_run")
        size = said.pop("size")
        sides = re.findall(r"\d+", size) if size else []
        said["visibility"] = Job.Visibility(said["visibility"])
        return GridRequest(size=(int(sides[0]), int(sides[1])) if sides else None, **said)


class Range(serializers.Serializer[Any]):
    """Seconds: the honest range."""

    low = serializers.FloatField(min_value=0)
    high = serializers.FloatField(min_value=0)


class GenerationError(serializers.Serializer[Any]):
    """Why a generation failed."""

    code = serializers.ChoiceField(Failure.choices)
    message = serializers.CharField()


class Picture(serializers.Serializer[Any]):
    """One position: a picture, or none because the check held it back."""

    position = serializers.IntegerField(min_value=0, max_value=LARGEST_COUNT - 1)
    seed = serializers.IntegerField(min_value=0)
    status = serializers.ChoiceField(
        ("done", "held_back", "drawing"),
        help_text="A position that the check held back can be drawn again, once and free.",
    )
    url = serializers.URLField(
        allow_null=True, help_text="Of a private grid: good for 60 seconds, so fetch it at once."
    )


class Links(serializers.Serializer[Any]):
    """Where to go on from here."""

    self = serializers.URLField()
    events = serializers.URLField()
    cancel = serializers.URLField()
    page = serializers.URLField(help_text="For people.")


class Asked(serializers.Serializer[Any]):
    """What was asked for, all defaults filled in."""

    prompt = serializers.CharField()
    negative_prompt = serializers.CharField(allow_blank=True)
    style = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    checkpoint = serializers.CharField()
    size = serializers.RegexField(SIZE)
    count = serializers.IntegerField(min_value=1, max_value=LARGEST_COUNT)
    format = serializers.ChoiceField(FORMATS)
    visibility = serializers.ChoiceField(Job.Visibility.choices)


class Generation(Asked):
    """A grid, from its place in the queue to its pictures."""

    object = serializers.ChoiceField(("generation",))
    id = serializers.UUIDField()
    status = serializers.ChoiceField(STATUSES)
    test = serializers.BooleanField(help_text="Made with a test key.")
    seed = serializers.IntegerField(min_value=0)
    progress = serializers.FloatField(min_value=0, max_value=1)
    place = serializers.IntegerField(
        allow_null=True, min_value=1, help_text="In its lane of the queue; 1 is next."
    )
    starts_in = Range(allow_null=True)
    error = GenerationError(allow_null=True)
    images = Picture(many=True)
    created = serializers.DateTimeField()
    started = serializers.DateTimeField(allow_null=True)
    finished = serializers.DateTimeField(allow_null=True)
    links = Links()


class Redraw(serializers.Serializer[Any]):
    """One position being drawn again. Its picture takes its place in the generation."""

    object = serializers.ChoiceField(("redraw",))
    generation = serializers.UUIDField()
    position = serializers.IntegerField(min_value=0, max_value=LARGEST_COUNT - 1)
    status = serializers.ChoiceField(STATUSES)


class Cost(serializers.Serializer[Any]):
    """What drawing takes from the allowance, and how much work it is."""

    grids = serializers.IntegerField(min_value=0)
    images = serializers.IntegerField(min_value=1)
    pixel_steps = serializers.IntegerField(min_value=1)


class Quote(Asked):
    """What a generation would cost, and when it would start."""

    object = serializers.ChoiceField(("quote",))
    cost = Cost()
    starts_in = Range()


class GenerationList(serializers.Serializer[Any]):
    """A page of generations, the newest first."""

    object = serializers.ChoiceField(("list",))
    data = Generation(many=True)  # type: ignore[assignment]
    next = serializers.UUIDField(
        allow_null=True, help_text="The cursor of the next page; null on the last."
    )


class ListQuery(serializers.Serializer[Any]):
    """Which generations to list."""

    cursor = serializers.UUIDField(required=False, help_text="`next` of the page before.")
    limit = serializers.IntegerField(min_value=1, max_value=100, default=20)
    status = serializers.ChoiceField(STATUSES, required=False)
    checkpoint = serializers.RegexField(SLUG, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A mistyped filter would else list everything."""
        unknown = set(self.initial_data) - set(self.fields)
        if unknown:
            raise serializers.ValidationError(
                {key: [_("There is no such field.")] for key in unknown}
            )
        return attrs


class Link(serializers.Serializer[Any]):
    """An address of one picture that works without a key, for a short while."""

    url = serializers.URLField()
    expires = serializers.DateTimeField()


class LinkQuery(serializers.Serializer[Any]):
    """In which format."""

    format = serializers.ChoiceField(FORMATS, required=False)


class StreamEvent(serializers.Serializer[Any]):
    """One server-sent event of a stream."""

    event = serializers.CharField(required=False, help_text="What it tells.")
    data = serializers.CharField(  # type: ignore[assignment]
        required=False, help_text="JSON; the last line of OpenAI's dialect is [DONE]."
    )
    retry = serializers.IntegerField(
        required=False, help_text="Milliseconds until a browser that lost the stream asks again."
    )


class CheckpointInfo(serializers.Serializer[Any]):
    """A model that draws."""

    object = serializers.ChoiceField(("checkpoint",))
    name = serializers.CharField()
    title = serializers.CharField()
    default = serializers.BooleanField()
    licence = serializers.CharField()
    sizes = serializers.ListField(child=serializers.RegexField(SIZE))
    styles = serializers.ListField(child=serializers.CharField())
    negative_prompt = serializers.BooleanField()
    edits = serializers.BooleanField(help_text="Whether /v1/images/edits can use it.")
    longest_prompt = serializers.IntegerField(help_text="Tokens.")
    samples = serializers.ListField(child=serializers.CharField())


class CheckpointList(serializers.Serializer[Any]):
    """All models, the default first."""

    object = serializers.ChoiceField(("list",))
    data = CheckpointInfo(many=True)  # type: ignore[assignment]


class WindowInfo(serializers.Serializer[Any]):
    """One limit, and what is left of it."""

    limit = serializers.IntegerField(min_value=0)
    remaining = serializers.IntegerField(min_value=0)
    frees_in = serializers.IntegerField(
        min_value=0, help_text="Seconds until one more comes back; 0 while all are there."
    )


class InFlight(serializers.Serializer[Any]):
    """How many grids may wait or be drawn at once."""

    limit = serializers.IntegerField(min_value=0)
    remaining = serializers.IntegerField(min_value=0)


class MonthInfo(serializers.Serializer[Any]):
    """The grids that programs drew this month, and may draw."""

    used = serializers.IntegerField(min_value=0)
    included = serializers.IntegerField(min_value=0)
    paid = serializers.IntegerField(min_value=0, help_text="Beyond what is included.")
    cap = serializers.IntegerField(
        min_value=0, allow_null=True, help_text="Paid grids at most; null without paying by use."
    )


class KeyInfo(serializers.Serializer[Any]):
    """The key that asks."""

    name = serializers.CharField()
    prefix = serializers.CharField()
    live = serializers.BooleanField()
    scopes = serializers.ListField(child=serializers.CharField())
    expires = serializers.DateTimeField(allow_null=True)


class Account(serializers.Serializer[Any]):
    """The plan, and what is left of it."""

    object = serializers.ChoiceField(("account",))
    plan = serializers.CharField()
    per_minute = WindowInfo()
    per_day = WindowInfo(allow_null=True)
    in_flight = InFlight()
    month = MonthInfo(allow_null=True, help_text="Null where the month limits nothing.")
    largest_side = serializers.IntegerField()
    images_per_grid = serializers.IntegerField()
    private = serializers.BooleanField()
    watermark = serializers.BooleanField()
    key = KeyInfo()


class LeakedKey(serializers.Serializer[Any]):
    """A key that somebody found where it should not be."""

    key = Text(min_length=1, max_length=200)


class Reported(serializers.Serializer[Any]):
    """Whether the key was ours, and is dead now."""

    revoked = serializers.BooleanField()


class FieldError(serializers.Serializer[Any]):
    """What is wrong with one field."""

    field = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    message = serializers.CharField()


class ProblemDocument(serializers.Serializer[Any]):
    """What went wrong, by RFC 9457. Programs decide by `code`; people read `detail`."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    request_id = serializers.CharField(allow_blank=True)
    errors = FieldError(many=True, required=False)  # type: ignore[assignment]
