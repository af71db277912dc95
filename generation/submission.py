"""From what somebody asks for to a row of the queue."""

import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass

import structlog
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from uuid_utils.compat import uuid7

from accounts.entitlements import Entitlements, entitlements_of, narrowed
from accounts.models import ApiKey, Network, Owner, Plan, User, Visitor
from generation import clock, prompts, scheduling
from generation.batching import batch_key
from generation.catalogue import checkpoint_named
from generation.checkpoints import Checkpoint
from generation.errors import KeyReused, OwnerMoved, RequestRefused
from generation.images.renditions import Format
from generation.models import Job, Source
from generation.queue import admission, lanes
from generation.queue.admission import LARGEST_COUNT
from generation.safety import rulebook
from generation.scheduling import LaneLoad, Tags
from generation.seeds import LARGEST_SEED

log = structlog.get_logger(__name__)

LONGEST_KEY = 255


@dataclass(frozen=True)
class GridRequest:
    """What somebody asks for. None and empty text mean: the checkpoint's default."""

    prompt: str
    negative_prompt: str = ""
    style: str = ""
    checkpoint: str = ""
    size: tuple[int, int] | None = None
    count: int = 9
    seed: int | None = None
    format: str = "webp"
    visibility: Job.Visibility = Job.Visibility.UNLISTED
    previews: int = 0
    """Looks at each picture while it is drawn."""
    source: bytes | None = None
    """The picture to change, as `uploads.to_change` makes it; None draws a new one."""

    @property
    def hash(self) -> str:
        """The same text for the same request, for idempotency: how it is watched is no part."""
        drawn = {n: said for n, said in asdict(self).items() if n not in {"previews", "source"}}
        if self.source is not None:
            drawn["source"] = hashlib.sha256(self.source).hexdigest()
        return hashlib.sha256(json.dumps(drawn, sort_keys=True).encode()).hexdigest()


def submit(
    request: GridRequest,
    *,
    owner: Owner | None,
    network: Network | None = None,
    api_key: ApiKey | None = None,
    idempotency_key: str = "",
    ring: Callable[[str], None] | None = None,
) -> Job:
    """Returns the job that was accepted, or that the same key was already accepted for.

    Args:
        request: what to draw.
        owner: whose grid it is; None for the operator at the command line, who has no limits.
        network: the bucket of the address it came from.
        api_key: the owner's live key by which a program asks; its own limits count as well.
        idempotency_key: chosen by the client, one for each thing it wants done once.
        ring: called with the checkpoint's name once the job is safely in the queue.

    Raises:
        PromptRefused, RequestRefused: it cannot be drawn.
        PromptBlocked: it breaks a rule of what may be asked for.
        LimitReached: an allowance is used up.
        PaymentRequired, CapReached: the month's grids by the API are.
        Busy: it would wait too long.
        KeyReused: the key was used for another request.
        OwnerMoved: the visitor's grids have just been claimed by another owner.
    """
    rights = narrowed(entitlements_of(owner), api_key)
    job = asked_for(request, owner, rights, api_key=api_key, idempotency_key=idempotency_key)
    job.network = network
    checkpoint = checkpoint_named(job.checkpoint)
    with transaction.atomic():
        lock(network, owner)
        now = clock.now()
        if earlier := accepted_earlier(owner, idempotency_key, request):
            return earlier
        if owner is not None:
            admission.refuse_beyond_allowance(owner, rights, network, now)
        if api_key is not None:
            admission.refuse_beyond_key(api_key, now)
            admission.refuse_beyond_month(api_key, rights, now)
        enqueue(job, checkpoint, rights)
        if request.source is not None:
            Source.objects.create(job=job, content=request.source)
        if ring is not None:
            transaction.on_commit(lambda: ring(job.checkpoint))
    log.info("job.accepted", job=str(job.pk), checkpoint=job.checkpoint, tier=job.tier)
    return job


def quote(request: GridRequest, *, owner: Owner, api_key: ApiKey | None = None) -> Job:
    """Returns the job as `submit` would accept it now, with its cost and wait; nothing is written.

    Raises:
        PromptRefused, RequestRefused, LimitReached, Busy: as `submit` would.
    """
    rights = narrowed(entitlements_of(owner), api_key)
    job = asked_for(request, owner, rights, api_key=api_key)
    now = clock.now()
    admission.refuse_beyond_allowance(owner, rights, None, now)
    if api_key is not None:
        admission.refuse_beyond_key(api_key, now)
        admission.refuse_beyond_month(api_key, rights, now)
    checkpoint = checkpoint_named(job.checkpoint)
    loads = lanes.loads_of(lanes.of(job.checkpoint), now)
    tags = _tags(job, loads, rights.weight)
    wait = admission.quote(tags, job.tier, loads, admission.capacity_of(checkpoint, now))
    job.quoted_low, job.quoted_high = wait.low, wait.high
    return job


def asked_for(
    request: GridRequest,
    owner: Owner | None,
    rights: Entitlements,
    *,
    api_key: ApiKey | None = None,
    idempotency_key: str = "",
) -> Job:
    """Returns the row as asked for, all defaults filled in; not yet a place in the queue.

    Raises:
        PromptRefused, RequestRefused: it cannot be drawn.
        PromptBlocked: it breaks a rule of what may be asked for.
    """
    if len(idempotency_key) > LONGEST_KEY or not idempotency_key.isprintable():
        raise RequestRefused(
            _("An idempotency key has at most %d characters that can be printed.") % LONGEST_KEY
        )
    if api_key is not None and not rights.api:
        raise RequestRefused(_("Your plan does not let programs draw."))
    job = _job_for(request, owner, rights)
    rulebook.refuse_forbidden(job.prompt)
    job.api_key, job.idempotency_key, job.request_hash = api_key, idempotency_key, request.hash
    job.request_id = structlog.contextvars.get_contextvars().get("request_id", "")
    return job


