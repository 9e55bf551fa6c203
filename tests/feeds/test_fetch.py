"""Fetching one page from a real server on loopback, and everything a hostile one may try."""

import gzip
import socket
import ssl
import threading
import time
import zlib
from pathlib import Path

import httpcore
import pytest

from feeds import Fetcher, Limits
from records.errors import SourceRefused, SourceUnreachable, SourceUnreadable

LIMITS = Limits(max_bytes=100_000)
PUBLIC = "93.184.216.34"


class NoNetwork(httpcore.SyncBackend):
    """Notes where a connection would have gone, and refuses it: no test leaves this machine."""

    def __init__(self):
        self.asked = []

    def connect_tcp(self, host, port, *_rest, **_named):
        self.asked.append((host, port))
        raise httpcore.ConnectError("no network in tests")


def test_page_arrives_with_its_type_and_charset(site, fetcher, reply):
    site.routes["/a"] = reply("<p>Zürich</p>".encode(), "Text/HTML; Charset=UTF-8")
    page = fetcher.fetch(f"{site.origin}/a#part", LIMITS)
    assert (page.content.decode(), page.media_type, page.charset) == ("<p>Zürich</p>", "text/html", "utf-8")
    assert page.url == f"{site.origin}/a"


def test_missing_content_type_is_unknown_not_text(site, fetcher, reply):
    site.routes["/a"] = reply(b"x", None)
    page = fetcher.fetch(f"{site.origin}/a", LIMITS)
    assert (page.media_type, page.charset) == (None, None)


def test_request_names_rhyme_and_carries_no_cookie_credential_or_referer(site, fetcher, reply):
    site.routes["/a"] = reply(status=302, Location="/b", Set_Cookie="id=1; Path=/")
    site.routes["/b"] = reply(b"x")
    fetcher.fetch(f"{site.origin}/a", LIMITS)
    (_, _), (path, headers) = site.requests
    assert path == "/b"
    assert headers["User-Agent"] == "Rhyme/0.1"
    assert headers["Host"] == site.host
    assert not {"Cookie", "Authorization", "Referer"} & set(headers)


@pytest.mark.parametrize(
    ("status", "error", "advice"),
    [
        (404, SourceRefused, "Check the address"),
        (410, SourceRefused, "no longer"),
        (401, SourceRefused, "Save the page"),
        (403, SourceRefused, "Save the page"),
        (451, SourceRefused, "Save the page"),
        (418, SourceRefused, "save the page"),
        (408, SourceUnreachable, "Try again later"),
        (429, SourceUnreachable, "Retry-After: 120"),
        (500, SourceUnreachable, "Try again later"),
        (503, SourceUnreachable, "Try again later"),
        (204, SourceUnreachable, "no page"),
        (304, SourceUnreachable, "no page"),
        (302, SourceUnreachable, "without saying where"),
    ],
)
def test_status_decides_between_refused_and_worth_another_try(site, fetcher, reply, status, error, advice):
    site.routes["/a"] = reply(status=status, Retry_After="120")
    with pytest.raises(error, match=advice) as raised:
        fetcher.fetch(f"{site.origin}/a", LIMITS)
    assert str(status) in str(raised.value)
    assert f"{site.origin}/a" in str(raised.value)


@pytest.mark.parametrize(
    ("content_type", "advice"),
    [("application/pdf", "PDF isn't read yet|PDF, which isn't read yet: save its text"), ("image/png", "image/png"),
     ("video/mp4", "video/mp4"), ("application/rss+xml", "one article")],
)  # fmt: skip
def test_type_that_is_no_article_is_refused_before_its_body_is_read(site, fetcher, reply, content_type, advice):
    site.routes["/a"] = reply(b"x" * 1000, content_type)
    with pytest.raises(SourceUnreadable, match=advice):
        fetcher.fetch(f"{site.origin}/a", LIMITS)


def test_announced_size_over_the_limit_is_refused_with_the_size(site, fetcher, reply):
    site.routes["/a"] = reply(Content_Length="20000000")
    with pytest.raises(SourceUnreadable, match=r"20\.0 MB.*0\.1 MB"):
        fetcher.fetch(f"{site.origin}/a", LIMITS)


def test_endless_body_is_cut_off_at_the_limit(site, fetcher):
    sent = []

    def pour(handler):
        handler.send_response(200)
        handler.end_headers()
        while not site.closing.is_set():
            handler.wfile.write(b"x" * 65_536)
            sent.append(65_536)

    site.routes["/a"] = pour
    with pytest.raises(SourceUnreadable, match=r"more than 0\.1 MB"):
        fetcher.fetch(f"{site.origin}/a", LIMITS)
    assert sum(sent) < 20_000_000  # what socket buffers swallow, not what the server would send


