"""The addresses of the pages."""

from django.urls import path

from generation import live, pictures, views

urlpatterns = [
    path("", views.home, name="home"),
    path("g/<uuid:job_id>", views.grid, name="grid"),
    path("g/<uuid:job_id>/events", live.events, name="events"),
    path("g/<uuid:job_id>/cancel", views.cancel, name="cancel"),
    path("g/<uuid:job_id>/again", views.again, name="again"),
    path("g/<uuid:job_id>/delete", views.delete, name="delete"),
    path("i/<str:token>", pictures.linked, name="linked_picture"),
    path("g/<uuid:job_id>/grid.<str:suffix>", pictures.card, name="card"),
    path("g/<uuid:job_id>/<int:position>.<str:suffix>", pictures.picture, name="picture"),
    path("g/<uuid:job_id>/<int:position>-small.webp", pictures.thumbnail, name="thumbnail"),
]
