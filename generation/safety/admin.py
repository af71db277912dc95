"""The protection in the admin: rules to change and to try, reports to decide."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin import ReadOnly
from accounts.models import User
from generation.prompts import LONGEST_PROMPT
from generation.safety import reports, rulebook
from generation.safety.models import PromptRule, Report
from generation.safety.prompt_rules import PatternError, Rule, Text


class TrialForm(forms.Form):
    """Prompts to try the rules on, and a rule that is not saved yet."""

    prompts = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 6}),
        max_length=50 * LONGEST_PROMPT,
        help_text="One a line.",
    )
    pattern = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 2}), help_text="Tried as well."
    )
    unless = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if pattern := said.get("pattern"):
            try:
                said["draft"] = Rule.of(pattern, said.get("unless", ""))
            except PatternError:
                self.add_error("pattern", "A group or a phrase has no word in it.")
        return said

    def results(self) -> list[dict[str, Any]]:
        """Returns each prompt with the rules that it breaks, and the words that break them."""
        rules = [(row.name, row.get_category_display(), rule) for row, rule in rulebook.in_force()]
        if draft := self.cleaned_data.get("draft"):
            rules.append(("The pattern above", "", draft))
        return [
            {
                "prompt": prompt,
                "broken": [
                    {"rule": name, "category": category, "words": " + ".join(found)}
                    for name, category, rule in rules
                    if (found := text.breaks(rule))
                ],
            }
            for prompt in filter(None, map(str.strip, self.cleaned_data["prompts"].splitlines()))
            for text in [Text(prompt[:LONGEST_PROMPT])]
        ]


@admin.register(PromptRule)
class PromptRuleAdmin(admin.ModelAdmin[PromptRule]):
    list_display = ("name", "category", "language", "action", "changed")
    list_filter = ("category", "language", "action")
    search_fields = ("name", "pattern", "unless")
    fieldsets = (
        (None, {"fields": ("name", "category", "language", "action")}),
        ("What it looks for", {"fields": ("pattern", "unless")}),
        ("What is said", {"fields": ("reason_en", "reason_fr")}),
    )

    def get_urls(self) -> list[URLPattern]:
        trial = path(
            "try/", self.admin_site.admin_view(self.trial), name="generation_promptrule_try"
        )
        return [trial, *super().get_urls()]

    def trial(self, request: HttpRequest) -> HttpResponse:
        """Says of prompts which rules they break."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rulebook.forget()
        form = TrialForm(request.POST or None)
        context = {
            **self.admin_site.each_context(request),
            "title": "Try the rules",
            "opts": self.opts,
            "form": form,
            "results": form.results() if form.is_valid() else [],
        }
        return TemplateResponse(request, "admin/generation/promptrule/try.html", context)

    def save_model(self, request: HttpRequest, obj: PromptRule, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        rulebook.forget()

    def delete_model(self, request: HttpRequest, obj: PromptRule) -> None:
        super().delete_model(request, obj)
        rulebook.forget()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[PromptRule]) -> None:
        super().delete_queryset(request, queryset)
        rulebook.forget()


@admin.register(Report)
class ReportAdmin(ReadOnly):
    list_display = ("created", "reason", "state", "grid", "email", "decided", "decided_by")
    list_filter = ("state", "reason", "created")
    list_select_related = ("decided_by",)
    search_fields = ("job_id", "text", "email", "network__prefix")
    fields = (
        "grid", "reason", "text", "email", "network", "created", "mailed", "state", "decided",
        "decided_by",
    )  # fmt: skip
    readonly_fields = fields
    ordering = ("-created",)
    actions = ("uphold", "dismiss")

    @admin.display(description="grid", ordering="job_id")
    def grid(self, report: Report) -> SafeString:
        """The address of the grid, which the staff can see even when it is hidden."""
        return format_html(
            '<a href="{}">{}</a>', reverse("grid", args=[report.job_id]), report.job_id
        )

    @admin.action(description="Uphold, and hide the grid", permissions=["decide"])
    def uphold(self, request: HttpRequest, queryset: QuerySet[Report]) -> None:
        """Takes the grids away from everybody but the staff."""
        self._decide(request, queryset, uphold=True)

    @admin.action(description="Dismiss, and show the grid again", permissions=["decide"])
    def dismiss(self, request: HttpRequest, queryset: QuerySet[Report]) -> None:
        """Leaves the grids where they are, or brings them back."""
        self._decide(request, queryset, uphold=False)

    def _decide(self, request: HttpRequest, queryset: QuerySet[Report], *, uphold: bool) -> None:
        chosen = list(queryset)
        by = cast(User, request.user)
        decided = reports.decide({row.job_id for row in chosen}, uphold=uphold, by=by)
        said = "Upheld: the grid is hidden." if uphold else "Dismissed: the grid is shown."
        for row in chosen:
            self.log_change(request, row, said)
        self.message_user(request, f"{said} Reports decided: {decided}.", messages.SUCCESS)

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Whoever may change reports may decide them; nobody may write their columns."""
        return request.user.has_perm("generation.change_report")
