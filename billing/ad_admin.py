"""House ads in the admin: made, seen as they will be, and judged by their click-through."""

from datetime import timedelta
from io import BytesIO
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet, Sum
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from billing.models import AdDay, HouseAd

SIZE = (600, 200)
"""Twice the place's, for fine screens."""
LARGEST = 5 * 2**20
DAYS = 30


class HouseAdForm(forms.ModelForm[HouseAd]):
    """A text, or a picture that is made to fit the place."""

    picture_file = forms.FileField(
        label="Picture", required=False, help_text="Cut to 3:1 and made to fit, 600 × 200."
    )

    target = forms.URLField(
        max_length=500, assume_scheme="https", help_text="Where a click leads, with https://."
    )

    class Meta:
        model = HouseAd
        fields = (
            "name", "headline", "text", "picture_file", "alt", "target", "weight", "starts", "ends",
            "on_home", "on_grid", "per_day", "active",
        )  # fmt: skip

    def clean_picture_file(self) -> bytes | None:
        """The picture as it will be sent: nothing of the file itself is kept."""
        given = self.cleaned_data["picture_file"]
        if not given:
            return None
        if given.size > LARGEST:
            raise ValidationError(_("The picture is larger than 5 MB."))
        try:
            with Image.open(given, formats=("PNG", "JPEG", "WEBP")) as picture:
                fitted = ImageOps.fit(ImageOps.exif_transpose(picture).convert("RGB"), SIZE)
        except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
            raise ValidationError(_("This is no PNG, JPEG or WebP picture.")) from None
        kept = BytesIO()
        fitted.save(kept, "WEBP", quality=82)
        return kept.getvalue()

    def clean(self) -> dict[str, Any]:
        """A picture needs its words for those who do not see it."""
        said = super().clean() or self.cleaned_data
        has_picture = bool(said.get("picture_file") or self.instance.picture)
        if said.get("alt") and not has_picture:
            raise ValidationError({"picture_file": _("The picture itself is missing.")})
        return said


@admin.register(HouseAd)
class HouseAdAdmin(admin.ModelAdmin[HouseAd]):
    form = HouseAdForm
    list_display = ("name", "active", "weight", "starts", "ends", "views", "clicks", "rate")
    list_filter = ("active", "on_home", "on_grid")
    search_fields = ("name", "headline", "text", "target")
    readonly_fields = ("chart",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[HouseAd]:
        summed = super().get_queryset(request).defer("picture")
        return summed.annotate(all_views=Sum("days__views"), all_clicks=Sum("days__clicks"))

    @admin.display(ordering="all_views")
    def views(self, ad: HouseAd) -> int:
        """How often it was seen."""
        return int(getattr(ad, "all_views", 0) or 0)

    @admin.display(ordering="all_clicks")
    def clicks(self, ad: HouseAd) -> int:
        """How often it was followed."""
        return int(getattr(ad, "all_clicks", 0) or 0)

    @admin.display(description="click-through")
    def rate(self, ad: HouseAd) -> str:
        """Clicks by views."""
        views = self.views(ad)
        return f"{100 * self.clicks(ad) / views:.2f}%" if views else "–"

    @admin.display(description="click-through, 30 days")
    def chart(self, ad: HouseAd) -> SafeString | str:
        """A bar a day: its share of clicks."""
        return chart_of(ad) if ad.pk else "–"

    def save_model(self, request: HttpRequest, obj: HouseAd, form: Any, change: Any) -> None:
        """Keeps the picture that was given; without one, an earlier picture stays."""
        if picture := form.cleaned_data.get("picture_file"):
            obj.picture = picture
        elif obj.headline:
            obj.picture = b""
        super().save_model(request, obj, form, change)


def chart_of(ad: HouseAd) -> SafeString:
    """Returns the click-through of the last days as a drawing; each bar says its numbers."""
    first = timezone.now().date() - timedelta(days=DAYS - 1)
    days = {row.day: row for row in AdDay.objects.filter(ad=ad, day__gte=first)}
    rates = [(row.clicks / row.views if row.views else 0.0) for row in days.values()]
    top = max([0.01, *rates])
    bars = []
    for place in range(DAYS):
        day = first + timedelta(days=place)
        row = days.get(day)
        rate = row.clicks / row.views if row and row.views else 0.0
        height = round(90 * rate / top) if row else 0
        said = f"{day}: {row.views if row else 0} views, {row.clicks if row else 0} clicks"
        bars.append((12 * place, 95 - height, height + 5, said))
    drawn = format_html_join(
        "", '<rect x="{}" y="{}" width="10" height="{}"><title>{}</title></rect>', bars
    )
    return format_html(
        '<svg viewBox="0 0 360 100" width="360" height="100" fill="currentColor" role="img" '
        'aria-label="Click-through by day">{}</svg><br>{}',
        drawn,
        f"{first} to today; the highest bar is {100 * top:.2f}%",
    )