def test_gzip_is_unpacked(site, fetcher, reply):
    site.routes["/a"] = reply(gzip.compress(b"<p>text</p>" * 100), Content_Encoding="gzip")
    assert fetcher.fetch(f"{site.origin}/a", LIMITS).content == b"<p>text</p>" * 100


def test_gzip_bomb_is_never_unfolded(site, fetcher, reply, monkeypatch):
    bomb = gzip.compress(b"\0" * 50_000_000)
    assert len(bomb) < LIMITS.max_bytes
    unfolded = []
    real = zlib.decompressobj

    class Counting:
        def __init__(self, *arguments):
            self.inner = real(*arguments)

        def decompress(self, *arguments):
            piece = self.inner.decompress(*arguments)
            unfolded.append(len(piece))
            return piece

        def __getattr__(self, name):
            return getattr(self.inner, name)

    monkeypatch.setattr("feeds.response.zlib.decompressobj", Counting)
    site.routes["/a"] = reply(bomb, Content_Encoding="gzip")
    with pytest.raises(SourceUnreadable, match=r"more than 0\.1 MB"):
        fetcher.fetch(f"{site.origin}/a", LIMITS)
    assert sum(unfolded) == LIMITS.max_bytes + 1


@pytest.mark.parametrize(
    ("body", "coding", "error"),
    [(gzip.compress(b"x" * 9000, mtime=0)[:-9], "gzip", SourceUnreachable), (b"no gzip at all", "gzip", SourceUnreadable),
     (b"x", "br", SourceUnreadable), (b"x", "gzip, gzip", SourceUnreadable)],
    ids=["cut short", "not gzip", "brotli unasked", "gzip in gzip"],
)  # fmt: skip
def test_compression_that_cannot_be_undone_is_an_error(site, fetcher, reply, body, coding, error):
    site.routes["/a"] = reply(body, Content_Encoding=coding)
    with pytest.raises(error):
        fetcher.fetch(f"{site.origin}/a", LIMITS)


def test_dropped_connection_is_no_short_page(site, fetcher, reply):
    site.routes["/a"] = reply(b"<p>half", Content_Length="5000")
    with pytest.raises(SourceUnreachable, match="broke before the page was complete"):
        fetcher.fetch(f"{site.origin}/a", LIMITS)


def test_connection_closed_without_an_answer_is_unreachable(site, fetcher):
    site.routes["/a"] = lambda handler: handler.connection.shutdown(socket.SHUT_RDWR)
    with pytest.raises(SourceUnreachable, match="broke"):
        fetcher.fetch(f"{site.origin}/a", LIMITS)


def test_nobody_listening_is_unreachable():
    with socket.socket() as idle:
        idle.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{idle.getsockname()[1]}"
        with pytest.raises(SourceUnreachable, match="No connection"):
            Fetcher(allowed_hosts={host}).fetch(f"http://{host}/", LIMITS)


def _hang(site):
    return lambda _handler: site.closing.wait(30)


