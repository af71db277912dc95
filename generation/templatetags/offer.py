"""What this site can draw, and how long it takes now: for pages that must not promise more."""

from django import template

from accounts.models import Plan
from generation import catalogue, clock
from generation.queue import admission, lanes
from generation.queue.deletion import VISITORS_GRIDS_KEPT
from generation.site.pages import duration

register = template.Library()


@register.simple_tag
def largest_size(limit: int) -> str:
    """Returns the largest size on offer to a plan with this limit, such as “512 × 512”."""
    sizes = [
        size
        for checkpoint in catalogue.offered().values()
        for size in checkpoint.sizes
        if max(size) <= limit or size == checkpoint.default_size
    ]
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    return f"{width} × {height}"


@register.simple_tag
def kept_days() -> int:
    """Returns the days for which the grids of somebody without an account are kept."""
    return VISITORS_GRIDS_KEPT.days


@register.simple_tag
def wait_now(tier: str) -> str:
    """Returns how long a newcomer's first grid waits in a tier now, “paid” or “free”."""
    checkpoint = catalogue.checkpoint_named("")
    now, number = clock.now(), Plan.Tier.PAID if tier == "paid" else Plan.Tier.FREE
    loads = lanes.loads_of(lanes.of(checkpoint.name), now)
    capacity = admission.capacity_of(checkpoint, now)
    wait = admission.wait_of(admission.first_grid(number, loads), number, loads, capacity)
    return duration(wait.high)
