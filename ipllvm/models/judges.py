"""Judges: a language model by name, or an endpoint that speaks OpenAI's protocol, only where one is given."""

import json
import os
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from ipllvm.errors import NotMeasured, UsageError
from ipllvm.models.text import LanguageModel

KEY = "IPLLVM_JUDGE_KEY"
"""The environment variable that an endpoint's key is read from."""
TIMEOUT = 60.0
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
        self._url, _, self._model = address.partition("#")
        if urlsplit(self._url).scheme not in ("http", "https") or not self._model:
            raise UsageError(f"--judge {address}: an endpoint is written URL#MODEL")
        self.identity = address

    def ask(self, prompt: str) -> str:
        """See the interface."""
        asked = {"model": self._model, "temperature": 0, "max_tokens": MAX_NEW_TOKENS}
        body = json.dumps({**asked, "messages": [{"role": "user", "content": prompt}]}).encode()
        headers = {"Content-Type": "application/json"}
        if key := os.environ.get(KEY):
            headers["Authorization"] = f"Bearer {key}"
        request = Request(f"{self._url.rstrip('/')}/chat/completions", body, headers)
        try:
            with urlopen(request, timeout=TIMEOUT) as answer:
                found: Any = json.load(answer)
            return str(found["choices"][0]["message"]["content"])
        except (URLError, OSError, ValueError, LookupError, TypeError) as error:
            raise NotMeasured(f"the judge {self.identity} gave no reply ({type(error).__name__})") from error


def load(
    name: str, *, device: str = "auto", dtype: str = "auto", offline: bool = False
) -> LocalJudge | Endpoint:
    """The judge of that name; raises UsageError, UnknownName and ModelUnavailable, in one line."""
    if "://" not in name:
        return LocalJudge(LanguageModel(name, device=device, dtype=dtype, offline=offline))
    if offline:
        raise UsageError(f"--judge {name}: an endpoint can't be asked with --offline; name a local model")
    return Endpoint(name)
