"""No callback reaches inside: whatever the address is called, and whatever a name server says."""

import http.server
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_network

import pytest

from generation.programs import outside

INSIDE = [
    # Loopback, in every spelling that a resolver takes for it
    "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7f.1",
    "017700000001", "0177.0.0.1", "0x7f.0x0.0x0.0x1", "0", "0.0.0.0",  # noqa: S104
    "localhost", "LOCALHOST",
    "localhost.", "foo.localhost", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]",
    # IPv4 inside of IPv6
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]",
    "[0:0:0:0:0:ffff:c0a8:101]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::10.0.0.1]",
    "[64:ff9b:1::1]", "[2002:7f00:1::]", "[2002:a00:1::]", "[2001:0:7f00:1::]",
    # Private, link-local and shared networks, and what clouds keep there
    "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.1.254",
    "169.254.169.254", "169.254.0.1", "100.64.0.1", "100.100.100.200", "192.0.0.192", "3232235777",
    "0xa9fea9fe", "[fd00::1]", "[fc00::1]", "[fec0::1]", "[fe80::1]", "[fe80::1%25lo]",
    "[fd00:ec2::254]",
    # Multicast, broadcast, documentation, reserved
    "224.0.0.1", "255.255.255.255", "240.0.0.1", "198.18.0.1", "192.0.2.1", "[ff02::1]",
    "[2001:db8::1]",
    # Names of the inside
    "intranet", "printer.local", "db.internal", "router.lan", "nas.home.arpa",
]  # fmt: skip

NO_ADDRESS = [
    "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "//example.org/",
    "example.org", "https://", "https://user:pass@example.org/", "https://exa mple.org/",
    "https://example.org:0/", "https://example.org:99999/", "https://[::1/", "javascript:alert(1)",
    "https://example.org\\@127.0.0.1/", "https://127.0.0.1\r\nHost: x/", "unix:///run/docker.sock",
    "http://example.org/", "https://a..example.org/", "https://" + "a" * 64 + ".org/",
    "https://example.org/\ud800",
]  # fmt: skip


class Receiver(http.server.BaseHTTPRequestHandler):
    """Notes that somebody came; sends whoever asks for it on to itself."""

    came: list[str]

    def do_POST(self) -> None:
        type(self).came.append(self.path)
        self.send_response(302 if self.path == "/redirect" else 200)
        if self.path == "/redirect":
            self.send_header("Location", "/redirected")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[tuple[int, list[str]]]:
    """A server on loopback and what came to it: its port stands for everything inside."""
    Receiver.came = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, Receiver.came
        server.shutdown()


def test_there_are_enough_of_them():
    assert len(set(INSIDE)) >= 60


@pytest.mark.parametrize("host", INSIDE)
def test_nothing_inside_is_called(host, receiver):
    port, came = receiver
    for scheme in ("http", "https"):
        with pytest.raises(outside.Unreachable):
            outside.post(f"{scheme}://{host}:{port}/", b"{}", {})
        with pytest.raises(outside.Unreachable):
            outside.refuse_obviously(f"{scheme}://{host}:{port}/")
    assert came == []


@pytest.mark.parametrize("address", NO_ADDRESS)
def test_what_is_no_https_address_is_refused(address):
    with pytest.raises(outside.Unreachable):
        outside.refuse_obviously(address)


def names_of(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """A name server that answers so, one after the other; returns the names it was asked for."""
    asked: list[str] = []
    left = list(answers)
    real = socket.getaddrinfo

    def resolved(host, port, *args, **kwargs):
        if kwargs.get("flags") or str(host).replace(".", "").isdigit():
            return real(host, port, *args, **kwargs)
        asked.append(host)
        found = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    return asked


def test_a_public_name_that_leads_inside_is_not_called(monkeypatch, receiver):
    port, came = receiver
    names_of(monkeypatch, ["127.0.0.1"])
    with pytest.raises(outside.Unreachable):
        outside.post(f"https://rebind.example.org:{port}/", b"{}", {})
    assert came == []


def test_one_inner_address_among_public_ones_is_enough_to_refuse(monkeypatch):
    names_of(monkeypatch, ["93.184.216.34", "10.0.0.1"])
    with pytest.raises(outside.Unreachable):
        outside.target_of("https://mixed.example.org/")


def test_a_name_is_asked_for_once_and_the_connection_goes_to_what_was_checked(monkeypatch):
    asked = names_of(monkeypatch, ["93.184.216.34"], ["127.0.0.1"])
    target = outside.target_of("https://rebind.example.org/hook?x=1")
    assert asked == ["rebind.example.org"]
    assert target.url == "https://93.184.216.34:443/hook?x=1"
    assert (target.host, target.authority) == ("rebind.example.org", "rebind.example.org")


def test_a_redirect_is_not_followed(settings, receiver):
    port, came = receiver
    settings.CALLBACK_NETWORKS = [ip_network("127.0.0.0/8")]
    assert outside.post(f"http://127.0.0.1:{port}/redirect", b"{}", {}) == 302
    assert came == ["/redirect"]


def test_networks_of_the_sites_own_may_be_allowed(settings, receiver):
    port, came = receiver
    settings.CALLBACK_NETWORKS = [ip_network("127.0.0.0/8")]
    assert outside.post(f"http://127.0.0.1:{port}/hook", b"{}", {}) == 200
    with pytest.raises(outside.Unreachable):
        outside.target_of("http://10.0.0.1/")
    assert came == ["/hook"]


def test_a_receiver_that_trickles_is_given_up_after_the_limit(settings, monkeypatch):
    settings.CALLBACK_NETWORKS = [ip_network("127.0.0.0/8")]
    monkeypatch.setattr(outside, "LIMIT", 1.0)
    ends = threading.Event()

    def trickle(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not ends.wait(0.2):
                connection.sendall(b"a")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=trickle, args=[listener], daemon=True).start()
        began = time.monotonic()
        with pytest.raises(outside.Unreachable, match="no answer within 1 seconds"):
            outside.post(f"http://127.0.0.1:{listener.getsockname()[1]}/", b"{}", {})
        assert time.monotonic() - began < 10
        ends.set()


def test_a_public_address_is_fine():
    outside.refuse_obviously("https://example.org/hook")
    outside.refuse_obviously("https://8.8.8.8:8443/hook")
    outside.refuse_obviously("https://[2606:4700:4700::1111]/hook")
