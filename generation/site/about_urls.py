"""The addresses of the pages about the site."""

from django.urls import path

from generation.site import about, reporting

urlpatterns = [
    path("about", about.about, name="about"),
    path("mistakes", about.mistakes, name="mistakes"),
    path("models", about.models, name="models"),
    path("models/<slug:name>", about.model, name="model"),
    path("rights", about.rights, name="rights"),
    path("privacy", about.privacy, name="privacy"),
    path("status", about.status, name="status"),
    path("g/<uuid:job_id>/report", reporting.report, name="report"),
    path("reported", reporting.reported, name="reported"),
    path("robots.txt", about.robots, name="robots"),
    path("sitemap.xml", about.sitemap, name="sitemap"),
]
