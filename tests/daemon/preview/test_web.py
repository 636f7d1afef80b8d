import asyncio
import socket
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import aiohttp
import numpy as np
import pytest
from multidict import CIMultiDict

from daemon.preview.server import Preview
from daemon.preview.web import Guard, is_loopback, listen
from daemon.settings.config import DaemonConfig
from daemon.settings.live import LiveSettings
from protocols.errors import FacewireError
from protocols.frame import Frame
from tests.peers.browser import browser, until

MINE = "127.0.0.1:8765"
LOCAL = Guard.of("127.0.0.1", 8765)
AWAY = Guard.of("0.0.0.0", 8765)


def serving(folder: Path, host: str) -> Iterator[Preview]:
    (folder / "takes").mkdir(exist_ok=True)
    config = DaemonConfig(preview_host=host, preview_port=0, takes=folder / "takes")
    preview = Preview(LiveSettings(config, folder / "config.yaml"))
    yield preview
    preview.close()


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Preview]:
    yield from serving(tmp_path, "127.0.0.1")


@pytest.fixture
def away(tmp_path: Path) -> Iterator[Preview]:
    yield from serving(tmp_path, "0.0.0.0")


async def status(
    preview: Preview, path: str, headers: dict[str, str] | None = None, *, method: str = "GET", token: str = ""
) -> int:
    url = f"http://127.0.0.1:{preview.spec.port}/{path}"
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, headers=headers, params={"token": token} if token else None) as response,
    ):
        return response.status


async def joins(preview: Preview, headers: dict[str, str] | None = None, query: str = "") -> int:
    """The status with which a websocket is answered; 101 where it comes to be."""
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"http://127.0.0.1:{preview.spec.port}/ws{query}", headers=headers),
        ):
            return 101
    except aiohttp.WSServerHandshakeError as error:
        return error.status


def raw(preview: Preview, request: bytes) -> bytes:
    """What comes back for the bytes of a request, until the server closes."""
    with socket.create_connection(("127.0.0.1", preview.spec.port)) as connection:
        connection.sendall(request)
        if not request.endswith(b"\r\n\r\n"):
            connection.shutdown(socket.SHUT_WR)  # nothing more will come
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
    return answer


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_loopback_is_this_machine_only(host: str) -> None:
    assert is_loopback(host)
    assert Guard.of(host, 1).token is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "studio.local", "127.0.0.1.evil.test"])
def test_any_other_address_wants_a_token(host: str) -> None:
    assert not is_loopback(host)
    first, second = Guard.of(host, 1).token, Guard.of(host, 1).token
    assert first != second
    assert first is not None
    assert len(first) >= 32


@pytest.mark.parametrize("host", [MINE, "localhost:8765", "LOCALHOST:8765", "[::1]:8765"])
def test_this_machines_names_are_let_in(host: str) -> None:
    assert LOCAL.refusal("GET", CIMultiDict({"Host": host}), None) is None
    own = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    assert LOCAL.refusal("POST", CIMultiDict(own), None) is None


@pytest.mark.parametrize("host", ["evil.test:8765", "127.0.0.1:8766", "127.0.0.1", "127.0.0.1:8765.evil.test", ""])
def test_any_other_name_is_refused(host: str) -> None:
    assert "127.0.0.1" in str(LOCAL.refusal("GET", CIMultiDict({"Host": host}), None))


def test_host_must_be_there_once() -> None:
    assert LOCAL.refusal("GET", CIMultiDict(), None)
    assert LOCAL.refusal("GET", CIMultiDict([("Host", MINE), ("Host", "evil.test")]), None)
    assert AWAY.refusal("GET", CIMultiDict([("Host", "a:1"), ("Host", "b:1")]), AWAY.token)


def test_port_80_is_left_out_by_browsers() -> None:
    assert Guard.of("127.0.0.1", 80).refusal("GET", CIMultiDict({"Host": "localhost"}), None) is None


@pytest.mark.parametrize(
    "origin", ["http://evil.test", "null", "https://127.0.0.1:8765", "http://127.0.0.1:3000", "http://localhost:8765"]
)
def test_another_origin_is_refused(origin: str) -> None:
    for guard in (LOCAL, AWAY):
        headers = CIMultiDict({"Host": MINE, "Origin": origin})
        assert "another web page" in str(guard.refusal("GET", headers, guard.token))


