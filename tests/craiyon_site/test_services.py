"""The servers that other tests rely on."""

import psycopg
import redis

from tests.services import Postgres, Redis


def test_a_killed_postgresql_comes_back_with_what_was_committed(own_postgres: Postgres) -> None:
    with psycopg.connect(own_postgres.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 9 AS pictures")
    own_postgres.kill()
    assert not own_postgres.answers()
    own_postgres.start()
    with psycopg.connect(own_postgres.url) as connection:
        assert connection.execute("SELECT pictures FROM kept").fetchone() == (9,)


def test_a_killed_redis_comes_back_empty(own_redis: Redis) -> None:
    with redis.Redis(port=own_redis.port) as client:
        client.set("bell", "rung")
    own_redis.kill()
    own_redis.start()
    with redis.Redis(port=own_redis.port) as client:
        assert client.get("bell") is None
