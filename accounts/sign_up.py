"""What the forms for a new account ask beside an address: a proof that it is no flood."""

from datetime import timedelta
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import proofs
from accounts.models import User

UNCONFIRMED_KEPT = timedelta(days=7)
"""How long an account waits for its address to be confirmed."""


class Given(forms.HiddenInput):
    """A hidden input that holds what the site gives, never what came back."""

    given = ""

    def format_value(self, value: Any) -> str:
        return self.given


class SignUpForm(forms.Form):
    """The base of django-allauth's forms for a new account, by password, passkey or other site."""

    proof = forms.CharField(required=False, widget=Given)
    stamp = forms.CharField(required=False, widget=Given)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if task := proofs.new_task(self.data.get(self.add_prefix("stamp"), "")):
            self.fields["proof"].widget.attrs["data-challenge"] = task.challenge
            cast(Given, self.fields["stamp"].widget).given = task.stamp

    def clean(self) -> dict[str, Any]:
        """Looks at the proof last, when nothing else is wrong: it serves once."""
        said: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                proofs.refuse_unproven(
                    said.get("proof", ""), said.get("stamp", ""), said.get("email", "").lower()
                )
            except proofs.Unproven as unproven:
                raise ValidationError(sentence(unproven)) from None
        return said

    def signup(self, request: HttpRequest, user: User) -> None:
        """Called for a new account; the form asked for nothing to keep."""


def sentence(unproven: proofs.Unproven) -> str:
    """Returns what somebody reads whose browser proved nothing."""
    return _(
        "Your browser did not do the little sum that keeps floods of programs away: it runs no "
        "scripts, or the page was open for too long. Without it, please send this again in "
        "%(wait)d seconds."
    ) % {"wait": unproven.wait}
