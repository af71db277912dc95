"""Who asks, in the admin: plans and accounts can be changed, the rest can be looked at."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db import models
from django.forms import ModelForm
from django.http import HttpRequest

from accounts.models import ApiKey, Network, Override, Plan, Usage, User, Visitor


class ReadOnly(admin.ModelAdmin[Any]):
    """Rows that only the services write."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


@admin.register(Plan)
class PlanAdmin(admin.ModelAdmin[Plan]):
    list_display = (
        "name",
        "tier",
        "in_flight",
        "per_minute",
        "per_day",
        "largest_side",
        "images_per_grid",
        "weight",
        "watermark",
        "ads",
        "private",
        "api",
        "monthly_grids",
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Plan | None = None) -> list[str]:
        """A plan keeps its name: it is what the rest refers to."""
        return [] if obj is None else ["name"]

    def has_delete_permission(self, request: HttpRequest, obj: Plan | None = None) -> bool:
        """The code names the plans that come along, and cannot do without one."""
        return obj is not None and obj.name not in Plan.NAMED


class OverrideInline(admin.StackedInline[Override, User]):
    """An exception for one account: what is left empty is as its plan says."""

    model = Override
    can_delete = True
    extra = 0


@admin.register(User)
class AccountAdmin(UserAdmin[User]):
    list_display = ("username", "email", "plan", "is_active", "is_staff", "date_joined")
    list_filter = ("plan", "is_active", "is_staff")
    list_select_related = ("plan",)
    inlines = (OverrideInline,)
    fieldsets = (
        *(UserAdmin.fieldsets or ()),
        ("What they may do", {"fields": ("plan", "language")}),
    )

    def formfield_for_foreignkey(self, *args: Any, **kwargs: Any) -> Any:
        """The form remembers which plan it showed: only another one is a change."""
        return super().formfield_for_foreignkey(*args, show_hidden_initial=True, **kwargs)

    def save_model(
        self, request: HttpRequest, obj: User, form: ModelForm[User], change: bool
    ) -> None:
        """Saves what was changed here alone: Stripe and the account's owner write this row too."""
        columns = {field.name for field in User._meta.concrete_fields}
        obj.save(update_fields=columns.intersection(form.changed_data) if change else None)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Rows alone must not go: waiting jobs would stay counted, and files stay stored."""
        return False


@admin.register(Visitor)
class VisitorAdmin(ReadOnly):
    list_display = ("id", "created")
    search_fields = ("id",)
    ordering = ("-created",)


@admin.register(Network)
class NetworkAdmin(ReadOnly):
    list_display = ("prefix", "created")
    search_fields = ("prefix",)
    ordering = ("-created",)


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnly):
    list_display = ("prefix", "user", "name", "live", "used", "expires", "ended", "created")
    list_filter = ("live", "ended")
    list_select_related = ("user",)
    search_fields = ("prefix", "user__username", "user__email")
    exclude = ("sha256",)
    ordering = ("-created",)


@admin.register(Usage)
class UsageAdmin(ReadOnly):
    list_display = ("job_id", "user", "images", "pixel_steps", "seconds", "created")
    list_filter = ("created",)
    list_select_related = ("user",)
    search_fields = ("job_id", "user__username", "user__email")
    ordering = ("-created",)
