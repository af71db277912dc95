"""Money in the admin: what Stripe said, to look at; gifts and house ads, to change."""

from typing import Any

from django.contrib import admin
from django.db import models, transaction
from django.http import HttpRequest

from accounts.admin import ReadOnly
from accounts.models import User
from billing import ad_admin, gifts, owners_view
from billing.models import Customer, Gift, Notice, Price, StripeEvent, Subscription

__all__ = ["ad_admin", "owners_view"]


@admin.register(Customer)
class CustomerAdmin(ReadOnly):
    list_display = ("stripe_id", "user", "sync_wanted", "sync_done", "read_at", "created")
    search_fields = ("stripe_id", "user__username", "user__email")
    list_select_related = ("user",)


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnly):
    list_display = (
        "stripe_id", "customer", "kind", "interval", "status", "frozen", "entitled", "ends",
        "period_end",
    )  # fmt: skip
    list_filter = ("kind", "interval", "status", "frozen", "entitled", "ends")
    search_fields = ("stripe_id", "customer__stripe_id", "customer__user__email")
    list_select_related = ("customer",)


@admin.register(StripeEvent)
class StripeEventAdmin(ReadOnly):
    list_display = ("stripe_id", "type", "customer", "happened", "received")
    list_filter = ("type", "received")
    search_fields = ("stripe_id", "customer__stripe_id")
    list_select_related = ("customer",)


@admin.register(Price)
class PriceAdmin(ReadOnly):
    list_display = ("lookup_key", "amount", "currency", "interval", "stripe_id", "read_at")


@admin.register(Notice)
class NoticeAdmin(ReadOnly):
    list_display = ("kind", "user", "created", "sent", "tries", "key")
    list_filter = ("kind", "created")
    list_select_related = ("user",)


@admin.register(Gift)
class GiftAdmin(admin.ModelAdmin[Gift]):
    """A gift is on record: its day can be changed, and it is never deleted."""

    list_display = ("user", "plan", "until", "reason", "given_by", "created")
    search_fields = ("user__username", "user__email", "reason")
    autocomplete_fields = ("user",)
    list_select_related = ("user", "given_by")

    def get_readonly_fields(self, request: HttpRequest, obj: Gift | None = None) -> list[str]:
        return [] if obj is None else ["given_by", "created", "user", "plan"]

    def save_model(self, request: HttpRequest, obj: Gift, form: Any, change: Any) -> None:
        """Notes who gave it, and puts the plan right at once."""
        if not change and isinstance(request.user, User):
            obj.given_by = request.user
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            gifts.follow(obj.user)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False
