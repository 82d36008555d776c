"""Who may speak to the server: only pages that it has served itself, on this machine, with the token that was printed.

Other programs of this machine could reach a port of it, and so can pages of the internet through the user's browser: by
sending blind requests (no token, another origin), or by a name that suddenly stands for 127.0.0.1 (another host).
"""

import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from errors import UserError

HOSTS = ("127.0.0.1", "localhost")  # by any port: a tunnel to another machine may have one of its own
TOKEN_HEADER = "X-Nadir-Token"
GUARDED = "/api/"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Refused(Exception):
    """A request that is not answered: status and one sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def new_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(32)


def front_door(token: str) -> Middleware:
    """A middleware that lets nobody else in, and turns what went wrong into one sentence."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            check(request, token)
            response = await handler(request)
        except Refused as refused:
            response = sentence(refused.status, str(refused))
        except UserError as error:
            response = sentence(422, str(error))
        except web.HTTPException as error:
            response = sentence(error.status, error.reason)
        response.headers.update(HEADERS)
        return response

    return guard


def check(request: web.Request, token: str) -> None:
    """Look at who asks.

    Raises:
        Refused: another host or origin, or, below `/api/`, not the token.
    """
    host = request.headers.get("Host", "")
    if host.partition(":")[0].lower() not in HOSTS:
        raise Refused(403, f"this server is no {host or 'nameless host'}; expected http://127.0.0.1")
    origin = request.headers.get("Origin")
    if origin is not None and origin.lower() != f"http://{host.lower()}":
        raise Refused(403, f"a page of {origin} may not ask here")
    given = request.headers.get(TOKEN_HEADER, "").encode("utf-8", "surrogateescape")
    if request.path.startswith(GUARDED) and not secrets.compare_digest(given, token.encode()):
        raise Refused(
            401, "the token is missing or of another call; open the address that the command printed"
        )


def sentence(status: int, message: str) -> web.Response:
    """An answer that says what is wrong."""
    return web.json_response({"message": message}, status=status)
