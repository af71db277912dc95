"""Every invariant, and how to break it as no service would."""

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db.models import F, ForeignKey, Model
from django.utils import timezone

from accounts.models import ApiKey, Export, Network, Override, Plan, Usage
from generation.audit import MODELS
from generation.audit.columns import POSITIVE
from generation.models import (
    Call,
    Callback,
    Delivery,
    Image,
    Job,
    Lane,
    Pace,
    Preview,
    PromptRule,
    Rendition,
    Report,
    Source,
)  # fmt: skip
from tests.generation.commands.site import Site

LONG_AGO = timezone.now() - timedelta(days=400)

Break = Callable[[Site], object]


def change(job: Job, **columns: object) -> Job:
    """Writes columns of a job as no service would; returns what must be named."""
    assert Job.objects.filter(pk=job.pk).update(**columns)
    return job


def copy(row: Model, **columns: object) -> Model:
    """Writes a row once more under another key."""
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    return type(row)._default_manager.create(**values | columns)


def image_of(job: Job, position: int = 0) -> Image:
    return Image.objects.get(job=job, position=position)


def rendition_of(job: Job, position: int = 0) -> Rendition:
    return Rendition.objects.get(job=job, image__position=position)


def update(row: Model, **columns: object) -> Model:
    assert type(row)._default_manager.filter(pk=row.pk).update(**columns)
    return row


def twice_the_same_key(site: Site, **owner: object) -> str:
    for job in (site.failed, site.cancelled):
        change(job, **{"user": None, "visitor": None, "idempotency_key": "again", **owner})
    return "idempotency_key again"


def twice_the_same_position(site: Site) -> str:
    for job in (site.done, site.paid):
        change(job, redraws=site.failed, redraws_position=4)
    return "redraws_position 4"


def a_grid(job: Job, **columns: object) -> Rendition:
    return Rendition.objects.create(
        **{
            "id": 900, "job": job, "image": None, "kind": "card", "format": "webp",
            "watermarked": False, "width": 64, "height": 64, "bytes": 1, "sha256": "0" * 64,
            "name": "a-grid.webp", "created": timezone.now(), **columns,
        }
    )  # fmt: skip


def two_grids(site: Site) -> str:
    a_grid(site.done)
    a_grid(site.done, id=901, name="another-grid.webp")
    return "kind card"


def a_pace(key: int) -> Pace:
    return Pace.objects.create(
        id=key, worker_kind="paint", checkpoint="ink", width=64, height=64, steps=4
    )


def two_paces(site: Site) -> str:
    a_pace(900)
    a_pace(901)
    return "worker_kind paint"


def a_rule(**columns: object) -> PromptRule:
    said = {"id": 900, "name": "Clowns", "category": "other", "pattern": "clown"} | columns
    return PromptRule.objects.create(**said)


def a_report(**columns: object) -> Report:
    return Report.objects.create(**{"id": 900, "job_id": uuid.uuid4(), "reason": "hate"} | columns)


def an_api_key(site: Site, **columns: object) -> ApiKey:
    said = {"id": 900, "user": site.alice, "name": "mine", "live": True, "prefix": "cry_live_"}
    return ApiKey.objects.create(**{**said, "sha256": "0" * 64, **columns})


def a_look(job: Job) -> Preview:
    return Preview.objects.create(id=900, job=job, position=0, number=0, content=b"")


def a_source(job: Job) -> Source:
    return Source.objects.create(id=900, job=job, content=b"")


def a_callback(site: Site) -> Callback:
    return Callback.objects.create(user=site.alice, url="https://example.org/", secret="whsec_")


def a_delivery(site: Site) -> Delivery:
    return Delivery.objects.create(
        callback=a_callback(site), event="callback.test", due=LONG_AGO, since=LONG_AGO
    )


def a_call(site: Site, **columns: object) -> Call:
    said = {"id": 900, "job": site.done, "api_key_id": an_api_key(site).pk, "body_hash": "0"}
    return Call.objects.create(**said | columns)


def a_second_master(site: Site) -> str:
    master = image_of(site.done).master
    update(image_of(site.paid), master=master)
    return master


def no_longer_stored(alias: str, name: str) -> str:
    storages[alias].delete(name)
    return name


def overwritten(alias: str, name: str) -> str:
    storages[alias].delete(name)
    assert storages[alias].save(name, ContentFile(b"something else")) == name
    return name


def a_row(model: type[Model], **columns: object) -> Model:
    """Writes a row of which nothing but these columns is said: tables without guards take it."""
    key = {} if model._meta.pk.has_default() else {"pk": 900}
    row = model(**{**key, **columns})
    row.save(force_insert=True)
    return row


