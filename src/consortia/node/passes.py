"""Who may look at the console: whoever holds a pass that the home's own token made, on this machine alone.

`consortia console` prints an address with a ticket; opening it shows the first page and gives the browser a
session, a cookie that opens what can be read and nothing that can be done. Both are `EXPIRES.MAC` with UTC
milliseconds and HMAC-SHA256 under the home's token, so they end with the node's run at the latest.
"""

import hashlib
import hmac

from consortia.base.times import HOUR

COOKIE = "consortia-console"
TICKET_MILLISECONDS = HOUR
SESSION_MILLISECONDS = 12 * HOUR


def ticket(token: str, now: int) -> str:
    """A ticket that opens the console within an hour of `now`, in UTC milliseconds."""
    return _made(token, "ticket", now + TICKET_MILLISECONDS)


def session(token: str, now: int) -> str:
    """What the cookie of a session holds."""
    return _made(token, "session", now + SESSION_MILLISECONDS)


def is_ticket(token: str, text: str, now: int) -> bool:
    """Whether `text` is a ticket made with this token, and not over."""
    return _holds(token, "ticket", text, now)


def is_session(token: str, text: str, now: int) -> bool:
    """Whether `text` is a session made with this token, and not over."""
    return _holds(token, "session", text, now)


def session_of(header: str) -> str:
    """The session in a Cookie header, empty where there is none (RFC 6265, section 4.2.1).

    Anybody may send such a header, of any length; the library's reader takes the square of it in time.
    """
    pairs = (pair.strip().partition("=") for pair in header.split(";"))
    return next((value for name, _, value in pairs if name == COOKIE), "")


def way_in(url: str, token: str, now: int) -> str:
    """The address that opens the console of the node at `url`."""
    return f"{url}/console/enter?ticket={ticket(token, now)}"


def _made(token: str, kind: str, expires: int) -> str:
    mac = hmac.new(token.encode(), f"consortia/console/{kind}/{expires}".encode(), hashlib.sha256)
    return f"{expires}.{mac.hexdigest()}"


def _holds(token: str, kind: str, text: str, now: int) -> bool:
    expires = text.partition(".")[0]
    if not (expires.isascii() and expires.isdecimal() and len(expires) <= 16) or int(expires) <= now:
        return False
    return hmac.compare_digest(_made(token, kind, int(expires)).encode(), text.encode())