def _trickle_headers(site):
    def answer(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        while not site.closing.wait(0.05):
            handler.wfile.write(b"x")
            handler.wfile.flush()

    return answer


def _trickle_body(site):
    def answer(handler):
        handler.send_response(200)
        handler.end_headers()
        while not site.closing.wait(0.05):
            handler.wfile.write(b"x")
            handler.wfile.flush()

    return answer


@pytest.mark.parametrize("behaviour", [_hang, _trickle_headers, _trickle_body])
def test_server_that_takes_its_time_is_left_at_the_total_limit(site, behaviour):
    site.routes["/a"] = behaviour(site)
    started = time.monotonic()
    with pytest.raises(SourceUnreachable, match=r"within 0\.4 s"):
        Fetcher(allowed_hosts={site.host}, timeout_seconds=0.4).fetch(f"{site.origin}/a", LIMITS)
    assert 0.35 < time.monotonic() - started < 2


def test_total_limit_spans_redirects(site, reply):
    def slow(target):
        def answer(handler):
            time.sleep(0.25)
            reply(status=302, Location=target)(handler)

        return answer

    site.routes |= {f"/{hop}": slow(f"/{hop + 1}") for hop in range(5)} | {"/5": reply(b"x")}
    with pytest.raises(SourceUnreachable, match=r"within 0\.6 s"):
        Fetcher(allowed_hosts={site.host}, timeout_seconds=0.6).fetch(f"{site.origin}/0", LIMITS)


def test_slow_name_server_is_left_at_the_total_limit():
    asleep = threading.Event()

    def resolver(_host, _port):
        asleep.wait(30)
        return [PUBLIC]

    started = time.monotonic()
    with pytest.raises(SourceUnreachable, match=r"within 0\.3 s"):
        Fetcher(resolver=resolver, network=NoNetwork(), timeout_seconds=0.3).fetch("http://news.example/", LIMITS)
    asleep.set()
    assert time.monotonic() - started < 2


def test_unknown_name_is_unreachable_and_says_so():
    def resolver(_host, _port):
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(SourceUnreachable, match=r"news\.example.*Name or service not known"):
        Fetcher(resolver=resolver).fetch("http://news.example/", LIMITS)


def test_redirects_are_followed_and_the_last_address_is_kept(site, fetcher, reply):
    site.routes["/a"] = reply(status=301, Location="b?x=1")
    site.routes["/b?x=1"] = reply(status=307, Location=f"{site.origin}/c#end")
    site.routes["/c"] = reply(b"x")
    assert fetcher.fetch(f"{site.origin}/a", LIMITS).url == f"{site.origin}/c"


def test_five_redirects_are_followed_and_six_are_not(site, fetcher, reply):
    site.routes |= {f"/{hop}": reply(status=302, Location=f"/{hop + 1}") for hop in range(6)} | {"/6": reply(b"x")}
    assert fetcher.fetch(f"{site.origin}/1", LIMITS).content == b"x"
    with pytest.raises(SourceRefused, match="more than 5 times"):
        fetcher.fetch(f"{site.origin}/0", LIMITS)


def test_redirect_circle_is_refused(site, fetcher, reply):
    site.routes["/a"] = reply(status=302, Location="/b")
    site.routes["/b"] = reply(status=302, Location="/a")
    with pytest.raises(SourceRefused, match="in a circle"):
        fetcher.fetch(f"{site.origin}/a", LIMITS)
    assert len(site.requests) == 2


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1:1/", "http://localhost/", "http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[::1]/",
     "http://[::ffff:127.0.0.1]/", "http://0.0.0.0/", "http://2130706433/", "http://0x7f.1/", "//192.168.0.1/x", "file:///etc/passwd",
     "ftp://127.0.0.1/", "gopher://127.0.0.1/", "http://user:secret@news.example/", "http://news.example:22/", "http://a b/"],
)  # fmt: skip
def test_redirect_to_a_forbidden_address_is_refused_though_the_first_host_is_allowed(site, reply, target):
    network = NoNetwork()

    class FirstHopOnly(NoNetwork):
        def connect_tcp(self, host, port, *rest, **named):
            if f"{host}:{port}" == site.host:
                return httpcore.SyncBackend.connect_tcp(self, host, port, *rest, **named)
            return network.connect_tcp(host, port)

    site.routes["/a"] = reply(status=302, Location=target)
    fetcher = Fetcher(allowed_hosts={site.host}, network=FirstHopOnly(), timeout_seconds=5)
    with pytest.raises(SourceRefused) as raised:
        fetcher.fetch(f"{site.origin}/a", LIMITS)
    assert not network.asked
    assert "secret" not in str(raised.value)


def test_second_server_on_the_same_machine_is_not_reached_through_a_redirect(site, reply):
    other = type(site)()
    with other.running():
        other.routes["/secret"] = reply(b"internal")
        site.routes["/a"] = reply(status=302, Location=f"{other.origin}/secret")
        with pytest.raises(SourceRefused, match=r"loopback|port"):
            Fetcher(allowed_hosts={site.host}).fetch(f"{site.origin}/a", LIMITS)
        assert not other.requests
        assert Fetcher(allow_private_addresses=True).fetch(f"{site.origin}/a", LIMITS).content == b"internal"


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://10.1.2.3:8080/", "http://169.254.169.254/", "http://100.64.0.1/",
     "http://2130706433/", "http://017700000001/", "http://0/", "http://127.1/", "http://①②⑦.⓪.⓪.①/", "http://[64:ff9b::7f00:1]/",
     "http://good.example\\@127.0.0.1/", "http://me@news.example/", "ftp://news.example/", "http://", "http:///path", "http://x:99999/",
     "http://news.example:25/", "http://x\x00y/", "news.example"],
)  # fmt: skip
def test_forbidden_or_impossible_address_is_refused_without_a_connection(address):
    network = NoNetwork()
    with pytest.raises(SourceRefused):
        Fetcher(network=network).fetch(address, LIMITS)
    assert not network.asked


