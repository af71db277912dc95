"""The queue in the admin: all can be looked at, jobs can be cancelled, nothing is written."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Permission
from django.db.models import F
from django.test import Client
from django.urls import reverse

from accounts.models import Network, Plan, Usage, User, Visitor
from generation.models import Image, Job, Lane, Pace, Rendition, Worker
from generation.queue import deletion
from generation.queue.paces import observe
from tests.generation.commands.conftest import offered, storage_folder
from tests.generation.commands.site import Site, a_site
from tests.generation.queue.cast import ask

__all__ = ["offered", "storage_folder"]

pytestmark = pytest.mark.django_db

LOOKED_AT = (Job, Image, Rendition, Lane, Worker, Pace, Visitor, Network, Usage)


@pytest.fixture
def site() -> Site:
    observe("paint", "ink", width=64, height=64, steps=4, images=9, seconds=9.0)
    return a_site()


@pytest.fixture
def charlie(client: Client) -> Client:
    """The browser of an admin who may do everything."""
    client.force_login(User.objects.create_superuser("charlie"))
    return client


@pytest.fixture
def clerk(client: Client) -> Client:
    """The browser of somebody who may look at jobs and at nothing else."""
    # A test with real transactions may have taken the permissions away.
    create_permissions(apps.get_app_config("generation"), verbosity=0)
    looks = User.objects.create_user("dora", is_staff=True)
    looks.user_permissions.add(Permission.objects.get(codename="view_job"))
    client.force_login(looks)
    return client


def address(model: type, page: str, *arguments: object) -> str:
    label = f"{model._meta.app_label}_{model._meta.model_name}"
    return reverse(f"admin:{label}_{page}", args=arguments)


def cancel(browser: Client, *jobs: Job) -> str:
    return act(browser, "cancel", *jobs)


def act(browser: Client, action: str, *jobs: Job) -> str:
    """Chooses jobs and what is to be done with them, and returns what the page says."""
    chosen = {"action": action, "_selected_action": [str(job.pk) for job in jobs]}
    answer = browser.post(address(Job, "changelist"), chosen, follow=True)
    return " ".join(str(message) for message in answer.context["messages"])


@pytest.mark.parametrize("model", LOOKED_AT)
def test_rows_are_listed_searched_and_shown_and_cannot_be_written(site, charlie, model):
    rows = address(model, "changelist")
    assert charlie.get(rows).status_code == 200
    assert charlie.get(rows, {"q": "3"}).status_code == 200
    row = model.objects.first()
    page = charlie.get(address(model, "change", row.pk))
    assert page.status_code == 200
    assert b'name="_save"' not in page.content
    assert charlie.get(address(model, "add")).status_code == 403
    assert charlie.post(address(model, "change", row.pk), {}).status_code == 403
    assert charlie.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


def test_a_status_that_is_posted_is_not_written(site, charlie):
    posted = charlie.post(address(Job, "change", site.waiting.pk), {"status": "succeeded"})
    assert posted.status_code == 403
    site.waiting.refresh_from_db()
    assert site.waiting.status == Job.Status.QUEUED


def test_no_list_lets_columns_be_edited_in_place(site):
    editable = {model: admin.site.get_model_admin(model).list_editable for model in LOOKED_AT}
    assert not any(editable.values())


@pytest.mark.parametrize(
    ("words", "found"),
    [("lighthouse", ["paid"]), ("alice", ["paid", "running"]), ("nobody", [])],
)
def test_jobs_are_found_by_their_prompt_and_by_who_asked(site, charlie, words, found):
    rows = charlie.get(address(Job, "changelist"), {"q": words}).context["cl"].queryset
    assert {row.pk for row in rows} == {getattr(site, name).pk for name in found}


def test_a_job_is_found_by_its_id_its_visitor_and_its_network(site, charlie):
    for words, count in (
        (str(site.paid.pk), 1),
        (str(site.bob.pk), Job.objects.filter(visitor=site.bob).count()),
        (site.done.network.prefix, 1),
    ):
        rows = charlie.get(address(Job, "changelist"), {"q": words}).context["cl"].queryset
        assert rows.count() == count


def test_a_list_of_jobs_says_how_long_each_waited_beside_what_was_promised(site, charlie):
    page = charlie.get(address(Job, "changelist")).content.decode()
    assert "ink, Paid" in page
    assert f"visitor {site.bob.pk}" in page
    assert "… (0 to " in page


def test_open_jobs_are_cancelled_through_the_services_and_others_stay(site, charlie):
    said = cancel(charlie, site.waiting, site.running, site.done)
    assert said == "2 jobs were cancelled. 1 had already ended."
    for job in (site.waiting, site.running, site.done):
        job.refresh_from_db()
    assert (site.waiting.status, site.running.status) == ("cancelled", "cancelled")
    assert site.done.status == Job.Status.SUCCEEDED
    assert Lane.objects.get(tier=Plan.Tier.FREE).waiting == 1, "only the other one still waits"


def test_an_operators_grid_is_deleted_brought_back_and_erased_in_the_end(charlie):
    grid = ask(None, "a secret")
    assert act(charlie, "take_away", grid) == (
        "1 grid was deleted. For 10 minutes it can be brought back."
    )
    grid.refresh_from_db()
    assert (grid.status, bool(grid.deleted)) == (Job.Status.CANCELLED, True)
    assert act(charlie, "take_away", grid) == "0 grids were deleted."
    assert act(charlie, "bring_back", grid) == "1 grid was brought back."
    act(charlie, "take_away", grid)
    Job.objects.update(deleted=F("deleted") - 2 * deletion.GRACE)
    assert act(charlie, "bring_back", grid) == "0 grids were brought back."
    deletion.erase_due()
    grid.refresh_from_db()
    assert (grid.prompt, bool(grid.erased)) == ("", True)


def test_who_may_only_look_cannot_delete(site, clerk):
    act(clerk, "take_away", site.done)
    site.done.refresh_from_db()
    assert site.done.deleted is None


def test_who_may_only_look_cannot_cancel(site, clerk):
    assert clerk.get(address(Job, "changelist")).status_code == 200
    cancel(clerk, site.waiting)
    site.waiting.refresh_from_db()
    assert site.waiting.status == Job.Status.QUEUED


def test_a_visitor_of_the_site_does_not_get_in(site, client):
    answer = client.get(address(Job, "changelist"))
    assert answer.status_code == 302
    assert "/admin/login/" in answer["Location"]
