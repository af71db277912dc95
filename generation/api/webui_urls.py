"""The addresses of the web UIs' dialect, below /sdapi/v1."""

from django.urls import path

from generation.api import webui
from generation.api.endpoint import live
from generation.api.fallback import nothing_here

urlpatterns = [
    path("options", webui.Options.as_view()),
    path("sd-models", webui.Models.as_view()),
    path("txt2img", live(webui.Draw.as_view())),
    path("<path:rest>", nothing_here),
]
