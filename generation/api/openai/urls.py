"""The addresses of OpenAI's dialect, below /v1."""

from django.urls import path

from generation.api.endpoint import live
from generation.api.fallback import nothing_here
from generation.api.openai import images, models

urlpatterns = [
    path("images/generations", live(images.ImageGenerations.as_view())),
    path("images/edits", live(images.ImageEdits.as_view())),
    path("models", models.Models.as_view()),
    path("models/<str:model>", models.Model.as_view()),
    path("<path:rest>", nothing_here),
]
