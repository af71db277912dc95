"""The rows of the protection: what may not be asked for, and what people report."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import Network, User
from generation.safety.prompt_rules import PatternError, Rule


class PromptRule(models.Model):
    """Words that a prompt may not hold. Every rule reads every prompt, whatever its language."""

    class Category(models.TextChoices):
        MINORS = "minors", _("sexual content with minors")
        SEXUAL_VIOLENCE = "sexual_violence", _("sexual violence")
        REAL_PEOPLE = "real_people", _("sexual pictures of real people")
        CRUELTY = "cruelty", _("torture and gore")
        HATE = "hate", _("incitement to hatred or terror")
        OTHER = "other", _("something that this site does not draw")

    class Action(models.TextChoices):
        BLOCK = "block", _("refuse the prompt")
        OFF = "off", _("do nothing")

    class Language(models.TextChoices):
        ENGLISH = "en", _("English")
        FRENCH = "fr", _("French")
        ANY = "any", _("any")

    name = models.CharField(max_length=80, unique=True)
    category = models.CharField(max_length=16, choices=Category)
    language = models.CharField(
        max_length=3, choices=Language, default=Language.ANY, help_text="Of its words."
    )
    pattern = models.TextField(
        help_text="Words or phrases, separated by commas; + between groups of which a prompt must "
        "hold one each; * for any ending. Accents, capitals and disguises do not matter."
    )
    unless = models.TextField(
        blank=True,
        help_text="Phrases, separated by commas, that are left out of the prompt before it is "
        "read. Accents matter here: râpé is not rape.",
    )
    action = models.CharField(max_length=8, choices=Action, default=Action.BLOCK)
    reason_en = models.CharField(
        max_length=200, blank=True, help_text="In place of the category's sentence, in English."
    )
    reason_fr = models.CharField(
        max_length=200, blank=True, help_text="In place of the category's sentence, in French."
    )
    changed = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("category", "name")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuses what cannot be read as a pattern."""
        for field, pattern, unless in (("pattern", self.pattern, ""), ("unless", "x", self.unless)):
            try:
                Rule.of(pattern, unless)
            except PatternError:
                raise ValidationError(
                    {field: _("A group or a phrase has no word in it.")}
                ) from None

    @property
    def reason(self) -> str:
        """What whoever is refused reads, where the rule has a sentence of its own."""
        french = (get_language() or "").startswith("fr")
        return self.reason_fr or self.reason_en if french else self.reason_en or self.reason_fr


class Report(models.Model):
    """Somebody's word that a grid should not be there.

    It holds the grid's id and no foreign key: a decision outlives the pictures.
    """

    class Reason(models.TextChoices):
        MINORS = "minors", _("Sexual content with minors")
        SEXUAL = "sexual", _("Other sexual content")
        PERSON = "person", _("It shows me, or somebody I know")
        CRUELTY = "cruelty", _("Violence or cruelty")
        HATE = "hate", _("Hatred or terror")
        RIGHTS = "rights", _("It uses my work or my brand")
        OTHER = "other", _("Something else")

    class State(models.TextChoices):
        OPEN = "open", _("open")
        UPHELD = "upheld", _("upheld")
        DISMISSED = "dismissed", _("dismissed")

    job_id = models.UUIDField("grid", db_index=True)
    reason = models.CharField(max_length=8, choices=Reason)
    text = models.TextField(blank=True)
    email = models.EmailField(blank=True, help_text="For the answer.")
    network = models.ForeignKey(Network, on_delete=models.SET_NULL, null=True, blank=True)
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    created = models.DateTimeField(db_default=Now())
    mailed = models.DateTimeField(null=True, blank=True, help_text="To the admins.")
    decided = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True)

    class Meta:
        ordering = ("-created",)
        indexes = (
            models.Index(fields=("network", "created"), name="report_by_network"),
            models.Index(
                fields=("created",), condition=Q(mailed__isnull=True), name="report_to_mail"
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(state="open", decided__isnull=True)
                | Q(state__in=("upheld", "dismissed"), decided__isnull=False),
                name="report_is_decided_at_a_moment",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_reason_display()}: {self.job_id}"
