"""The rows of the protection: what may not be asked for."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from generation.prompt_rules import PatternError, Rule


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
