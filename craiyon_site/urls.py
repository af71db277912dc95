"""Every address of the site."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from craiyon_site import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("generation.urls")),
    path("", include("generation.about_urls")),
    path("api/v1/", include("generation.api.urls")),
    path("v1/", include("generation.api.openai.urls")),
    path("sdapi/v1/", include("generation.api.webui_urls")),
    path("account/", include("accounts.key_urls")),
    path("", include("billing.urls")),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
]
handler500 = "craiyon_site.failures.failed"
