"""The addresses of the pages about API keys."""

from django.urls import path

from accounts import key_pages

urlpatterns = [
    path("keys", key_pages.listed, name="api_keys"),
    path("keys/new", key_pages.new, name="api_key_new"),
    path("keys/usage.csv", key_pages.usage, name="api_key_usage"),
    path("keys/report", key_pages.report, name="api_key_report"),
    path("keys/<int:pk>/revoke", key_pages.revoke, name="api_key_revoke"),
]
