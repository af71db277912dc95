"""The HTTP of it, and the faults that tests order."""

import json
import socket
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.stripe_server.store import Refused

if TYPE_CHECKING:
    from tests.fakes.stripe_server.server import StripeServer

TIMEOUT = 3
"""Seconds that a request hangs which is told to: longer than the tests let the site wait."""


def error_body(message: str, code: str = "", kind: str = "invalid_request_error") -> dict[str, Any]:
    error = {"message": message, "type": kind}
    return {"error": {**error, "code": code} if code else error}


class Http(ThreadingHTTPServer):
    """Listens on a free port of loopback."""

    daemon_threads = True

    def __init__(self, stripe: "StripeServer") -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.stripe = stripe


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = 30
    disable_nagle_algorithm = True
    server: Http

    def log_message(self, *_: Any) -> None:
        """Nothing: the tests say what they ask."""

    def do_GET(self) -> None:
        """Reads a request and answers it, or meets the fault that was ordered."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if not self.path.startswith("/v1/"):
            self._page(body)
            return
        stripe = self.server.stripe
        fault = "drop" if stripe.away else stripe.faults.popleft() if stripe.faults else ""
        if self._met(fault):
            return
        with stripe.store.lock:
            stripe.asked.append(f"{self.command} {urlsplit(self.path).path}")
            status, answer = stripe.ask(self.command, self.path, body, self.headers)
        if fault == "drop-after":
            self._drop()
        else:
            self._answer(status, answer)

    do_POST = do_DELETE = do_GET  # noqa: N815

    def _met(self, fault: str) -> bool:
        match fault:
            case "timeout":
                time.sleep(TIMEOUT)
                self._drop()
            case "drop":
                self._drop()
            case "429":
                self._answer(429, error_body("Not now.", "", "rate_limit_error"))
            case "quote":
                told = self.headers.get("Authorization", "")
                self._answer(401, error_body(f"Invalid API Key provided: {told}"))
            case "500":
                self._answer(500, error_body("Not now.", "", "api_error"))
            case _:
                return False
        return True

    def _page(self, body: str) -> None:
        *_, kind, key = urlsplit(self.path).path.split("/")
        stripe = self.server.stripe
        try:
            with stripe.store.lock:
                if self.command == "POST":
                    to = stripe.pages.act(kind, key, dict(parse_qsl(body)))
                    self._send(303, b"", {"Location": to})
                    return
                page = stripe.pages.show(kind, key)
        except Refused as refused:
            self._send(refused.status, str(refused).encode(), {})
            return
        self._send(200, page.encode(), {"Content-Type": "text/html; charset=utf-8"})

    def _answer(self, status: int, answer: Any) -> None:
        told = {"Content-Type": "application/json", "Request-Id": "req_fake"}
        self._send(status, json.dumps(answer).encode(), told)

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)
