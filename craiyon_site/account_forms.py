"""The forms of the account's own pages."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class ProfileForm(forms.ModelForm[User]):
    """What somebody is called, and the language they read."""

    class Meta:
        model = User
        fields = ("first_name", "language")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["first_name"].label = _("Your name, for mails")
        self.fields["first_name"].help_text = ""
        self.fields["language"].label = _("Language")
        self.fields["language"].help_text = ""
        self.fields["language"].choices = [  # type: ignore[attr-defined]
            ("", _("as the browser asks")),
            *User._meta.get_field("language").flatchoices,
        ]


class DeletionForm(forms.Form):
    """One box that says it is meant."""

    sure = forms.BooleanField(label=_("Yes: delete my account and everything in it, for good"))