def wrong(field: Any) -> object:
    """A value of the column's kind that refers to nothing and is no choice."""
    kind = (field.target_field if field.is_relation else field).get_internal_type()
    if kind == "UUIDField":
        return uuid.uuid4()
    return "?" if kind.startswith(("Char", "Text", "Slug", "Email")) else 99


def twice(field: Any) -> Break:
    def break_it(_: Site) -> str:
        value = wrong(field)
        for key in (900, 901):
            ours = {} if field.model._meta.pk.has_default() else {"pk": key}
            a_row(field.model, **ours, **{field.attname: value})
        return "2 rows"

    return break_it


def of_columns(model: type[Model]) -> Iterator[tuple[str, Break]]:
    """The breaks of what single columns promise, of whatever model."""
    for field in model._meta.concrete_fields:
        name, column = f"{model._meta.model_name}_{field.name}", field.attname
        if field.unique and not field.primary_key:
            yield f"{name}_once", twice(field)
        if field.choices:
            yield f"{name}_is_a_choice", lambda _, f=field: a_row(f.model, **{f.name: wrong(f)})
        if isinstance(field, POSITIVE):
            yield f"{name}_is_not_negative", lambda _, c=column: a_row(model, **{c: -1})
        if isinstance(field, ForeignKey):
            yield f"{name}_exists", lambda _, f=field: a_row(f.model, **{f.attname: wrong(f)})


def two_exports(site: Site) -> str:
    for key in (900, 901):
        a_row(Export, pk=key, user=site.alice)
    return f"user {site.alice.pk}"


