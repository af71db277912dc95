"""The form for a new API key."""

from datetime import timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import keys
from accounts.models import ApiKey

LIFETIMES = (
    ("", _("never")),
    ("7", _("in 7 days")),
    ("30", _("in 30 days")),
    ("90", _("in 90 days")),
    ("365", _("in a year")),
)


class KeyForm(forms.Form):
    """Reads what somebody wants of a new key."""

    name = forms.CharField(max_length=60, label=_("What is it for?"))
    kind = forms.ChoiceField(
        choices=(("live", _("live")), ("test", _("test"))),
        initial="live",
        widget=forms.RadioSelect,
    )
    scopes = forms.MultipleChoiceField(
        choices=ApiKey.Scope.choices,
        initial=list(keys.ALL_SCOPES),
        widget=forms.CheckboxSelectMultiple,
        label=_("It may"),
    )
    per_day = forms.IntegerField(
        min_value=1, max_value=1_000_000, required=False, label=_("Grids a day, at most")
    )
    largest_side = forms.IntegerField(
        min_value=64, max_value=8192, required=False, label=_("Longest side, pixels")
    )
    lifetime = forms.ChoiceField(choices=LIFETIMES, required=False, label=_("It expires"))

    def wish(self) -> keys.KeyWish:
        """Returns what a valid form asks for."""
        said = self.cleaned_data
        days = said["lifetime"]
        return keys.KeyWish(
            name=said["name"],
            live=said["kind"] == "live",
            scopes=said["scopes"],
            per_day=said["per_day"],
            largest_side=said["largest_side"],
            expires=timezone.now() + timedelta(days=int(days)) if days else None,
        )


class ReportForm(forms.Form):
    """Reads a key that somebody found."""

    key = forms.CharField(max_length=200, label=_("The key"), widget=forms.PasswordInput)
