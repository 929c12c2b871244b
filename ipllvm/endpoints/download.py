"""A small file from an address that the project names, within limits."""

import time

import httpx2

from ipllvm.endpoints.failures import broken, unreached
from ipllvm.safety import reading

SECONDS = 30.0


def content(url: str, limit: int = reading.MIB, seconds: float = SECONDS) -> bytes:
    """What is there; raises OSError, in one line, where it can't be had, is too large or takes too long."""
    until, body = time.monotonic() + seconds, b""
    headers = {"Accept-Encoding": "identity"}
    try:
        with httpx2.stream("GET", url, headers=headers, timeout=seconds) as response:
            if response.status_code != httpx2.codes.OK:
                raise OSError(f"HTTP status {response.status_code}")
            for part in response.iter_raw():
                body += part
                if len(body) > limit:
                    raise OSError(f"it has more than {limit:,} bytes")
                if time.monotonic() > until:
                    raise OSError(f"it takes more than {seconds:g} s")
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise OSError(_why(error)) from None
    return body


def _why(error: Exception) -> str:
    """Why nothing came, in words."""
    if isinstance(error, httpx2.TimeoutException):
        return "it does not answer in time"
    return unreached(error) if isinstance(error, httpx2.ConnectError) else broken(error)
