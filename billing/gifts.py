"""Plans that were given: they begin at once and end on their day."""

from django.db import transaction
from django.utils import timezone

from accounts.models import Plan, User
from billing.models import Gift
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
        follow(user)
    return len(people)