def _job_for(request: GridRequest, owner: Owner | None, rights: Entitlements) -> Job:
    checkpoint = checkpoint_named(request.checkpoint)
    width, height = _size(request, checkpoint, rights, operator=owner is None)
    most = LARGEST_COUNT if owner is None else min(LARGEST_COUNT, rights.images_per_grid)
    if not 1 <= request.count <= most:
        raise RequestRefused(_("A grid has 1 to %(most)d pictures.") % {"most": most})
    if request.style and request.style not in checkpoint.styles:
        raise RequestRefused(_("This model does not know the style “%s”.") % request.style)
    if request.format not in tuple(Format):
        raise RequestRefused(_("Pictures come as %s.") % ", ".join(Format))
    if request.source is not None and not checkpoint.edits:
        raise RequestRefused(_("This model draws new pictures only; it cannot change one."))
    if request.visibility == Job.Visibility.PRIVATE and not rights.private and owner is not None:
        raise RequestRefused(_("Private grids are part of Premium."))
    if request.seed is not None and not 0 <= request.seed <= LARGEST_SEED:
        raise RequestRefused(_("A seed is a number from 0 to %d.") % LARGEST_SEED)
    return Job(
        user=owner if isinstance(owner, User) else None,
        visitor=owner if isinstance(owner, Visitor) else None,
        prompt=prompts.prompt_of(request.prompt),
        negative_prompt=prompts.normalised(request.negative_prompt),
        style=request.style,
        checkpoint=checkpoint.name,
        width=width,
        height=height,
        count=request.count,
        steps=checkpoint.steps,
        guidance=checkpoint.guidance,
        seed=secrets.randbelow(LARGEST_SEED + 1) if request.seed is None else request.seed,
        format=request.format,
        visibility=request.visibility,
        previews=request.previews,
        tier=rights.tier if owner is not None else Plan.Tier.PAID,
        cost=scheduling.cost_of(request.count, width, height, checkpoint.steps),
        batch_key=batch_key(
            width, height, checkpoint.steps, checkpoint.guidance, edit=request.source is not None
        ),
    )


def _size(
    request: GridRequest, checkpoint: Checkpoint, rights: Entitlements, *, operator: bool
) -> tuple[int, int]:
    """The default size is everybody's; larger ones are a right of the plan."""
    size = request.size or checkpoint.default_size
    if size not in checkpoint.sizes:
        sizes = ", ".join(f"{width} × {height}" for width, height in checkpoint.sizes)
        raise RequestRefused(_("This model draws in these sizes: %s.") % sizes)
    if size != checkpoint.default_size and max(size) > rights.largest_side and not operator:
        raise RequestRefused(
            _("%(width)d × %(height)d is part of a larger plan.")
            % {"width": size[0], "height": size[1]}
        )
    return size


def lock(network: Network | None, owner: Owner | None) -> None:
    """Makes submits of one network, then of one owner, take turns: counts and tags stay true.

    Raises:
        OwnerMoved: the visitor's grids, and the counts with them, have become somebody else's, or
            the account was deleted.
    """
    if network is not None:
        Network.objects.select_for_update().get(pk=network.pk)
    if isinstance(owner, User):
        if User.objects.select_for_update().get(pk=owner.pk).deleted is not None:
            raise OwnerMoved(_("This account has just been deleted."))
    elif isinstance(owner, Visitor):
        locked = Visitor.objects.select_for_update().filter(pk=owner.pk).first()
        if locked is None or locked.claimed is not None:
            raise OwnerMoved(
                _("Your grids have just moved to another device or account. Press Draw once more.")
            )


def enqueue(job: Job, checkpoint: Checkpoint, rights: Entitlements) -> None:
    """Gives a new job its place and its quote, and saves it.

    Raises:
        Busy: it would wait too long.
    """
    capacity = admission.capacity_of(checkpoint)
    # The submits to one lane take turns: what is quoted to each counts all that came before it.
    both = lanes.locked(job.checkpoint)
    # Of equal tags the id decides: the time and the id are of the moment in which the turn came.
    now, job.pk = clock.now(), uuid7()
    loads = lanes.loads_of(both.values(), now)
    tags = _tags(job, loads, rights.weight)
    wait = admission.quote(tags, job.tier, loads, capacity)
    job.toll = scheduling.toll_of(
        job.cost, tier=job.tier, lanes=loads, capacity=capacity.pixel_steps
    )
    job.start_tag, job.finish_tag = tags.start, tags.finish
    job.quoted_low, job.quoted_high = wait.low, wait.high
    job.created = now
    job.save(force_insert=True)
    lanes.arrive(both[job.tier], job, now)


def _tags(job: Job, loads: dict[int, LaneLoad], weight: int) -> Tags:
    last_finish = None
    if job.owner is not None:
        waiting = admission.jobs_of(job.owner).filter(
            status=Job.Status.QUEUED, checkpoint=job.checkpoint, tier=job.tier
        )
        last_finish = waiting.aggregate(last=Max("finish_tag"))["last"]
    load = loads.get(job.tier, scheduling.EMPTY_LANE)
    return scheduling.tags_of(load.virtual_time, last_finish, job.cost, weight)


def accepted_earlier(owner: Owner | None, key: str, request: GridRequest) -> Job | None:
    """Returns the job that this key was accepted for, or None.

    Raises:
        KeyReused: it was accepted for another request.
    """
    if owner is None or not key:
        return None
    earlier = admission.jobs_of(owner).filter(idempotency_key=key).first()
    if earlier is not None and earlier.request_hash != request.hash:
        raise KeyReused(_("This idempotency key belongs to another request."))
    return earlier
