"""Plans from the command line."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import Plan

pytestmark = pytest.mark.django_db


def plan(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Runs the command and returns what it printed."""
    call_command("plan", *arguments)
    return capsys.readouterr().out


def test_it_lists_every_plan_with_its_limits_and_rights(capsys):
    head, *rows = plan(capsys).splitlines()
    assert head.split()[:4] == ["name", "in_flight", "per_minute", "per_day"]
    assert {row.split()[0] for row in rows} == set(Plan.NAMED)
    premium = next(row for row in rows if row.startswith("premium"))
    assert premium.split() == [
        "premium", "4", "20", "500", "2048", "9", "1", "1", "no", "no", "yes", "yes", "250",
    ]  # fmt: skip


def test_one_plan_is_shown_by_its_name(capsys):
    _, row = plan(capsys, "api").splitlines()
    assert row.split()[0] == "api"


def test_limits_are_changed_and_the_change_is_said(capsys):
    said = plan(capsys, "visitor", "in_flight=50", "per_minute=100", "per_day=1000")
    assert said.splitlines() == [
        "visitor: in_flight 1 → 50, per_minute 2 → 100, per_day 10 → 1000",
        (
            "Free grids behind one address together still stop at in_flight 30, per_minute 60, "
            "per_day 300: see plan network."
        ),
    ]
    visitor = Plan.objects.get(name="visitor")
    assert (visitor.in_flight, visitor.per_minute, visitor.per_day) == (50, 100, 1000)
    assert Plan.objects.get(name="free").per_day == 25


def test_rights_are_changed_with_yes_and_no(capsys):
    plan(capsys, "free", "watermark=no", "ads=No", "private=yes")
    free = Plan.objects.get(name="free")
    assert (free.watermark, free.ads, free.private) == (False, False, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["gold", "per_day=1"],
            "No plan is called gold. There are: visitor, free",
        ),
        (["gold"], "No plan is called gold"),
        (["free", "per_week=1"], "A plan has no per_week. It has: in_flight, per_minute"),
        (["free", "name=gold"], "A plan has no name."),
        (["free", "per_day"], "per_day is no change: it must look like per_day=1000."),
        (["free", "per_day=-1"], "per_day=-1 cannot be"),
        (["free", "per_day=many"], "per_day=many cannot be"),
        (["free", "per_day=1e3"], "per_day=1e3 cannot be"),
        (["free", "per_day=" + "9" * 5000], "cannot be"),
        (["free", "per_day="], "per_day= cannot be"),
        (["free", "weight=0"], "weight=0 cannot be: Ensure this value is greater than"),
        (["free", "images_per_grid=0"], "images_per_grid=0 cannot be"),
        (["free", "images_per_grid=11"], "images_per_grid=11 cannot be"),
        (["free", "tier=3"], "tier=3 cannot be: Value 3 is not a valid choice."),
        (["free", "ads=maybe"], "ads=maybe cannot be: it is yes or no."),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_and_changes_nothing(arguments, said):
    before = list(Plan.objects.values())
    with pytest.raises(CommandError) as refused:
        call_command("plan", *arguments)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert list(Plan.objects.values()) == before


def test_one_bad_change_spoils_the_good_ones_beside_it():
    with pytest.raises(CommandError, match="weight=0"):
        call_command("plan", "free", "per_day=99", "weight=0")
    assert Plan.objects.get(name="free").per_day == 25


def test_without_tables_one_line_says_what_to_run():
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'accounts'")
    with pytest.raises(CommandError, match=r"run script/run or manage\.py migrate"):
        call_command("plan")
