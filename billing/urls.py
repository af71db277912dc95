"""The addresses of money."""

from django.urls import path

from billing import webhook

urlpatterns = [
    path("stripe/webhook", webhook.webhook, name="stripe_webhook"),
]
