"""The owner's page in the admin."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.admin import ReadOnly
from billing import gateway, prices, takings
from billing.models import Subscription


class Takings(Subscription):
    """Stands in the admin's list for the page of numbers; it has no rows of its own."""

    class Meta:
        proxy = True
        verbose_name_plural = "Takings and costs"


@admin.register(Takings)
class TakingsAdmin(ReadOnly):
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The numbers, in place of a list."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": "Takings and costs",
            "opts": self.model._meta,
            "billing_on": gateway.is_on(),
            "missing": prices.missing(),
            **takings.numbers(),
        }
        return render(request, "billing/takings.html", context)