BREAKS: dict[str, Break] = {
    **{name: break_it for model in MODELS for name, break_it in of_columns(model)},
    # Plans, accounts and usage
    "plan_tier_is_known": lambda s: update(Plan.objects.get(name="free"), tier=3),
    "plan_tier_is_a_choice": lambda s: update(Plan.objects.get(name="free"), tier=0),
    "plan_weight_is_positive": lambda s: update(Plan.objects.get(name="free"), weight=0),
    "user_username_once": lambda s: copy(s.alice, id=900) and "username alice",
    "user_plan_exists": lambda s: update(s.alice, plan_id="gold"),
    "network_prefix_once": lambda s: copy(Network.objects.get(), id=900).prefix,
    "usage_job_id_once": lambda s: copy(Usage.objects.get(job_id=s.paid.pk), id=900) and "2 rows",
    "usage_api_key_exists": lambda s: update(Usage.objects.get(job_id=s.paid.pk), api_key_id=900),
    "usage_user_exists": lambda s: update(Usage.objects.get(job_id=s.paid.pk), user_id=900),
    "apikey_ends_at_a_moment": lambda s: an_api_key(s, ended="owner"),
    "apikey_ended_is_a_choice": lambda s: an_api_key(s, ended="bored", ended_at=LONG_AGO),
    "apikey_sha256_once": lambda s: an_api_key(s) and an_api_key(s, id=901) and "sha256 0",
    "apikey_user_exists": lambda s: an_api_key(s, user=None, user_id=900),
    "override_tier_is_known": lambda _: a_row(Override, tier=3),
    "override_weight_is_positive": lambda _: a_row(Override, weight=0),
    "export_one_at_a_time": two_exports,
    "the_named_plans_are_there": lambda s: Plan.objects.filter(name="api").delete() and "plan api",
    # A job by itself
    "job_status_is_known": lambda s: change(s.waiting, status="resting"),
    "job_status_is_a_choice": lambda s: change(s.waiting, status=""),
    "job_has_one_owner": lambda s: change(s.done, user=s.alice),
    "job_lease_while_running": lambda s: change(s.running, worker=""),
    "job_finished_when_terminal": lambda s: change(s.done, finished=None),
    "job_failure_has_a_code": lambda s: change(s.failed, error_code=""),
    "job_count_in_range": lambda s: change(s.waiting, count=11),
    "job_progress_is_a_share": lambda s: change(s.running, progress=1.5),
    "job_tags_in_order": lambda s: change(s.waiting, finish_tag=F("start_tag")),
    "job_attempts_in_range": lambda s: change(s.failed, attempts=4),
    "job_redraws_one_position": lambda s: change(s.failed, redraws_position=4),
    "job_redraws_exists": lambda s: change(s.failed, redraws_id=uuid.uuid4(), redraws_position=0),
    "job_redraws_a_position_once": twice_the_same_position,
    "job_once_a_visitors_key": lambda s: twice_the_same_key(s, visitor=s.bob),
    "job_once_a_users_key": lambda s: twice_the_same_key(s, user=s.alice),
    "job_api_key_exists": lambda s: change(s.paid, api_key_id=900),
    "job_user_exists": lambda s: change(s.paid, user_id=900),
    "job_visitor_exists": lambda s: change(s.done, visitor_id=uuid.uuid4()),
    "job_network_exists": lambda s: change(s.done, network_id=900),
    "job_visibility_is_a_choice": lambda s: change(s.done, visibility="secret"),
    "job_tier_is_a_choice": lambda s: change(s.failed, tier=3),
    "job_error_code_is_a_choice": lambda s: change(s.failed, error_code="bad_luck"),
    "cost_is_the_work_asked_for": lambda s: change(s.done, cost=1),
    "attempts_fit_the_status": lambda s: change(s.waiting, attempts=3),
    "what_was_tried_has_started": lambda s: change(s.failed, started=None),
    "nothing_ends_before_it_began": lambda s: change(s.done, finished=LONG_AGO),
    "what_succeeded_is_done": lambda s: change(s.done, progress=0.5),
    "batch_keys_say_what_a_call_takes": lambda s: change(s.waiting, batch_key="64x64/5/3"),
    "work_is_not_negative": lambda s: change(s.waiting, toll=-1),
    "sizes_are_of_something": lambda s: change(s.waiting, width=0),
    "seeds_are_in_range": lambda s: change(s.waiting, seed=-1),
    "leases_are_swept": lambda s: change(s.running, lease_until=LONG_AGO),
    "what_changes_a_picture_has_it": lambda s: a_source(s.done),
    "looks_are_of_what_is_drawn": lambda s: a_look(s.done),
    "preview_once": lambda s: copy(a_look(s.running), id=901) and "position 0, number 0",
    "erased_jobs_hold_nothing": lambda s: change(s.erased, prompt="a secret"),
    # Lanes and workers
    "lane_is_one_row": lambda s: copy(Lane.objects.get(tier=1), id=900) and "tier 1",
    "lane_sums_are_positive": lambda s: update(Lane.objects.get(tier=1), waiting=-1),
    "lane_tier_is_a_choice": lambda s: update(Lane.objects.get(tier=1), tier=3),
    "lane_sums_are_those_of_the_waiting_jobs": lambda s: (
        change(s.waiting, status="running") and Lane.objects.get(tier=2)
    ),
    "every_waiting_job_has_a_lane": lambda s: Lane.objects.all().delete() and s.waiting,
    "places_are_within_reach": lambda s: Lane.objects.update(virtual_time=-1) and s.waiting,
    "worker_state_is_a_choice": lambda s: update(s.worker, state="dreaming"),
    "pace_is_one_row": two_paces,
    # Pictures
    "image_once_a_position": lambda s: update(image_of(s.paid, 1), position=0) and "position 0",
    "image_position_in_range": lambda s: update(image_of(s.done), position=10),
    "image_is_a_picture_or_a_reason": lambda s: update(image_of(s.done), master_sha256=""),
    "image_job_exists": lambda s: update(image_of(s.done), job_id=uuid.uuid4()),
    "image_verdict_is_a_choice": lambda s: update(image_of(s.done), verdict="nice"),
    "a_delivered_grid_is_whole": lambda s: image_of(s.done, 2).delete() and s.done,
    "nothing_else_has_pictures": lambda s: update(image_of(s.done), job=s.failed),
    "a_master_belongs_to_one_image": a_second_master,
    "rendition_of_an_image_once": lambda s: copy(rendition_of(s.done), id=900) and "kind full",
    "rendition_of_a_grid_once": two_grids,
    "rendition_job_exists": lambda s: update(rendition_of(s.done), job_id=uuid.uuid4()),
    "rendition_image_exists": lambda s: update(rendition_of(s.done), image_id=uuid.uuid4()),
    "rendition_name_once": lambda s: copy(rendition_of(s.done), id=900).name,
    "renditions_show_what_may_be_seen": lambda s: a_grid(s.failed),
    # What may be asked for
    "promptrule_name_once": lambda _: a_rule() and a_rule(id=901) and "name Clowns",
    "promptrule_category_is_a_choice": lambda _: a_rule(category="fun"),
    "promptrule_language_is_a_choice": lambda _: a_rule(language="de"),
    "promptrule_action_is_a_choice": lambda _: a_rule(action="frown"),
    # What people report
    "report_reason_is_a_choice": lambda _: a_report(reason="taste"),
    "report_state_is_a_choice": lambda _: a_report(state="lost"),
    "report_network_exists": lambda _: a_report(network_id=900),
    "report_decided_by_exists": lambda _: a_report(decided_by_id=900),
    "report_is_decided_at_a_moment": lambda _: a_report(decided=timezone.now()),
    # What programs leave behind
    "call_job_once": lambda s: copy(a_call(s), id=901) and f"job {s.done.pk}",
    "call_job_exists": lambda s: a_call(s, job=None, job_id=uuid.uuid4()),
    "call_api_key_exists": lambda s: update(a_call(s), api_key_id=901),
    "callback_user_exists": lambda s: update(a_callback(s), user_id=900),
    "callback_state_is_a_choice": lambda s: update(a_callback(s), state="asleep"),
    "delivery_callback_exists": lambda s: update(a_delivery(s), callback_id=uuid.uuid4()),
    "delivery_state_is_a_choice": lambda s: update(a_delivery(s), state="lost"),
    # What was delivered is counted
    "every_delivery_is_counted": lambda s: Usage.objects.all().delete() and s.done,
    "nothing_else_is_counted": lambda s: update(Usage.objects.get(images=1), job_id=s.failed.pk),
    "usage_counts_what_was_delivered": lambda s: Usage.objects.update(images=3) and s.done,
    "usage_counts_the_work_that_was_delivered": lambda s: update(
        Usage.objects.get(job_id=s.done.pk), pixel_steps=1
    ),
    "images_have_the_seeds_of_their_places": lambda s: update(
        image_of(s.paid, 1), seed=s.paid.seed
    ),
    # The database itself: what is broken stands in for tables that have lost all but their keys
    "every_index_is_there": lambda s: "generation_job lacks job_lane",
    "every_unique_constraint_is_there": lambda s: "generation_job lacks job_once_a_users_key",
    "every_check_is_there": lambda s: "generation_job lacks that attempts is 0 or more",
    # Files
    "every_master_is_stored": lambda s: no_longer_stored("masters", image_of(s.done).master),
    "every_rendition_is_stored": lambda s: no_longer_stored("default", rendition_of(s.done).name),
    "every_master_is_unaltered": lambda s: overwritten("masters", image_of(s.done).master),
    "every_rendition_is_unaltered": lambda s: overwritten("default", rendition_of(s.done).name),
}

