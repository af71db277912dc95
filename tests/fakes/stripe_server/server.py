"""The server itself: HTTP, keys, idempotency, and faults by order."""

import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.stripe_server.http import Http, error_body
from tests.fakes.stripe_server.lifecycle import Lifecycle
from tests.fakes.stripe_server.pages import Pages
from tests.fakes.stripe_server.parameters import Unknown, check, decoded
from tests.fakes.stripe_server.resources import Resources
from tests.fakes.stripe_server.routes import Route, route_of
from tests.fakes.stripe_server.store import Object, Refused, Store
from tests.fakes.stripe_server.webhooks import Deliveries

KEY = "sk_test_fake0000000000000000000000"
OTHER_PARAMETERS = "Keys for idempotent requests can only be used with the same parameters."
SECRET = "whsec_fake0000000000000000000000000"


class StripeServer:
    """An account of Stripe's at an address on loopback."""

    def __init__(self) -> None:
        self.store = Store()
        self.lifecycle = Lifecycle(self.store)
        self.resources = Resources(self.store, self.lifecycle, lambda: self.url)
        self.pages = Pages(self.store, self.lifecycle)
        self.deliveries = Deliveries(self.store, SECRET)
        self.faults: deque[str] = deque()
        """What the next requests meet: "429", "500", "timeout", "drop" before the request is done,
        "drop-after" once it was, "quote" for an error that quotes the key, "" for none."""
        self.away = False
        """Every connection is dropped."""
        self.asked: list[str] = []
        self._answers: dict[str, tuple[str, int, Any]] = {}
        self._http = Http(self)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Ends the server."""
        self._http.shutdown()
        self._http.server_close()

    def ask(self, method: str, path: str, body: str, headers: Any) -> tuple[int, Any]:
        """Answers a request of the API."""
        if headers.get("Authorization") != f"Bearer {KEY}":
            return 401, error_body(
                "Invalid API Key provided: sk_test_****", "", "invalid_request_error"
            )
        found = route_of(method, urlsplit(path).path)
        if found is None:
            return 404, error_body(f"Unrecognized request URL ({method} {path}).")
        route, key = found
        given = decoded(body or urlsplit(path).query)
        once = headers.get("Idempotency-Key", "") if method == "POST" else ""
        said = f"{path} {body}"
        if once in self._answers:
            earlier, status, answer = self._answers[once]
            if earlier != said:
                return 400, error_body(OTHER_PARAMETERS, "", "idempotency_error")
            return status, answer
        status, answer = self._answered(route, key, urlsplit(path).path, given)
        if once:
            self._answers[once] = (said, status, answer)
        return status, answer

    def _answered(self, route: Route, key: str, path: str, given: Object) -> tuple[int, Any]:
        try:
            check(given, route.params)
            answer = self.resources.answer(route.name, key, given, path)
        except Unknown as error:
            return 400, error_body(str(error), "parameter_unknown")
        except Refused as error:
            return error.status, error_body(str(error), error.code, error.kind)
        return 200, json.loads(json.dumps(answer))


@contextmanager
def stripe_running() -> Iterator[StripeServer]:
    """A server that ends with the block."""
    server = StripeServer()
    try:
        yield server
    finally:
        server.close()