def test_host_with_one_private_address_among_public_ones_is_refused():
    network = NoNetwork()
    fetcher = Fetcher(resolver=lambda _host, _port: [PUBLIC, "192.168.1.10"], network=network)
    with pytest.raises(SourceRefused, match=r"192\.168\.1\.10, a private address"):
        fetcher.fetch("http://news.example/", LIMITS)
    assert not network.asked


def test_name_is_resolved_once_and_the_connection_goes_to_that_answer():
    """DNS rebinding: the name answers with a public address while it is checked and with loopback afterwards."""
    answers = [[PUBLIC], ["127.0.0.1"], ["127.0.0.1"]]
    network = NoNetwork()
    with pytest.raises(SourceUnreachable):
        Fetcher(resolver=lambda _host, _port: answers.pop(0), network=network).fetch("http://rebind.example/", LIMITS)
    assert network.asked == [(PUBLIC, 80)]
    assert len(answers) == 2


def test_the_name_is_never_handed_to_the_operating_system_for_the_connection(site, reply):
    """The pinned address is used even though the name does not exist outside of the resolver given."""
    site.routes["/a"] = reply(b"x")
    port = int(site.host.rpartition(":")[2])
    fetcher = Fetcher(resolver=lambda _host, _port: ["127.0.0.1"], allowed_hosts={f"rebind.invalid:{port}"})
    assert fetcher.fetch(f"http://rebind.invalid:{port}/a", LIMITS).content == b"x"
    assert site.requests[0][1]["Host"] == f"rebind.invalid:{port}"


@pytest.mark.parametrize("addresses", [["127.0.0.2", "127.0.0.1"], ["127.0.0.1", "127.0.0.2"]])
def test_addresses_of_a_host_are_tried_in_turn_until_one_answers(site, reply, addresses):
    site.routes["/a"] = reply(b"x")
    port = int(site.host.rpartition(":")[2])
    fetcher = Fetcher(resolver=lambda _host, _port: addresses, allowed_hosts={f"two.invalid:{port}"})
    assert fetcher.fetch(f"http://two.invalid:{port}/a", LIMITS).content == b"x"


def test_intranet_setting_opens_private_addresses_but_not_metadata_services(site, reply):
    site.routes["/a"] = reply(b"x")
    fetcher = Fetcher(allow_private_addresses=True, network=None)
    assert fetcher.fetch(f"{site.origin}/a", LIMITS).content == b"x"
    for address in ("http://169.254.169.254/", "http://[fd00:ec2::254]/", "http://0.0.0.0/", "http://224.0.0.1/"):
        with pytest.raises(SourceRefused):
            fetcher.fetch(address, LIMITS)


@pytest.fixture
def secure_site(site):
    """The same server behind TLS, with a certificate for news.example."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).parent / "news_example.pem")
    site.server.socket = context.wrap_socket(site.server.socket, server_side=True, do_handshake_on_connect=False)
    return site


def _secure_fetcher(host, *, trusted=True):
    context = ssl.create_default_context(cafile=Path(__file__).parent / "news_example.pem") if trusted else None
    return Fetcher(
        resolver=lambda _host, _port: ["127.0.0.1"], allowed_hosts={host}, ssl_context=context, timeout_seconds=5
    )


def test_certificate_is_checked_against_the_name_not_the_pinned_address(secure_site, reply):
    secure_site.routes["/a"] = reply(b"x")
    port = secure_site.server.server_port
    page = _secure_fetcher(f"news.example:{port}").fetch(f"https://news.example:{port}/a", LIMITS)
    assert page.content == b"x"
    with pytest.raises(SourceRefused, match="certificate that does not prove its name"):
        _secure_fetcher(f"other.example:{port}").fetch(f"https://other.example:{port}/a", LIMITS)


def test_unknown_certificate_is_refused(secure_site, reply):
    secure_site.routes["/a"] = reply(b"x")
    port = secure_site.server.server_port
    with pytest.raises(SourceRefused, match="certificate"):
        _secure_fetcher(f"news.example:{port}", trusted=False).fetch(f"https://news.example:{port}/a", LIMITS)


def test_plain_server_behind_an_https_address_is_unreachable(site):
    with pytest.raises(SourceUnreachable, match="No connection"):
        Fetcher(allowed_hosts={site.host}, timeout_seconds=5).fetch(f"https://{site.host}/", LIMITS)
