"""The addresses of the pages."""

from django.urls import path

from generation import views
from generation.site import grids, live, mine, pictures, sharing

urlpatterns = [
    path("", views.home, name="home"),
    path("oembed", sharing.oembed, name="oembed"),
    path("words", views.words, name="words"),
    path("mine", mine.mine, name="mine"),
    path("mine/delete", mine.delete, name="mine_delete"),
    path("mine/undo", mine.undo, name="mine_undo"),
    path("g/<uuid:job_id>", grids.grid, name="grid"),
    path("g/<uuid:job_id>/events", live.events, name="events"),
    path("g/<uuid:job_id>/cancel", grids.cancel, name="cancel"),
    path("g/<uuid:job_id>/again", grids.again, name="again"),
    path("g/<uuid:job_id>/delete", grids.delete, name="delete"),
    path("g/<uuid:job_id>/undo", grids.undo, name="undo"),
    path("g/<uuid:job_id>/visibility", grids.visibility, name="visibility"),
    path("g/<uuid:job_id>/<int:position>/again", grids.redraw, name="redraw"),
    path("g/<uuid:job_id>/download", pictures.download, name="download"),
    path("i/<str:token>", pictures.linked, name="linked_picture"),
    path("g/<uuid:job_id>/grid.<str:suffix>", pictures.card, name="card"),
    path("g/<uuid:job_id>/<int:position>.<str:suffix>", pictures.picture, name="picture"),
    path("g/<uuid:job_id>/<int:position>-small.webp", pictures.thumbnail, name="thumbnail"),
]
