"""Why a request came to nothing, and what that means for the next one."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2

from ipllvm.endpoints.address import without_keys
from ipllvm.errors import first_line
from ipllvm.safety import reading

LATER = frozenset({408, 409, 425, 429, *range(500, 600)}) - {501, 505}
"""Statuses behind which the same request may do."""
GONE = {
    401: "the key is missing or wrong",
    402: "the account has no credit",
    403: "the key is not allowed this",
    404: "there is no such address or no such model",
}
"""Statuses that every further request would meet."""
UNFIT = (400, 422)
QUOTA = "insufficient_quota"


@dataclass(eq=False)
class Transient(Exception):
    """The same request may do later: `after` seconds if the server says so.

    `tries` is how many times in all are enough; `dead` says that nothing behind it will do either.
    """

    reason: str
    after: float | None = None
    tries: int | None = None
    dead: bool = False


@dataclass(eq=False)
class Permanent(Exception):
    """The same request will not do; `dead` as in `Transient`."""

    reason: str
    dead: bool = False


@dataclass(eq=False)
class Unfit(Exception):
    """The request is not as the endpoint takes it; `message` is why, in its words."""

    reason: str
    message: str


def of_status(
    response: httpx2.Response, body: bytes, key: str | None, longest: float
) -> Transient | Permanent | Unfit:
    """What a status that is not 200 means; more than `longest` seconds are not waited for."""
    status = response.status_code
    reason = f"HTTP status {status}"
    if status in GONE:
        return Permanent(f"{reason}: {GONE[status]}", dead=True)
    if 300 <= status < 400:
        return Permanent(f"{reason}: it redirects, which is not followed", dead=True)
    message = without_keys(_said(body), key)
    full = f"{reason}: {message}" if message else reason
    if status in UNFIT:
        return Unfit(full, message)
    if QUOTA in message or status not in LATER:
        return Permanent(full, dead=QUOTA in message)
    after = _seconds(response.headers.get("retry-after"))
    if after is not None and after > longest:
        return Permanent(f"{reason}: it asks to be left alone for {after:.0f} s", dead=True)
    return Transient(full, after)


def unreached(error: Exception) -> str:
    """Why nothing could be sent: refused, no such host, a certificate that is not trusted."""
    why = without_keys(first_line(error))
    return f"it can't be reached: {why}" if str(error).strip() else "it can't be reached"


def broken(error: Exception) -> str:
    """What became of a request that was sent and came to no whole response.

    >>> broken(httpx2.RemoteProtocolError("Server disconnected without sending a response."))
    'it closed the connection before its reply was whole'
    >>> broken(httpx2.RemoteProtocolError("illegal status line: bytearray(b'GARBAGE')"))
    'what it sends is not HTTP: is a server of the chat protocol there?'
    """
    if isinstance(error, httpx2.UnsupportedProtocol | httpx2.InvalidURL):
        return f"its address can't be asked: {first_line(error)}"
    closed = any(word in str(error) for word in ("disconnected", "closed", "reset"))
    if isinstance(error, httpx2.ProtocolError) and not closed:
        return "what it sends is not HTTP: is a server of the chat protocol there?"
    return "it closed the connection before its reply was whole"


def _said(body: bytes) -> str:
    """The message of an error as these servers write it; empty where there is none."""
    try:
        return message_of(reading.json_value(body))
    except reading.Refused:
        return ""


def message_of(value: object) -> str:
    """The message of an error that a body holds, in one line; empty where there is none."""
    error = value.get("error", value) if isinstance(value, dict) else None
    if isinstance(error, str):
        return first_line(error)[:200]
    if not isinstance(error, dict):
        return ""
    texts = [error.get(name) for name in ("code", "message", "detail")]
    found = [text if isinstance(text, str) else str(text) for text in texts if text]
    return first_line(": ".join(found))[:300] if found else ""


def _seconds(header: str | None) -> float | None:
    """What Retry-After says: a number of seconds, or a date, from now on; None where it is neither.

    >>> _seconds("1.5"), _seconds("Thu, 01 Jan 1970 00:00:00 GMT"), _seconds("-1"), _seconds("soon")
    (1.5, 0.0, None, None)
    """
    try:
        seconds = float(header or "")
    except ValueError:
        return _until(header or "")
    return seconds if 0 <= seconds < float("inf") else None


def _until(date: str) -> float | None:
    try:
        then = parsedate_to_datetime(date)
    except (ValueError, OverflowError):  # a year or an offset that no date has
        return None
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return max((then - datetime.now(UTC)).total_seconds(), 0.0)
