"""The form by which anybody reports a grid, with no account and no script."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.visitors import network_from
from generation.access import Refused, shown
from generation.models import Job, Report
from generation.safety import reports
from generation.tasks import ring_for_reports
from generation.views import refusal_page

LONGEST_TEXT = 2000


class ReportForm(forms.Form):
    """What somebody says of a grid."""

    reason = forms.ChoiceField(
        choices=Report.Reason.choices,
        error_messages={
            "required": _("Say what is wrong with it."),
            "invalid_choice": _("Say what is wrong with it."),
        },
    )
    text = forms.CharField(
        required=False,
        max_length=LONGEST_TEXT,
        error_messages={"max_length": _("2,000 characters are the most.")},
    )
    email = forms.EmailField(
        required=False, error_messages={"invalid": _("This is no e-mail address.")}
    )
    website = forms.CharField(required=False)
    """Nobody sees this field; programs that fill in every form do."""

    def word(self) -> reports.Word:
        """Returns what a valid form says."""
        said = self.cleaned_data
        return reports.Word(Report.Reason(said["reason"]), said["text"], said["email"])

    @property
    def is_a_trap(self) -> bool:
        """Whether a program filled it in."""
        return bool(self.cleaned_data["website"])


@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Asks what is wrong with a grid; a POST keeps the answer."""
    try:
        job = shown(request, job_id)
    except Refused as refused:
        return refusal_page(request, refused)
    if request.method != "POST":
        return _form(request, job, form=ReportForm())
    form = ReportForm(request.POST)
    if not form.is_valid():
        return _form(request, job, status=400, form=form)
    if not form.is_a_trap:
        try:
            reports.report(job, form.word(), network_from(request))
        except reports.TooManyReports as refusal:
            answer = _form(request, job, status=refusal.status, form=form, refusal=refusal)
            answer["Retry-After"] = str(refusal.retry_after)
            return answer
        ring_for_reports()
    return redirect("reported")


@require_safe
def reported(request: HttpRequest) -> HttpResponse:
    """Thanks, and what happens next."""
    return render(request, "pages/reported.html")


def _form(request: HttpRequest, job: Job, *, status: int = 200, **context: Any) -> HttpResponse:
    context |= {"job": job, "reasons": Report.Reason.choices, "longest_text": LONGEST_TEXT}
    answer = render(request, "pages/report.html", context, status=status)
    answer["Cache-Control"] = "private, no-store"
    return answer
