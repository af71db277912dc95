"""Google and GitHub on loopback, as far as signing in with them goes: OAuth 2 with PKCE.

It checks what a real one checks: the client and its secret, that a code is good once and only with
the verifier of the browser that asked, and that the answer goes to the address that was named.
"""

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

CLIENT, SECRET = "our-client", "our-secret-at-the-other-site"


@dataclass(frozen=True)
class Person:
    """Somebody with an account at the other site."""

    id: int
    email: str
    verified: bool = True


@dataclass
class OtherSite:
    """A site whose accounts people sign in with."""

    url: str = ""
    person: Person = Person(1, "alice@example.org")
    """Who is signed in there."""
    refuses: bool = False
    """Whether the person says no when they are asked."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: dict[str, Person] = field(default_factory=dict)

    def authorize(self, asked: dict[str, str]) -> str:
        """Returns where the browser is sent on to."""
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        if self.refuses:
            said = {"error": "access_denied", "state": asked["state"]}
        else:
            said = {"code": secrets.token_urlsafe(), "state": asked["state"]}
            self.codes[said["code"]] = asked
        return f"{asked['redirect_uri']}?{urlencode(said)}"

    def token(self, asked: dict[str, str], authorization: str) -> dict[str, str] | None:
        """Returns a token for a code, which is good once; None where anything is wrong."""
        given = self.codes.pop(asked.get("code", ""), None)
        basic = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        body = (asked.get("client_id"), asked.get("client_secret"))
        if given is None or (authorization != basic and body != (CLIENT, SECRET)):
            return None
        digest = hashlib.sha256(asked["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if challenge != given["code_challenge"] or asked["redirect_uri"] != given["redirect_uri"]:
            return None
        token = secrets.token_urlsafe()
        self.tokens[token] = self.person
        return {"access_token": token, "token_type": "bearer"}

    def told(self, path: str, token: str) -> Any:
        """Returns what the site says of the person whose token it is."""
        person = self.tokens[token]
        match path:
            case "/userinfo":
                return {"id": str(person.id), "email": person.email,
                        "verified_email": person.verified}  # fmt: skip
            case "/api/v3/user":
                return {"id": person.id, "login": f"person{person.id}", "email": None}
            case "/api/v3/user/emails":
                return [{"email": person.email, "primary": True, "verified": person.verified}]
        raise KeyError(path)


@contextmanager
def other_site() -> Iterator[OtherSite]:
    """Gives such a site while the block runs."""
    site = OtherSite()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path.endswith("authorize"):
                self.send_response(302)
                self.send_header("Location", site.authorize(_flat(parts.query)))
                self.end_headers()
                return
            token = self.headers.get("Authorization", "").split()[-1]
            self._answer(200, site.told(parts.path, token))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            token = site.token(_flat(body), self.headers.get("Authorization", ""))
            if token is None:
                self._answer(400, {"error": "invalid_grant"})
            else:
                self._answer(200, token)

        def _answer(self, status: int, said: Any) -> None:
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Nothing: the tests say what they ask."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        site.url = f"http://127.0.0.1:{server.server_port}"
        yield site
        server.shutdown()


def _flat(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}