@pytest.mark.parametrize("site", ["cross-site", "same-site", "made-up"])
def test_another_page_may_lead_here_but_take_nothing(site: str) -> None:
    def refused(method: str, mode: str, into: str) -> str | None:
        fetch = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": into}
        return LOCAL.refusal(method, CIMultiDict({"Host": MINE} | fetch), None)

    assert refused("GET", "no-cors", "image")
    assert refused("GET", "cors", "empty")
    assert refused("GET", "websocket", "websocket")
    assert refused("GET", "navigate", "iframe")
    assert refused("POST", "navigate", "document")
    assert refused("GET", "navigate", "document") is None


@pytest.mark.parametrize(
    "token",
    [None, "", "x", "ä", "\udc80", f"{AWAY.token}x"],
    ids=["none", "empty", "short", "not ASCII", "broken", "longer"],
)
def test_the_token_must_be_the_right_one(token: str | None) -> None:
    headers = CIMultiDict({"Host": "studio.local:8765"})
    assert "?token=" in str(AWAY.refusal("GET", headers, token))
    assert AWAY.refusal("GET", headers, AWAY.token) is None


def test_the_page_and_its_files_are_served_with_headers_that_confine_them(local: Preview) -> None:
    async def everything() -> None:
        async with aiohttp.ClientSession() as session:
            for path, code, kind in (
                ("", 200, "text/html"),
                ("names.js", 200, "text/javascript"),
                ("static/link.js", 200, "application/javascript"),
                ("static/none.js", 404, "application/octet-stream"),
                ("none", 404, "text/plain"),
                ("head.bin", 404, "text/plain"),
                ("ws", 400, "text/plain"),
            ):
                async with session.get(local.url + path) as response:
                    assert (path, response.status, response.content_type) == (path, code, kind)
                    assert "default-src 'self'" in response.headers["Content-Security-Policy"]
                    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
                    assert response.headers["X-Content-Type-Options"] == "nosniff"
                    assert response.headers["Referrer-Policy"] == "no-referrer"
                    assert response.headers["Cache-Control"] == "no-cache"
                    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
                    assert "Set-Cookie" not in response.headers

    asyncio.run(everything())


def test_what_is_hostile_is_refused_over_the_wire(local: Preview) -> None:
    mine = f"http://127.0.0.1:{local.spec.port}"
    assert asyncio.run(status(local, "", {"Host": "evil.test"})) == 403
    assert asyncio.run(status(local, "takes", {"Sec-Fetch-Site": "cross-site"})) == 403
    assert asyncio.run(status(local, "take?name=a.csv", {"Origin": "http://evil.test"}, method="POST")) == 403
    assert asyncio.run(status(local, "take?name=a.csv", {"Origin": mine}, method="POST")) == 400  # no take in it
    assert asyncio.run(joins(local, {"Origin": "http://evil.test"})) == 403
    assert asyncio.run(joins(local, {"Host": f"evil.test:{local.spec.port}"})) == 403
    assert asyncio.run(joins(local, {"Origin": mine})) == 101
    assert asyncio.run(joins(local)) == 101
    assert asyncio.run(status(local, "", method="POST")) == 405