MORE_BREAKS: list[tuple[str, Break]] = [
    ("attempts_fit_the_status", lambda s: change(s.failed, attempts=0)),
    ("nothing_ends_before_it_began", lambda s: change(s.running, started=LONG_AGO)),
    ("work_is_not_negative", lambda s: change(s.waiting, quoted_high=-1)),
    ("sizes_are_of_something", lambda s: update(rendition_of(s.done), height=0)),
    ("seeds_are_in_range", lambda s: update(image_of(s.done), seed=2**32)),
    ("every_check_is_there", lambda s: "generation_job lacks job_has_one_owner"),
    ("every_unique_constraint_is_there", lambda s: "accounts_user lacks that username is unique"),
    ("every_index_is_there", lambda s: "lacks an index of the foreign key image_id"),
    ("a_delivered_grid_is_whole", lambda s: update(image_of(s.done, 2), position=3) and s.done),
    ("a_delivered_grid_is_whole", lambda s: update(image_of(s.paid), job=s.done) and s.paid),
    (
        "a_delivered_grid_is_whole",
        lambda s: s.done.images.update(verdict="blocked", master="", master_sha256="") and s.done,
    ),
    ("nothing_else_has_pictures", lambda s: update(image_of(s.done), job=s.running)),
    ("nothing_else_has_pictures", lambda s: update(image_of(s.held_back), verdict="passed")),
    ("renditions_show_what_may_be_seen", lambda s: update(rendition_of(s.done), job=s.paid)),
    (
        "renditions_show_what_may_be_seen",
        lambda s: update(rendition_of(s.done), image=image_of(s.done, 2)),
    ),
    (
        "usage_counts_what_was_delivered",
        lambda s: update(Usage.objects.get(job_id=s.done.pk), user=s.alice),
    ),
    ("erased_jobs_hold_nothing", lambda s: change(s.erased, seed=7)),
    ("erased_jobs_hold_nothing", lambda s: a_source(s.erased) and s.erased),
    (
        "what_changes_a_picture_has_it",
        lambda s: change(s.waiting, batch_key=f"{s.waiting.batch_key}/edit"),
    ),
    ("erased_jobs_hold_nothing", lambda s: update(image_of(s.done), job=s.erased) and s.erased),
    ("erased_jobs_hold_nothing", lambda s: a_grid(s.erased) and s.erased),
    ("erased_jobs_hold_nothing", lambda s: change(s.running, erased=timezone.now())),
    ("every_master_is_unaltered", lambda s: no_longer_stored("masters", image_of(s.done).master)),
]
