"""Plans that were given: they begin at once and end on their day."""

from django.db import transaction
from django.utils import timezone

from accounts.models import Plan, User
from billing.models import Gift
from billing.notices import tell_of_a_gifts_end
from billing.services import settle_plan


def follow(user: User) -> None:
    """Puts somebody on the plan that subscriptions and gifts now come to."""
    with transaction.atomic():
        settle_plan(User.objects.select_for_update().get(pk=user.pk))


def end_due() -> int:
    """Ends the gifts whose day has come; returns how many people were looked at."""
    now = timezone.now()
    lasting = Gift.objects.filter(until__gt=now).values("user")
    over = User.objects.filter(gifts__until__lte=now, plan__in=Gift.objects.values("plan"))
    people = list(over.exclude(plan=Plan.FREE).exclude(pk__in=lasting).distinct())
    for user in people:
        _end(user)
    return len(people)


def _end(user: User) -> None:
    with transaction.atomic():
        row = User.objects.select_for_update().get(pk=user.pk)
        settle_plan(row)
        if row.plan_id != Plan.FREE and User.objects.filter(pk=row.pk, plan=Plan.FREE).exists():
            gift = Gift.objects.filter(user=row).latest("until")
            tell_of_a_gifts_end(row, gift.plan.name, gift.until)
