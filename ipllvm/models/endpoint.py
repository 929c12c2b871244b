"""The address of an endpoint that answers questions, as it may be named: without a key in it.

Imports neither torch nor a client: an address is checked before anything is measured.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from ipllvm.errors import UsageError

KEY = "IPLLVM_JUDGE_KEY"
"""The environment variable that an endpoint's key is read from, and the only place for one."""
_SECRET = re.compile(r"key|token|secret|passw|auth|sig|credential", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"(sk|pk|hf|gsk|xai)[-_][\w-]{3,}|AIza[\w-]+|eyJ[\w.-]{8,}")


@dataclass(frozen=True, slots=True)
class Address:
    """`url` is asked for `model`."""

    url: str
    model: str


def parse(address: str) -> Address:
    """The two parts of `URL#MODEL`; raises UsageError, without repeating an address that holds a key.

    >>> parse("http://localhost:8000/v1#judge")
    Address(url='http://localhost:8000/v1', model='judge')
    """
    url, _, model = address.partition("#")
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # half a bracket, a port that is none
        named = False
    if not named or parts.scheme not in ("http", "https") or not model or not url.isprintable() or " " in url:
        raise UsageError(f"--judge {'' if '@' in url else address}: an endpoint is written URL#MODEL")
    if (
        "@" in parts.netloc
        or _SECRET_VALUE.search(url)
        or any(_SECRET.search(n) for n, _ in parse_qsl(parts.query))
    ):
        raise UsageError(f"--judge: a key in the address would be written into reports; put it into ${KEY}")
    return Address(url.rstrip("/"), model)
