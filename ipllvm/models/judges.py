"""Judges: a language model by name, or an endpoint that speaks OpenAI's protocol, only where one is given."""

import json
import os
import time
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from ipllvm.errors import NotMeasured, UsageError
from ipllvm.models import endpoint
from ipllvm.models.endpoint import KEY as KEY
from ipllvm.models.text import LanguageModel
from ipllvm.records import Judge
from ipllvm.registry import JUDGES
from ipllvm.safety import reading

TIMEOUT = 60.0
"""Seconds for a reply, all of it."""
REPLY_BYTES = reading.MIB
MAX_NEW_TOKENS = 8


class LocalJudge:
    """A language model behind an embedded name, a folder or a hub id, asked greedily."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self.identity = model.name

    def ask(self, prompt: str) -> str:
        """See the interface."""
        return self._model.reply(prompt, MAX_NEW_TOKENS)


class Endpoint:
    """`URL#MODEL`: URL/chat/completions is asked for MODEL at temperature 0. Raises UsageError."""

    def __init__(self, address: str) -> None:
        found = endpoint.parse(address)
        self._url, self._model = found.url, found.model
        self.identity = address

    def ask(self, prompt: str) -> str:
        """See the interface."""
        asked = {"model": self._model, "temperature": 0, "max_tokens": MAX_NEW_TOKENS}
        body = json.dumps({**asked, "messages": [{"role": "user", "content": prompt}]}).encode()
        headers = {"Content-Type": "application/json"}
        if key := os.environ.get(KEY):
            headers["Authorization"] = f"Bearer {key}"
        request = Request(f"{self._url}/chat/completions", body, headers)
        try:
            found = reading.json_value(_content(request))
            said = found["choices"][0]["message"]["content"]
            if not isinstance(said, str):
                raise TypeError("its content is no text")
            return said
        except HTTPError as error:
            error.close()
            raise NotMeasured(f"the judge {self.identity} gave no reply (HTTP status {error.code})") from None
        except (HTTPException, URLError, OSError, ValueError, LookupError, TypeError) as error:
            raise NotMeasured(f"the judge {self.identity} gave no reply ({type(error).__name__})") from None


class _Nowhere(HTTPRedirectHandler):
    """Follows no redirect: the key and the question are for the host that was named."""

    def redirect_request(self, *_: Any) -> None:
        """None, which makes an error of the redirect's status."""


def _content(request: Request) -> bytes:
    """The body of the reply; raises TimeoutError and Refused where it takes too long, or too much room."""
    until, body = time.monotonic() + TIMEOUT, b""
    with build_opener(_Nowhere).open(request, timeout=TIMEOUT) as answer:
        while part := answer.read1(1 << 16):
            body += part
            if len(body) > REPLY_BYTES:
                raise reading.Refused(f"more than {REPLY_BYTES:,} bytes")
            if time.monotonic() > until:
                raise TimeoutError
    return body


def load(name: str, *, device: str = "auto", dtype: str = "auto", offline: bool = False) -> Judge:
    """The judge of that name; raises UsageError, UnknownName and ModelUnavailable, in one line."""
    if name in JUDGES:
        made: Judge = JUDGES.load(name)()
        return made
    if "://" not in name:
        return LocalJudge(LanguageModel(name, device=device, dtype=dtype, offline=offline))
    if offline:
        raise UsageError(f"--judge {name}: an endpoint can't be asked with --offline; name a local model")
    return Endpoint(name)
