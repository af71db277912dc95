"""The addresses of the pages about callbacks."""

from django.urls import path, re_path

from generation.site import callback_pages

urlpatterns = [
    path("callbacks", callback_pages.listed, name="callbacks"),
    path("callbacks/<uuid:pk>", callback_pages.one, name="callback"),
    path(
        "callbacks/<uuid:pk>/<uuid:delivery>/again",
        callback_pages.redeliver,
        name="callback_redeliver",
    ),
    re_path(
        r"^callbacks/(?P<pk>[0-9a-f-]{36})/(?P<action>test|pause|resume|rotate|remove)$",
        callback_pages.change,
        name="callback_change",
    ),
]
