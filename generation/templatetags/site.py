"""What every page says of the site."""

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def site_name() -> str:
    """Returns what the site is called; error pages, too, which get no context."""
    return str(settings.SITE_NAME)
