"""A site without a database: the same rules, in the order in which the services call them."""

import random
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from math import floor

from accounts.limits import DAY, MINUTE, Allowance, Limit, Reached, Spent, reached
from benchmarks.simulation.rules import Rules
from generation import scheduling
from generation.batching import Candidate, batch_key, fill
from generation.scheduling import LaneLoad, Pace, Tags, Wait

PAID, FREE = 1, 2
SIDE, LARGEST_SIDE = 512, 1024
STEPS = 8
LARGEST_COUNT = 10
WAIT_LIMIT = 600.0
UNKNOWN_PACE = 10.0
MIDNIGHT = datetime(2022, 6, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Plan:
    """What an owner may ask for, and in which lane it waits."""

    name: str
    tier: int
    allowance: Allowance


@dataclass(frozen=True)
class Request:
    """What is asked for: so many square pictures."""

    images: int
    side: int = SIDE

    @property
    def cost(self) -> int:
        """Pixel-steps."""
        return scheduling.cost_of(self.images, self.side, self.side, STEPS)


@dataclass(eq=False, slots=True)
class Owner:
    """Somebody who asks, and what they have asked for."""

    plan: Plan
    heavy: bool = False
    in_flight: int = 0
    waiting: list["Job"] = field(default_factory=list)
    minute: deque[datetime] = field(default_factory=deque)
    day: deque[datetime] = field(default_factory=deque)


@dataclass(eq=False, slots=True)
class Job:
    """An accepted request, its place and its quote. `then` is called when it is drawn.

    `visit` counts how often its owner had been sent away before.
    """

    number: int
    owner: Owner
    request: Request
    tier: int
    tags: Tags
    toll: int
    created: float
    quote: Wait
    visit: int = 0
    then: Callable[[], None] | None = None
    started: float | None = None

    @property
    def waited(self) -> float:
        """Seconds until it started; endless for one that never did."""
        return float("inf") if self.started is None else self.started - self.created

    @property
    def late(self) -> float:
        """Seconds by which it started after the end of its quote; below zero when before."""
        return self.waited - self.quote.high


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that was refused, and when to come back; without a limit, the site was busy."""

    owner: Owner
    limit: Limit | None
    retry_after: float | None
    visit: int


@dataclass(eq=False, slots=True)
class Batch:
    """Jobs that one worker draws together."""

    jobs: Sequence[Job]
    started: float
    seconds: float
    both_waited: bool

    def left(self, now: float) -> float:
        """Share that is not drawn yet, as far as whole steps tell."""
        return 1 - floor(STEPS * min(1.0, (now - self.started) / self.seconds)) / STEPS


@dataclass(slots=True)
class Lane:
    """The row of a lane, and its index of waiting jobs by batch key."""

    virtual_time: int = 0
    waiting: int = 0
    waiting_cost: int = 0
    tolls: int = 0
    arrivals: float = 0.0
    arrived_at: float = 0.0
    turn: Tags = field(default_factory=lambda: Tags(0, 0))
    by_key: dict[str, list[tuple[int, int, Job]]] = field(default_factory=dict)

    def head(self) -> tuple[int, int, Job]:
        """Returns the entry of the job that is next."""
        return min(entries[0] for entries in self.by_key.values() if entries)


@dataclass(frozen=True)
class Workshop:
    """Several workers alike, and how long they take for a call: a + b x images.

    A picture of twice the side has four times the pixels and takes 5.7 times as long: attention
    grows faster than the picture does.
    """

    workers: int = 4
    room: int = 9
    overhead: float = 0.8
    per_image: float = 0.2
    noise: float = 0.05

    def seconds_for(self, images: int, side: int = SIDE) -> float:
        """Returns how long a claim takes: as many calls as its pictures need."""
        calls = -(-images // self.room)
        times: float = (side / SIDE) ** 2.5
        return calls * self.overhead + images * self.per_image * times

    @property
    def capacity(self) -> float:
        """Pixel-steps a second, in full calls of the default size."""
        return self.workers * Request(self.room).cost / self.seconds_for(self.room)


class Site:
    """The queue of one checkpoint, its workers, and a clock that jumps from event to event."""

    def __init__(self, rules: Rules, workshop: Workshop, rng: random.Random) -> None:
        self.rules, self.workshop, self.rng = rules, workshop, rng
        self.now = 0.0
        self.jobs: list[Job] = []
        self.refusals: list[Refusal] = []
        self.batches: list[Batch] = []
        self._drawing: set[Batch] = set()
        self._lanes = {PAID: Lane(), FREE: Lane()}
        self._paces: dict[int, Pace] = {}
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()

    def at(self, moment: float, event: Callable[[], None]) -> None:
        """Lets something happen at a moment."""
        heappush(self._events, (moment, next(self._order), event))

    def run(self, until: float = float("inf")) -> None:
        """Lets everything happen in its order, up to a moment."""
        while self._events and self._events[0][0] <= until:
            self.now, _, event = heappop(self._events)
            event()
        if until < float("inf"):
            self.now = until

    # Submit

    def submit(
        self,
        owner: Owner,
        request: Request,
        *,
        visit: int = 0,
        then: Callable[[], None] | None = None,
    ) -> Job | Refusal:
        """Returns the job that was accepted, or why none was."""
        if limit := self._beyond_allowance(owner):
            return self._refused(Refusal(owner, limit.limit, limit.seconds, visit))
        tier = self.rules.tier(owner.plan.tier)
        tags, toll, quote = self._place(owner, request, tier)
        too_long = quote.high - WAIT_LIMIT
        if owner.plan.tier == FREE and too_long > 0:
            return self._refused(Refusal(owner, None, max(5.0, too_long), visit))
        job = Job(len(self.jobs), owner, request, tier, tags, toll, self.now, quote)
        job.visit, job.then = visit, then
        self.jobs.append(job)
        owner.waiting.append(job)
        owner.in_flight += 1
        owner.minute.append(self._moment())
        owner.day.append(self._moment())
        self._arrive(job)
        self._ring()
        return job

    def _beyond_allowance(self, owner: Owner) -> Reached | None:
        now = self._moment()
        for moments, window in ((owner.minute, MINUTE), (owner.day, DAY)):
            while moments and moments[0] <= now - window:
                moments.popleft()
        spent = Spent(owner.in_flight, owner.minute, owner.day)
        return reached(owner.plan.allowance, spent, now)

    def _refused(self, refusal: Refusal) -> Refusal:
        self.refusals.append(refusal)
        return refusal

    def _place(self, owner: Owner, request: Request, tier: int) -> tuple[Tags, int, Wait]:
        lanes, capacity = self._loads(), self._capacity()
        last_finish = max((job.tags.finish for job in owner.waiting), default=None)
        tags = self.rules.tags(lanes[tier].virtual_time, last_finish, request.cost)
        toll = scheduling.toll_of(request.cost, tier=tier, lanes=lanes, capacity=capacity)
        largest = Request(max(self.workshop.room, LARGEST_COUNT), LARGEST_SIDE)
        quote = scheduling.wait_of(
            tags, tier=tier, lanes=lanes, capacity=capacity, batch_seconds=largest.cost / capacity
        )
        return tags, toll, quote

    def _loads(self) -> Mapping[int, LaneLoad]:
        drawing: Counter[int] = Counter()
        for batch in self._drawing:
            for job in batch.jobs:
                drawing[job.tier] += round(job.request.cost * batch.left(self.now))
        return {
            tier: LaneLoad(
                lane.virtual_time,
                lane.waiting,
                lane.waiting_cost,
                scheduling.arrival_rate(lane.arrivals, seconds=self.now - lane.arrived_at),
                lane.tolls,
                drawing[tier],
                lane.turn,
            )
            for tier, lane in self._lanes.items()
        }

    def _capacity(self) -> float:
        """What the workers draw together, by the size that they are slowest at."""
        speeds = [
            pace.images_a_second * Request(1, side).cost
            for side, pace in self._paces.items()
            if pace.images_a_second
        ]
        unknown = Request(self.workshop.room).cost / UNKNOWN_PACE
        return self.workshop.workers * min(speeds, default=unknown)

    def _arrive(self, job: Job) -> None:
        lane = self._lanes[job.tier]
        lane.arrivals = scheduling.arrival_rate(
            lane.arrivals, seconds=self.now - lane.arrived_at, cost=job.request.cost
        )
        lane.arrived_at = self.now
        lane.waiting += 1
        lane.waiting_cost += job.request.cost
        lane.tolls += job.toll
        key = batch_key(job.request.side, job.request.side, STEPS, 0.0)
        heappush(lane.by_key.setdefault(key, []), (job.tags.start, job.number, job))

    # Claim and draw

    def _ring(self) -> None:
        while len(self._drawing) < self.workshop.workers and self._claim():
            pass

    def _claim(self) -> bool:
        turns = {tier: lane.turn for tier, lane in self._lanes.items() if lane.waiting}
        tier = self.rules.next_tier(turns, self.rng.random())
        if tier is None:
            return False
        jobs = self._taken(tier)
        images, side = sum(job.request.images for job in jobs), jobs[0].request.side
        seconds = self.workshop.seconds_for(images, side)
        seconds *= max(0.5, self.rng.gauss(1, self.workshop.noise))
        batch = Batch(jobs, self.now, seconds, both_waited=len(turns) > 1)
        self._serve(jobs)
        for job in jobs:
            job.started = self.now
            job.owner.waiting.remove(job)
        self._drawing.add(batch)
        self.batches.append(batch)
        self.at(self.now + seconds, lambda: self._drawn(batch))
        return True

    def _taken(self, tier: int) -> list[Job]:
        """The head of a lane, and what fills its call: its own lane first, then the other."""
        _, _, head = self._lanes[tier].head()
        key = batch_key(head.request.side, head.request.side, STEPS, 0.0)
        heappop(self._lanes[tier].by_key[key])
        jobs = [head]
        for each in (tier, 3 - tier):
            room = self.workshop.room - sum(job.request.images for job in jobs)
            jobs += self._companions(self._lanes[each].by_key.get(key, []), room)
        return jobs

    def _companions(self, entries: list[tuple[int, int, Job]], room: int) -> list[Job]:
        if room <= 0:
            return []
        seen = [heappop(entries) for _ in range(min(room, len(entries)))]
        candidates = [Candidate(number, job.request.images) for _, number, job in seen]
        taken = set(fill(room, candidates))
        for entry in seen:
            if entry[1] not in taken:
                heappush(entries, entry)
        return [job for _, number, job in seen if number in taken]

    def _serve(self, jobs: Sequence[Job]) -> None:
        head = jobs[0]
        for tier, lane in self._lanes.items():
            served = [job for job in jobs if job.tier == tier]
            if not served:
                continue
            cost, toll = sum(job.request.cost for job in served), sum(job.toll for job in served)
            lane.virtual_time = self.rules.advanced(
                lane.virtual_time,
                served=cost,
                waiting=lane.waiting,
                head_start=head.tags.start if tier == head.tier else None,
            )
            other = self._lanes[3 - tier].turn
            lane.turn = scheduling.moved(lane.turn, other=other, toll=toll, head=tier == head.tier)
            lane.waiting -= len(served)
            lane.waiting_cost -= cost
            lane.tolls -= toll

    def _drawn(self, batch: Batch) -> None:
        self._drawing.remove(batch)
        side = batch.jobs[0].request.side
        images = sum(job.request.images for job in batch.jobs)
        calls = -(-images // self.workshop.room)
        pace = self._paces.get(side, Pace())
        self._paces[side] = pace.observed(images // calls, batch.seconds / calls)
        for job in batch.jobs:
            job.owner.in_flight -= 1
            if job.then:
                job.then()
        self._ring()

    def _moment(self) -> datetime:
        return MIDNIGHT + timedelta(seconds=self.now)
