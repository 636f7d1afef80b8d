"""Access control for the preview's server, and the headers of its answers.

On this machine's own addresses (loopback) the Host header must name one of them, which stops web pages elsewhere that
point their own name at 127.0.0.1 (DNS rebinding). On any other address every request needs a random token. On both,
requests by other web pages are recognised by their Origin and Sec-Fetch headers, and refused.
"""

import errno
import hmac
import ipaddress
import logging
import secrets
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from aiohttp import web
from multidict import MultiMapping

from daemon.preview.connections import Connections, Handler
from protocols.blendshapes import NAMES
from protocols.errors import FacewireError

ANYWHERE: Final = ("0.0.0.0", "::")
HTTP_PORT: Final = 80  # which browsers leave out of the Host header
PAGE: Final = Path(__file__).parent / "page"
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob: data:; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
    "Server": "facewire",
}

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Guard:
    """Decides which requests are answered."""

    hosts: frozenset[str] | None
    """The accepted Host headers; None accepts any, since the token decides."""
    token: str | None
    """Needed in the query or the cookie of every request; None if no token is needed."""
    cookie: str
    """The cookie's name. Browsers keep cookies per host, not per port, so two servers need two names."""

    @classmethod
    def of(cls, host: str, port: int) -> Self:
        """The guard of a server that listens on this address and port."""
        cookie = f"facewire_{port}"
        if not is_loopback(host):
            return cls(None, secrets.token_urlsafe(), cookie)
        names = {f"[{host}]" if ":" in host else host, "127.0.0.1", "localhost", "[::1]"}
        with_port = {f"{name}:{port}" for name in names}
        return cls(frozenset(with_port | names if port == HTTP_PORT else with_port), None, cookie)

    def refusal(self, method: str, headers: MultiMapping[str], token: str | None) -> str | None:
        """Why a request with this token is refused, in plain words; None if it is accepted."""
        hosts = headers.getall("Host", [])
        if len(hosts) != 1 or (self.hosts is not None and hosts[0].lower() not in self.hosts):
            return "open this page at 127.0.0.1, localhost or [::1], with its port"
        if any(origin.lower() != f"http://{hosts[0].lower()}" for origin in headers.getall("Origin", [])):
            return "another web page may not use this server"
        if headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin") and not _opens_a_page(method, headers):
            return "another web page may not use this server"
        if self.token is not None and not hmac.compare_digest(_bytes(token or ""), _bytes(self.token)):
            return "open the address that facewire printed, with its ?token=…"
        return None


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises FacewireError, with what to try, if there cannot be one."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise FacewireError(
                f"preview: port {port} is in use, perhaps by another facewire; "
                f"try --preview-port {port + 1 if port < 65_535 else port - 1}, or 0 for any that is free"
            ) from None
        raise FacewireError(
            f"preview: cannot listen on {host}:{port} ({error}); try --preview-host 127.0.0.1"
        ) from None


def seen(host: str) -> str:
    """The host for use in a URL; for a server on all addresses, one at which others can reach it."""
    if host in ANYWHERE:
        family, elsewhere = (socket.AF_INET6, "2001:db8::1") if ":" in host else (socket.AF_INET, "192.0.2.1")
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))  # sends nothing
            host = probe.getsockname()[0]
    return f"[{host}]" if ":" in host else host


def application(guard: Guard, connections: Connections, routes: Iterable[web.RouteDef]) -> web.Application:
    """The page, its files and these routes, behind the guard."""
    app = web.Application(middlewares=[connections.middleware, _guarded(guard)])
    app.on_response_prepare.append(_add_headers)
    app.router.add_get("/", _index)
    app.router.add_get("/names.js", _names)
    app.router.add_static("/static", PAGE)
    app.router.add_routes(routes)
    return app


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _opens_a_page(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a person follows a link to the page, which shows nothing to the page with the link."""
    return (
        method == "GET" and headers.get("Sec-Fetch-Mode") == "navigate" and headers.get("Sec-Fetch-Dest") == "document"
    )


def _guarded(guard: Guard) -> Callable[..., Awaitable[web.StreamResponse]]:
    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.query.get("token")
        reason = guard.refusal(request.method, request.headers, given or request.cookies.get(guard.cookie))
        if reason is not None:
            return web.Response(status=403, text=reason)
        try:
            response = await handler(request)
        except FacewireError as error:
            return web.Response(status=400, text=str(error))
        except (web.HTTPException, ConnectionError):
            raise
        except Exception:
            _LOG.exception("the preview failed at %s %s", request.method, request.path)
            return web.Response(status=500, text="something went wrong; see facewire's log")
        if guard.token is not None and given and request.path == "/":
            # Requests for the page's modules and styles have no token in the URL, but the cookie.
            response.set_cookie(guard.cookie, guard.token, httponly=True, samesite="Strict")
        return response

    return middleware


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


async def _index(_request: web.Request) -> web.FileResponse:
    return web.FileResponse(PAGE / "index.html")


async def _names(_request: web.Request) -> web.Response:
    names = ", ".join(f'"{name}"' for name in NAMES)
    return web.Response(text=f"export const NAMES = [{names}];\n", content_type="text/javascript")
