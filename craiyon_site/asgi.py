"""The ASGI application that uvicorn serves."""

import os
from collections.abc import Iterable
from typing import cast

from django.conf import settings
from django.core.asgi import get_asgi_application
from uvicorn._types import ASGI3Application
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from billing.checks import refuse_half_configured
from craiyon_site.environment import IPNetwork
from generation.catalogue import offered

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "craiyon_site.settings")


def behind(proxies: Iterable[IPNetwork], site: ASGI3Application) -> ASGI3Application:
    """Shows a site the client's own address and scheme, which only these proxies may name."""
    return ProxyHeadersMiddleware(site, [str(proxy) for proxy in proxies])


refuse_half_configured()
offered()  # a site that cannot say what it draws with does not start
site = cast(ASGI3Application, get_asgi_application())

# It looks at models, which are there from here on.
from craiyon_site.shared_answers import FromTheShelf  # noqa: E402

application = behind(settings.TRUSTED_PROXIES, FromTheShelf(site))
