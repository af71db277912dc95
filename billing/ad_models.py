"""Ads of the house: what is shown where, and how often it was seen and followed."""

from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class HouseAd(models.Model):
    """A text or a picture that leads somewhere. Pictures are kept in the row: they are few and
    small, and every worker and web process has them."""

    name = models.CharField(max_length=60, unique=True, help_text="Only seen here.")
    headline = models.CharField(max_length=60, blank=True)
    text = models.CharField(max_length=140, blank=True)
    picture = models.BinaryField(blank=True, default=b"", editable=False)
    alt = models.CharField(max_length=120, blank=True, help_text="What the picture shows.")
    target = models.URLField(max_length=500, validators=[URLValidator(schemes=["https", "http"])])
    weight = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="How often, against the other ads of a page.",
    )
    starts = models.DateTimeField(db_default=Now())
    ends = models.DateTimeField(null=True, blank=True)
    on_home = models.BooleanField(_("on the first page"), default=True)
    on_grid = models.BooleanField(_("beside finished grids"), default=True)
    per_day = models.PositiveSmallIntegerField(
        default=0,
        help_text="How often one browser sees it in a day, at most; 0: no limit.",
    )
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.CheckConstraint(condition=Q(weight__gte=1), name="ad_weight_is_positive"),
            models.CheckConstraint(
                condition=(Q(headline="") & ~Q(alt="")) | (~Q(headline="") & Q(alt="")),
                name="ad_is_text_or_picture",
                violation_error_message=_("A headline, or a picture with what it shows."),
            ),
            models.CheckConstraint(
                condition=Q(ends=None) | Q(ends__gt=F("starts")), name="ad_ends_after_it_starts"
            ),
        )

    def __str__(self) -> str:
        return self.name


class AdSight(models.Model):
    """One showing of an ad, by the number in its address: seen once, followed once."""

    id = models.UUIDField(primary_key=True)
    ad = models.ForeignKey(HouseAd, on_delete=models.CASCADE)
    seen = models.DateTimeField(db_default=Now())
    followed = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=("seen",), name="ad_sight_seen"),)

    def __str__(self) -> str:
        return f"{self.ad_id} at {self.seen}"


class AdDay(models.Model):
    """What one ad came to on one day."""

    ad = models.ForeignKey(HouseAd, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    views = models.PositiveIntegerField(default=0)
    clicks = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-day",)
        constraints = (
            models.UniqueConstraint(fields=("ad", "day"), name="ad_day_is_one"),
            models.CheckConstraint(condition=Q(clicks__lte=F("views")), name="ad_clicks_were_seen"),
        )

    def __str__(self) -> str:
        return f"{self.ad_id} on {self.day}"
