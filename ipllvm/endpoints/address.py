"""The address of an endpoint that answers questions, as it may be named: without a key in it.

Imports neither torch nor a client: an address is checked before anything is measured.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from ipllvm.errors import UsageError

KEYS = ("IPLLVM_JUDGE_KEY", "OPENAI_API_KEY")
"""The environment variables that a judge's key is read from, the first that is set: its only places."""
BASES = ("OPENAI_BASE_URL", "OPENAI_API_BASE", "OPENAI_API_URL")
"""Those that say where `#MODEL` is."""
_PATH = "/chat/completions"
_SECRET = re.compile(r"key|token|secret|passw|auth|sig|credential", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"(sk|pk|hf|gsk|xai)[-_][\w-]{3,}|AIza[\w-]+|eyJ[\w.-]{8,}")


@dataclass(frozen=True, slots=True)
class EndpointAddress:
    """`url` is asked for `model`, without `/chat/completions` at its end."""

    url: str
    model: str

    def __str__(self) -> str:
        return f"{self.url}#{self.model}"

    @property
    def chat(self) -> str:
        """Where questions are sent."""
        return self._with(_PATH)

    @property
    def models(self) -> str:
        """Where most servers list their models."""
        return self._with("/models")

    def _with(self, path: str) -> str:
        url, mark, query = self.url.partition("?")
        return f"{url}{path}{mark}{query}"


def parse(address: str, option: str = "judge") -> EndpointAddress:
    """The two parts of `URL#MODEL` or `URL/chat/completions#MODEL`; `#MODEL` is at $OPENAI_BASE_URL.

    Raises UsageError, which names the option and does not repeat an address that holds a key.

    >>> parse("http://localhost:8000/v1#judge")
    EndpointAddress(url='http://localhost:8000/v1', model='judge')
    >>> parse("https://host/v1/chat/completions#judge").url
    'https://host/v1'
    """
    url, _, model = address.partition("#")
    if not url and model:
        url = _base(option)
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # half a bracket, a port that is none
        named = False
    printable = url.isprintable() and model.isprintable() and " " not in url
    if not named or parts.scheme not in ("http", "https") or not model or not printable:
        safe = "@" not in url and not _holds_key(url, url.partition("?")[2])
        raise UsageError(f"--{option}{f' {address}' * safe}: an endpoint is written URL#MODEL")
    if "@" in parts.netloc or _holds_key(url, parts.query):
        raise UsageError(
            f"--{option}: a key in the address would be written into reports; put it into ${KEYS[-1]}"
        )
    path, mark, query = url.partition("?")
    return EndpointAddress(path.rstrip("/").removesuffix(_PATH) + mark + query, model)


def credentials(variables: Sequence[str] = KEYS) -> str:
    """Which of the environment variables gives the key, in words."""
    name = next((name for name in variables if os.environ.get(name, "").strip()), None)
    return f"key from ${name}" if name else "no key"


def key(variables: Sequence[str] = KEYS) -> str | None:
    """The key in the first of the environment variables that holds one."""
    return next((found for name in variables if (found := os.environ.get(name, "").strip())), None)


def without_keys(text: str, secret: str | None = None) -> str:
    """`text` without the key `secret` and without what looks like one.

    >>> without_keys("Incorrect API key provided: sk-abcdef, see docs", None)
    'Incorrect API key provided: [key], see docs'
    """
    return _SECRET_VALUE.sub("[key]", text.replace(secret, "[key]") if secret else text)


def _holds_key(url: str, query: str) -> bool:
    return bool(_SECRET_VALUE.search(url)) or any(_SECRET.search(name) for name, _ in parse_qsl(query))


def _base(option: str) -> str:
    """Where the environment says that models are; raises UsageError where it does not."""
    found = next((url for name in BASES if (url := os.environ.get(name, "").strip())), None)
    if found is None:
        raise UsageError(f"--{option} #MODEL: ${BASES[0]} is not set; else an endpoint is written URL#MODEL")
    return found
