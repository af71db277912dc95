"""Every invariant, broken on purpose, is found broken."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone

from accounts.models import Usage
from generation import services
from generation.audit import CHECKS, MODELS
from generation.audit.schema import checks as schema_checks
from generation.audit.stored_files import file_checks
from generation.images import files
from generation.models import Job, Worker
from generation.services import LEASE
from tests.generation.commands.breaks import (
    BREAKS,
    LONG_AGO,
    MORE_BREAKS,
    change,
    copy,
    image_of,
    overwritten,
    update,
)
from tests.generation.commands.conftest import offer, stored_in
from tests.generation.commands.site import Site, a_site
from tests.generation.commands.unguarded import unguarded

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

ALL = {check.name: check for check in (*CHECKS, *file_checks(contents=True))}
SCHEMA = tuple(schema_checks(MODELS))


@pytest.fixture(scope="module")
def running(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Site, Path]]:
    """A site and the folder of its files. Tests share it: each one's changes are rolled back."""
    folder = tmp_path_factory.mktemp("storages")
    with django_db_blocker.unblock(), transaction.atomic():
        with pytest.MonkeyPatch.context() as monkeypatch, stored_in(folder):
            offer(monkeypatch)
            site = a_site()
        yield site, folder
        transaction.set_rollback(True)


@pytest.fixture
def site(running: tuple[Site, Path], storage_folder: Path) -> Site:
    site, folder = running
    shutil.copytree(folder, storage_folder)
    # The site may be older than a worker is taken for alive, and than a lease lasts.
    now = timezone.now()
    Worker.objects.update(seen_at=now)
    Job.objects.filter(status=Job.Status.RUNNING).update(lease_until=now + LEASE)
    return site


def found(name: str) -> list[str]:
    return list(ALL[name].breaches())


def named(broken: object) -> str:
    """What a breach must say: a row's key, or the text that was broken."""
    return str(broken.pk) if isinstance(broken, Model) else str(broken)


def test_a_site_with_a_job_in_every_state_is_clean(site):
    assert {job.status for job in Job.objects.all()} == set(Job.Status)
    assert {name: found(name) for name in ALL if found(name)} == {}


def test_losing_the_constraints_breaks_nothing_but_what_looks_for_them(site):
    with unguarded():
        assert {name for name in ALL if found(name)} == {check.name for check in SCHEMA}


@pytest.mark.parametrize(
    ("check", "index"),
    [
        ("every_index_is_there", "job_lane"),
        ("every_index_is_there", "job_batch"),
        ("every_unique_constraint_is_there", "job_once_a_visitors_key"),
        ("every_unique_constraint_is_there", "rendition_of_a_grid_once"),
    ],
)
def test_an_index_that_was_dropped_is_missed(site, check, index):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {index}")
        breaches = {name: found(name) for name in ALL if found(name)}
        transaction.set_rollback(True)
    assert list(breaches) == [check]
    assert len(breaches[check]) == 1
    assert breaches[check][0].endswith(f"lacks {index}")


def test_a_position_drawn_again_keeps_the_seed_of_its_redraw(site):
    again = change(site.failed, redraws=site.paid, redraws_position=1, count=1)
    update(image_of(site.paid, 1), seed=again.seed)
    assert found("images_have_the_seeds_of_their_places") == []


def test_every_check_has_a_breach_of_its_own():
    assert set(BREAKS) == set(ALL)


@pytest.mark.parametrize(("name", "break_it"), [*BREAKS.items(), *MORE_BREAKS])
def test_a_breach_is_found_and_its_row_is_named(site, name, break_it):
    with unguarded():
        broken = named(break_it(site))
        breaches = found(name)
    assert any(broken in breach for breach in breaches), breaches


def test_the_command_says_how_much_it_checked(site, capsys):
    call_command("audit", "--files")
    assert capsys.readouterr().out == f"All {len(ALL)} checks hold.\n"


def test_the_command_stops_at_the_first_breach_with_its_name_and_rows(site):
    with unguarded():
        change(site.running, progress=2)
        Usage.objects.all().delete()
        with pytest.raises(CommandError) as refused:
            call_command("audit")
    assert refused.value.returncode == 1
    assert str(refused.value) == (
        "job_progress_is_a_share is broken (the rows of generation.Job meet the constraint): "
        f"job {site.running.pk}"
    )


def test_many_rows_are_counted_and_the_first_are_named(site):
    with unguarded():
        for number in range(15):
            copy(site.failed, id=uuid.uuid4(), attempts=9, prompt=f"{number}")
        with pytest.raises(CommandError, match=r"(job [0-9a-f-]{36}; ){10}and 5 more$"):
            call_command("audit")


def test_altered_files_are_found_only_when_they_are_read(site, capsys):
    overwritten("masters", image_of(site.done).master)
    call_command("audit")
    with pytest.raises(CommandError, match="every_master_is_unaltered"):
        call_command("audit", "--files")


def test_a_file_that_nothing_refers_to_is_a_note(site, capsys):
    storages["masters"].save("left/behind.png", ContentFile(b"?"))
    call_command("audit")
    assert "nothing refers to 1 stored files: master left/behind.png" in capsys.readouterr().out


def test_a_grid_erased_while_its_files_are_looked_for_is_no_breach(site, monkeypatch):
    master = image_of(site.done).master
    exists = storages["masters"].exists
    storages["masters"].delete(master)

    def exists_after_an_erasure(name: str) -> bool:
        files.forget(site.done)
        return exists(name)

    monkeypatch.setattr(storages["masters"], "exists", exists_after_an_erasure)
    assert found("every_master_is_stored") == []
    assert Job.objects.get(pk=site.done.pk).erased


def test_a_lease_that_nobody_could_have_swept_is_no_breach(site):
    Job.objects.filter(pk=site.running.pk).update(lease_until=LONG_AGO)
    assert found("leases_are_swept")
    Worker.objects.update(started=timezone.now())
    assert not found("leases_are_swept")
    Worker.objects.update(started=LONG_AGO, seen_at=LONG_AGO)
    assert not found("leases_are_swept")


def test_purged_rows_leave_their_usage_behind_without_a_breach(site):
    Job.objects.filter(pk=site.erased.pk).update(created=LONG_AGO)
    services.purge()
    assert not Job.objects.filter(pk=site.erased.pk).exists()
    assert Usage.objects.filter(job_id=site.erased.pk).exists()
    assert {name: found(name) for name in ALL if found(name)} == {}


def test_a_job_that_came_back_keeps_its_place_without_a_breach(site):
    services.release(Job.objects.get(pk=site.running.pk))
    assert {name: found(name) for name in ALL if found(name)} == {}
