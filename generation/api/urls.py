"""The addresses of the native API."""

from django.urls import path

from generation.api import account, callbacks, generations, pictures
from generation.api.endpoint import live
from generation.api.fallback import nothing_here

urlpatterns = [
    path("generations", live(generations.Generations.as_view()), name="api_generations"),
    path(
        "generations/<uuid:job_id>",
        live(generations.OneGeneration.as_view()),
        name="api_generation",
    ),
    path("generations/<uuid:job_id>/cancel", generations.Cancellation.as_view()),
    path("generations/<uuid:job_id>/events", live(generations.Events.as_view())),
    path("generations/<uuid:job_id>/images/<int:position>", pictures.Picture.as_view()),
    path("generations/<uuid:job_id>/images/<int:position>/link", pictures.PictureLink.as_view()),
    path("generations/<uuid:job_id>/images/<int:position>/redraw", pictures.Redraw.as_view()),
    path("checkpoints", account.Checkpoints.as_view()),
    path("account", account.Account.as_view()),
    path("keys/report", account.LeakedKeys.as_view()),
    path("callbacks", callbacks.Callbacks.as_view()),
    path("callbacks/<uuid:callback_id>", callbacks.OneCallback.as_view()),
    path("callbacks/<uuid:callback_id>/rotate", callbacks.Rotation.as_view()),
    path("callbacks/<uuid:callback_id>/test", callbacks.Test.as_view()),
    path("callbacks/<uuid:callback_id>/deliveries", callbacks.Deliveries.as_view()),
    path(
        "callbacks/<uuid:callback_id>/deliveries/<uuid:delivery_id>/redeliver",
        callbacks.Redelivery.as_view(),
    ),
    path("<path:rest>", nothing_here),
]