@pytest.mark.parametrize(
    "path",
    [
        "/static/../web.py",
        "/static/%2e%2e/web.py",
        "/static/..%2fweb.py",
        "/static/..%5cweb.py",
        "/static//etc/passwd",
        "/static/%2fetc/passwd",
        "/static/drawn/../../web.py",
        "/static/",
        "/static/drawn",
        "/static/%00",
        "/static/\xff",
        "/takes/../config.yaml",
        "/takes/..%2fconfig.yaml",
        "/takes/%2e%2e%2fconfig.yaml/sound",
        "/takes/config.yaml",
        "//evil.test/%2e%2e",
        "*",
        "/" + "a" * 9000,
    ],
)
def test_odd_paths_lead_nowhere(path: str, local: Preview, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("seed: 4321\n", encoding="utf-8")
    host = f"Host: 127.0.0.1:{local.spec.port}\r\n"
    answer = raw(local, f"GET {path} HTTP/1.1\r\n{host}Connection: close\r\n\r\n".encode("latin-1"))
    assert answer.split()[1] in (b"400", b"403", b"404"), answer[:200]
    assert b"Guard" not in answer
    assert b"4321" not in answer
    assert b"root:" not in answer


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n",
        b"GET http://127.0.0.1/ HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1:1\r\nHost: evil.test\r\nConnection: close\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nHost",
        b"GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"",
    ],
)
def test_odd_requests_get_no_page_and_leave_no_trace_in_the_log(
    request_: bytes, local: Preview, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG", "daemon"):
        answer = raw(local, request_)
        assert not answer.startswith((b"HTTP/1.1 2", b"HTTP/1.0 2"))
        assert asyncio.run(status(local, "")) == 200
    assert [record.name for record in caplog.records if record.name != "asyncio"] == []


def test_elsewhere_the_address_with_its_token_opens_the_page_and_its_cookie_the_rest(away: Preview) -> None:
    token = away.url.partition("?token=")[2]

    async def visit() -> None:
        # The client keeps no cookies of bare addresses unless it is told to.
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            base = f"http://127.0.0.1:{away.spec.port}/"
            for path in ("", "?token=wrong", "names.js", "static/link.js", "takes", "ws", f"names.js?token={token}x"):
                async with session.get(base + path) as response:
                    assert (path, response.status) == (path, 403)
                    assert "Set-Cookie" not in response.headers
            async with session.get(f"{base}?token={token}") as response:
                assert response.status == 200
                cookie = response.headers["Set-Cookie"]
                assert "HttpOnly" in cookie
                assert "SameSite=Strict" in cookie
            for path in ("", "names.js", "static/link.js", "takes"):
                async with session.get(base + path) as response:
                    assert (path, response.status) == (path, 200)
            async with session.ws_connect(base + "ws", headers={"Origin": base.rstrip("/")}):
                pass

    asyncio.run(visit())
    assert asyncio.run(status(away, "takes", {"Cookie": f"facewire_{away.spec.port}=wrong"})) == 403
    assert asyncio.run(status(away, "takes", token=token)) == 200
    assert asyncio.run(status(away, "takes", {"Host": "studio.local"}, token=token)) == 200
    assert asyncio.run(joins(away)) == 403
    assert asyncio.run(joins(away, query=f"?token={token}")) == 101
    assert asyncio.run(joins(away, {"Origin": "http://evil.test"}, query=f"?token={token}")) == 403


def test_the_address_that_is_printed_can_be_opened(local: Preview, away: Preview) -> None:
    assert local.url == f"http://127.0.0.1:{local.spec.port}/"
    host = away.url.removeprefix("http://").partition(":")[0]
    assert host != "0.0.0.0"

    async def opened() -> int:
        async with aiohttp.ClientSession() as session, session.get(away.url) as response:
            return response.status

    assert asyncio.run(opened()) == 200


@pytest.mark.slow
def test_a_browser_runs_the_page_within_its_confines(local: Preview, away: Preview) -> None:
    with browser() as chromium:
        for preview in (local, away):
            preview.introduce({"phase": "live", "fps": 30})
            page = chromium.new_page()
            complaints: list[str] = []
            page.on("console", lambda said, told=complaints: told.append(said.text) if said.type == "error" else None)
            page.on("pageerror", lambda error, told=complaints: told.append(str(error)))
            page.goto(preview.url)
            page.wait_for_selector("[data-state=open]", state="attached")
            preview.send(Frame(0, Fraction(30), 0, np.zeros(52)))
            until(page, "window.facewire?.frames > 0")
            assert complaints == []
            assert page.evaluate("document.cookie") == ""  # no script sees the token's


def test_a_port_in_use_is_told_with_a_way_out(local: Preview) -> None:
    with pytest.raises(FacewireError, match=f"{local.spec.port} is in use.*--preview-port"):
        listen("127.0.0.1", local.spec.port)


@pytest.mark.parametrize("host", ["192.0.2.55", "no such host"])
def test_an_address_that_is_not_ours_is_told(host: str) -> None:
    with pytest.raises(FacewireError, match=f"{host}.*--preview-host 127.0.0.1"):
        listen(host, 0)
