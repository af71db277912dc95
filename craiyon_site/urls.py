"""Every address of the site."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from craiyon_site import account_pages, claim_pages, health, offline
from generation.api import reference

# Whoever signs in there is held to the same limits and second factors as everybody.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("generation.urls")),
    path("", include("generation.site.about_urls")),
    path("api/schema", reference.schema, name="api_schema"),
    path("api/docs", reference.reference, name="api_reference"),
    path("api/guide", reference.guide, name="api_guide"),
    path("api/v1/", include("generation.api.urls")),
    path("v1/", include("generation.api.openai.urls")),
    path("sdapi/v1/", include("generation.api.webui_urls")),
    path("account", account_pages.overview, name="account"),
    path("account/", RedirectView.as_view(pattern_name="account")),
    path("account/export", account_pages.export, name="account_export"),
    path("account/export/<int:pk>.zip", account_pages.download, name="account_download"),
    path("account/delete", account_pages.delete, name="account_delete"),
    path("account/", include("accounts.key_urls")),
    path("account/", include("generation.site.callback_urls")),
    path("", include("billing.urls")),
    path("account/", include("allauth.urls")),
    path("mine/device", claim_pages.carry, name="carry"),
    path("mine/device/code", claim_pages.make, name="carry_code"),
    path("mine/device/take", claim_pages.take, name="carry_take"),
    path("sw.js", offline.worker, name="worker"),
    path("offline", offline.page, name="offline"),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
]
handler500 = "craiyon_site.failures.failed"
handler429 = "craiyon_site.failures.too_many"
