"""Whatever is asked, the API answers as its schema says, and never with a mistake of its own."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings, strategies
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import negative_data_rejection

from tests.running_site import RunningSite

pytestmark = pytest.mark.live

CASES = 2000
"""In the full run, shared by all operations; a fifth of them in the short one."""

# 422 is for what can be read and not be drawn, which no schema tells: a prompt of blanks alone, a
# size that the checkpoint lacks. In OpenAI's dialect that is a 400.
TAKEN = ["2xx", "401", "403", "404", "409", "410", "422", "429", "503"]
OPENAI_TAKEN = [*TAKEN, "400"]


def operations_of(site: RunningSite, prefix: str, taken: list[str]) -> Iterator[Any]:
    """The operations below an address, checked by all checks."""
    config = SchemathesisConfig.from_dict(
        {"checks": {"positive_data_acceptance": {"expected-statuses": taken}}}
    )
    schema = schemathesis.openapi.from_url(f"{site.url}/api/schema", config=config)
    schema.config.update(base_url=site.url)
    for result in schema.include(path_regex=f"^{prefix}").get_all_operations():
        yield result.ok()


def broken_by(operation: Any, key: str, cases: int) -> str:
    """What the first case says that breaks the schema; the empty text where none does."""
    headers = {"Authorization": f"Bearer {key}"}
    both = strategies.one_of(
        *(operation.as_strategy(generation_mode=mode) for mode in GenerationMode)
    )

    # In a form an empty list, which breaks the schema, leaves no trace: nobody could refuse it.
    is_form = any("form" in kind for kind in operation.get_request_payload_content_types())
    left_out = [negative_data_rejection] if is_form else []

    @given(case=both)
    @settings(
        max_examples=cases, deadline=None, derandomize=True, database=None,
        phases=(Phase.generate,), suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def keeps_to_its_schema(case: Any) -> None:
        case.call_and_validate(headers=headers, timeout=60, excluded_checks=left_out)

    try:
        keeps_to_its_schema()
    except BaseException as error:  # noqa: BLE001  (groups of whatever the checks raise)
        return f"{operation.label}: {error!r}\n{getattr(error, 'exceptions', '')}"
    return ""


def test_the_api_keeps_to_its_schema(site, test_key, full):
    operations = [
        *operations_of(site, "/api/", TAKEN),
        *operations_of(site, "/v1/", OPENAI_TAKEN),
    ]
    assert len(operations) >= 24
    each = (CASES if full else CASES // 5) // len(operations) + 1
    broken = [said for one in operations if (said := broken_by(one, test_key, each))]
    assert not broken, "\n\n".join(broken)
