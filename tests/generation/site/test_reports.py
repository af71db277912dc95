"""From somebody's word that a grid should not be there to a decision."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Network, User, Visitor
from generation.models import Job, Report
from generation.safety import reports
from generation.tasks import mail_reports
from tests.generation.site.cast import Page, ask, client_of, finished

pytestmark = pytest.mark.django_db

Settings = Any
WORD = {"reason": "person", "text": "That is me.", "email": "dora@example.org"}


@pytest.fixture
def grid(alice: Visitor, monkeypatch: pytest.MonkeyPatch) -> Job:
    return finished(ask(alice), monkeypatch)


@pytest.fixture
def bells(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    rung: list[str] = []
    monkeypatch.setattr("generation.site.reporting.ring_for_reports", lambda: rung.append("chores"))
    return rung


@pytest.fixture
def charlie() -> Client:
    return client_of(User.objects.create_superuser("charlie"))


def address(job: Job) -> str:
    return reverse("report", args=[job.pk])


def decide(browser: Client, action: str, *rows: Report) -> str:
    chosen = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    answer = browser.post(reverse("admin:generation_report_changelist"), chosen, follow=True)
    return " ".join(str(message) for message in answer.context["messages"])


@pytest.mark.usefixtures("bells")
class TestTheForm:
    def test_works_for_anybody_and_keeps_their_word(
        self, client: Client, grid: Job, bells: list[str]
    ) -> None:
        page = Page(client.get(address(grid)))
        assert len(page.all("input", name="reason")) == len(Report.Reason)
        answer = client.post(address(grid), WORD, follow=True)
        assert "Thank you" in Page(answer).text
        row = Report.objects.get()
        assert (row.job_id, row.reason, row.text, row.email) == (grid.pk, *WORD.values())
        assert row.network == Network.objects.get(prefix="127.0.0.1")
        assert row.state == Report.State.OPEN
        assert bells == ["chores"]

    def test_is_linked_from_every_shared_grid(self, client: Client, grid: Job) -> None:
        assert Page(client.get(f"/g/{grid.pk}")).one("a", href=address(grid))

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"reason": ""}, "Say what is wrong"),
            ({"reason": "boredom"}, "Say what is wrong"),
            ({"email": "dora"}, "no e-mail address"),
            ({"text": "x" * 2001}, "2,000 characters"),
        ],
    )
    def test_says_what_it_cannot_read_and_keeps_the_rest(
        self, client: Client, grid: Job, wrong: dict[str, str], said: str
    ) -> None:
        answer = client.post(address(grid), WORD | wrong)
        assert answer.status_code == 400
        assert said in Page(answer).text
        assert (WORD | wrong)["text"] in Page(answer).text
        assert not Report.objects.exists()

    def test_that_a_program_filled_in_is_thanked_and_forgotten(
        self, client: Client, grid: Job, bells: list[str]
    ) -> None:
        answer = client.post(address(grid), WORD | {"website": "http://spam.example"})
        assert answer.status_code == 302
        assert not Report.objects.exists()
        assert bells == []

    def test_keeps_the_same_word_once_and_enough_is_enough(self, client: Client, grid: Job) -> None:
        for _ in range(2):
            client.post(address(grid), WORD)
        assert Report.objects.count() == 1
        for number in range(reports.AN_HOUR - 1):
            client.post(address(grid), WORD | {"text": str(number)})
        refused = client.post(address(grid), WORD | {"text": "one more"})
        assert refused.status_code == 429
        assert 3500 < int(refused["Retry-After"]) <= 3600
        assert "one more" in Page(refused).text
        Report.objects.update(created=timezone.now() - timedelta(hours=1))
        assert client.post(address(grid), WORD | {"text": "one more"}).status_code == 302

    def test_is_not_there_for_what_one_may_not_see(
        self, client: Client, as_alice: Client, grid: Job
    ) -> None:
        Job.objects.filter(pk=grid.pk).update(visibility="private")
        assert client.get(address(grid)).status_code == 404
        assert client.post(address(grid), WORD).status_code == 404
        assert as_alice.get(address(grid)).status_code == 200
        nowhere = "/g/00000000-0000-0000-0000-000000000000/report"
        assert client.post(nowhere, WORD).status_code == 404
        assert not Report.objects.exists()


class TestTheAdmins:
    @pytest.fixture
    def word(self, grid: Job) -> Report:
        network = Network.objects.create(prefix="10.0.0.1")
        return reports.report(grid, reports.Word(Report.Reason.HATE, "Look."), network)

    def test_hide_the_grid_from_everybody_but_themselves(
        self, client: Client, as_alice: Client, charlie: Client, grid: Job, word: Report
    ) -> None:
        assert "Reports decided: 1" in decide(charlie, "uphold", word)
        for path in (f"/g/{grid.pk}", f"/g/{grid.pk}/0.webp", f"/g/{grid.pk}/grid.webp"):
            assert client.get(path).status_code == 410, path
            assert as_alice.get(path).status_code == 410, path
            assert charlie.get(path).status_code == 200, path
        assert "taken down" in Page(client.get(f"/g/{grid.pk}")).text
        assert not Page(as_alice.get("/")).all("a", href=f"/g/{grid.pk}")
        word.refresh_from_db()
        assert word.state == Report.State.UPHELD
        assert word.decided_by == User.objects.get(username="charlie")

    def test_can_think_again(
        self, client: Client, charlie: Client, grid: Job, word: Report
    ) -> None:
        decide(charlie, "uphold", word)
        decide(charlie, "dismiss", word)
        assert client.get(f"/g/{grid.pk}").status_code == 200
        word.refresh_from_db()
        assert word.state == Report.State.DISMISSED

    def test_leave_a_record_of_what_they_decide(self, charlie: Client, word: Report) -> None:
        decide(charlie, "uphold", word)
        history = charlie.get(reverse("admin:generation_report_history", args=[word.pk]))
        assert "the grid is hidden" in history.content.decode()

    def test_read_reports_and_cannot_rewrite_them(self, charlie: Client, word: Report) -> None:
        change = reverse("admin:generation_report_change", args=[word.pk])
        assert "Look." in charlie.get(change).content.decode()
        assert charlie.post(change, {"text": "Never mind."}).status_code == 403

    def test_are_the_only_ones_who_decide(self, word: Report) -> None:
        looks = User.objects.create_user("dora", is_staff=True)
        decide_address = reverse("admin:generation_report_changelist")
        assert client_of(looks).get(decide_address).status_code == 403
        word.refresh_from_db()
        assert word.state == Report.State.OPEN

    def test_are_told_by_mail_once(self, settings: Settings, grid: Job, word: Report) -> None:
        settings.ADMINS = [("site", "admin@example.org"), ("site", "second@example.org")]
        mail_reports()
        mail_reports()
        (letter,) = mail.outbox
        assert letter.to == ["admin@example.org", "second@example.org"]
        assert f"/g/{grid.pk}" in letter.body
        assert f"/admin/generation/report/{word.pk}/" in letter.body
        assert "Look." in letter.body

    def test_are_told_later_when_the_mail_is_away(
        self, settings: Settings, word: Report, unused_tcp_port: int
    ) -> None:
        settings.ADMINS = [("site", "admin@example.org")]
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", unused_tcp_port
        with pytest.raises(OSError, match="refused"):
            reports.mail()
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        assert reports.mail() == 1
        assert len(mail.outbox) == 1

    def test_who_gave_no_address_find_it_in_the_table(self, word: Report) -> None:
        assert reports.mail() == 0
        assert Report.objects.filter(mailed__isnull=True).get() == word
