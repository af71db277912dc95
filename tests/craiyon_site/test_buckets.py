"""Pictures in S3: private, signed, never overwritten."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from pytest_django import Settings

from craiyon_site import health, parts
from tests.services import Buckets, running

EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"


@pytest.fixture(scope="module")
def server() -> Iterator[Buckets]:
    with running(Buckets) as buckets:
        yield buckets


@pytest.fixture
def client(server: Buckets) -> Any:
    """A client of the server, in which the bucket of the site is there."""
    client = boto3.client(
        "s3", endpoint_url=server.url, region_name="us-east-1",
        aws_access_key_id="me", aws_secret_access_key="mine",
    )  # fmt: skip
    client.create_bucket(Bucket="pictures")
    return client


@pytest.fixture
def masters(server: Buckets, client: Any, settings: Settings, tmp_path: Path) -> Storage:
    """The masters of a site whose STORAGE_URL names that bucket."""
    settings.STORAGES = {
        **settings.STORAGES,
        **parts.storage(
            f"s3://pictures?endpoint={server.url}&region=us-east-1",
            tmp_path,
            access_key="me",
            secret_key="mine",
        ),
    }
    return storages["masters"]


def test_a_picture_comes_back_as_it_was_stored(masters: Storage) -> None:
    name = masters.save("ab/cd.png", ContentFile(b"picture"))
    with masters.open(name) as file:
        assert file.read() == b"picture"
    masters.delete(name)
    assert not masters.exists(name)


def test_what_is_stored_is_never_overwritten(masters: Storage) -> None:
    first = masters.save("ab/0.png", ContentFile(b"first"))
    second = masters.save("ab/0.png", ContentFile(b"second"))
    assert first != second
    assert masters.open(first).read() == b"first"


def test_masters_and_renditions_keep_apart(masters: Storage, client: Any) -> None:
    masters.save("1.png", ContentFile(b"master"))
    storages["default"].save("1.png", ContentFile(b"rendition"))
    listed = client.list_objects_v2(Bucket="pictures")["Contents"]
    assert {"masters/1.png", "renditions/1.png"} <= {stored["Key"] for stored in listed}


def test_no_file_is_for_everybody(masters: Storage, client: Any) -> None:
    name = masters.save("2.png", ContentFile(b"master"))
    grants = client.get_object_acl(Bucket="pictures", Key=f"masters/{name}")["Grants"]
    assert all(grant["Grantee"].get("URI") != EVERYBODY for grant in grants)


def test_an_address_is_signed_and_ends_within_a_minute(masters: Storage) -> None:
    address = storages["default"].url(storages["default"].save("3.png", ContentFile(b"r")))
    query = parse_qs(urlsplit(address).query)
    assert query["X-Amz-Signature"]
    assert int(query["X-Amz-Expires"][0]) <= 60


def test_a_storage_that_is_away_is_found(masters: Storage, server: Buckets) -> None:
    assert health.tried(health.storage).ok
    server.kill()
    try:
        found = health.tried(health.storage)
    finally:
        server.start()
    assert not found.ok
    assert found.error == "EndpointConnectionError"
