"""Whatever is asked, the API answers as its schema says, and never with a mistake of its own."""

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from tests.running_site import RunningSite

pytestmark = pytest.mark.alone

OPERATIONS = 26
"""About so many share the cases: 2,000 in the full run, a fifth of them in the short one."""

CASES = 2000 // OPERATIONS if os.environ.get("CRAIYON_FULL") == "1" else 400 // OPERATIONS

# 422 is for what can be read and not be drawn, which no schema tells: a prompt of blanks alone, a
# size that the checkpoint lacks. In OpenAI's dialect that is a 400.
ALLOWED = ["2xx", "304", "400", "401", "403", "404", "409", "410", "422", "429", "503"]


@pytest.fixture(scope="session")
def api_schema(site: RunningSite) -> schemathesis.schemas.BaseSchema:
    config = SchemathesisConfig.from_dict(
        {"checks": {"positive_data_acceptance": {"expected-statuses": ALLOWED}}}
    )
    schema = schemathesis.openapi.from_url(f"{site.url}/api/schema", config=config)
    schema.config.update(base_url=site.url)
    return schema


schema = schemathesis.pytest.from_fixture("api_schema")


@schema.parametrize()
@settings(
    max_examples=CASES, deadline=None, derandomize=True,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
def test_the_api_keeps_to_its_schema(case, test_key):
    case.call_and_validate(headers={"Authorization": f"Bearer {test_key}"}, timeout=60)
