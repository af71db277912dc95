"""The protection in the admin: rules to change and to try."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from generation import rulebook
from generation.moderation import LONGEST_PROMPT
from generation.prompt_rules import PatternError, Rule, Text
from generation.safety import PromptRule


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
