"""A grid of which every picture was held back."""

import pytest

from accounts.models import Usage
from generation.audit.stored_files import orphans
from generation.models import Job, Rendition
from tests.generation.worker.conftest import a_checkpoint, ask, wait_until_ended

pytestmark = pytest.mark.both_databases


def test_it_has_failed_costs_nothing_and_leaves_no_file(start, offered, settings):
    offered["hub"] = a_checkpoint("hub", needs_check=True)
    settings.IMAGE_CHECK = f"{__name__}.none_passes"
    start()
    [job] = wait_until_ended(ask(checkpoint="hub", count=3))
    assert (job.status, job.error_code) == (Job.Status.FAILED, "blocked")
    assert [image.verdict for image in job.images.all()] == ["blocked"] * 3
    assert not Usage.objects.exists()
    assert not Rendition.objects.exists()
    assert orphans() == []


def none_passes(pictures):
    return [False for _ in pictures]
