"""A model behind an address, asked in OpenAI's chat protocol: vLLM, SGLang, llama.cpp, Ollama, hosted."""

import base64
import hashlib
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ipllvm.endpoints.address import EndpointAddress, parse
from ipllvm.endpoints.calls import Call, NoReply, Outcome
from ipllvm.endpoints.client import Client
from ipllvm.endpoints.limits import Limits
from ipllvm.endpoints.price import Price, forecast, money
from ipllvm.endpoints.replies import estimate
from ipllvm.errors import ModelUnavailable
from ipllvm.models.whole import Question, WholeModel
from ipllvm.records import ModelInfo, Response

KEYS = ("IPLLVM_MODEL_KEY", "OPENAI_API_KEY")
"""The environment variables that its key is read from, the first that is set."""
BATCHES = 4
"""How many times as many questions as go out at once are a batch, after which outcomes are kept."""


def _silent(line: str) -> None:
    """Nobody listens."""


class Served(WholeModel):
    """`URL#NAME`: greedy answers of whatever answers there.

    `price` is what its tokens cost, `say` hears what is about to be asked.

    Its fingerprint is of what the server says it is (model, system_fingerprint), of the address and of the
    settings that it takes. A server that becomes another one while it is asked is an error of each sample.
    Raises UsageError for an address, and ModelUnavailable where nobody answers a first question about a grey
    picture; with `ask` False nothing is sent, as for a plan.
    """

    sealed = "is asked over the network as a whole"
    wording = "served"

    def __init__(
        self, address: str, label: str | None = None, *, limits: Limits | None = None, ask: bool = True
    ) -> None:
        self._address: EndpointAddress = parse(address, "model")
        self._client = Client(self._address, limits, KEYS)
        self.price: Price | None = None
        self.say: Callable[[str], None] = _silent
        self.name = label or self._address.model.rpartition("/")[2]
        self.device, self.dtype, self.fingerprint = torch.device("cpu"), torch.float32, "not asked"
        if ask:
            self._identity = self._introduced()
            settings = [str(self._address), *self._identity, self._client.departures]
            self.fingerprint = hashlib.sha256(json.dumps(settings).encode()).hexdigest()
            self.notes = tuple(self._described())

    def _introduced(self) -> tuple[str, str]:
        """What the server says it is; raises ModelUnavailable."""
        grey = Image.new("RGB", (64, 64), "grey")
        (found,) = self._client.ask([_call(([grey], "What colour is this?"), 8)])
        if isinstance(found, NoReply):
            raise ModelUnavailable(f"{self._address}: {found.reason}")
        return found.model, found.fingerprint

    def _described(self) -> list[str]:
        model, digest = self._identity
        version = f"fingerprint {digest}" if digest else "and says nothing of its weights"
        departures = self._client.departures
        return [
            f"asked at {self._address.url}; the server says that it is {model or 'nothing'}, {version}",
            *([departures] if departures else []),
        ]

    def info(self) -> ModelInfo:
        """See the interface: of its weights and numbers nothing is known."""
        return ModelInfo(
            name=self.name,
            family="endpoint",
            fingerprint=self.fingerprint,
            device="endpoint",
            dtype="served",
            attention="served",
            prompt="checkpoint",
            parameters=0,
            notes=self.notes,
        )

    @property
    def spent(self) -> str:
        """What it was asked until now, in words."""
        tally = self._client.tally
        counts = f"{tally.prompt_tokens:,} tokens in, {tally.completion_tokens:,} out"
        cost = money(self.price, tally.prompt_tokens, tally.completion_tokens)
        return f"{tally.requests:,} requests, {tally.failures:,} questions without a reply, {counts}{cost}"

    def expect(self, prompts: Sequence[str], limit: int) -> None:
        """See the interface: says what asking comes to, at most; pictures cost what the server has counted of
        those before.
        """
        tally = self._client.tally
        counted = tally.prompt_tokens if tally.replies > 1 else 0  # the first is about a small grey picture
        each = counted / max(tally.replies, 1)
        tokens = round(len(prompts) * each) if each else sum(map(estimate, prompts))
        beside, more = ("", "") if each else (" of words", ", and its pictures")
        self.say(f"to ask: {forecast(len(prompts), tokens, limit, self.price, beside)}{more}")

    def batch_size(self) -> int:
        """See the interface."""
        return BATCHES * self._client.limits.together

    def answers(self, questions: Sequence[Question], limit: int) -> list[Response]:
        """See the interface; a question without a reply is an error of its own."""
        found = self._client.ask([_call(question, limit) for question in questions])
        return [self._response(each) for each in found]

    def reencoded(self, questions: Sequence[Question], limit: int) -> list[Response]:
        """See the interface: PNG of another compression, with a text beside the picture."""
        found = self._client.ask([_call(question, limit, otherwise=True) for question in questions])
        return [self._response(each) for each in found]

    def _response(self, found: Outcome) -> Response:
        if isinstance(found, NoReply):
            return Response("", error=f"{self._address}: {found.reason}")
        if (found.model, found.fingerprint) != self._identity:
            now = " ".join(part for part in (found.model, found.fingerprint) if part)
            before = " ".join(part for part in self._identity if part)
            return Response("", error=f"{self._address}: the server is {now} now, and was {before}")
        return Response(found.text.strip())


def _call(question: Question, limit: int, *, otherwise: bool = False) -> Call:
    images, prompt = question
    pictures = [{"type": "image_url", "image_url": {"url": _url(each, otherwise)}} for each in images]
    content: list[dict[str, Any]] = [*pictures, {"type": "text", "text": prompt}]
    return Call(({"role": "user", "content": content},), limit)


def _url(image: Image.Image, otherwise: bool) -> str:
    """The picture as PNG, without what else its file held; `otherwise` the same pixels in other bytes."""
    bare = Image.frombytes("RGB", image.size, image.convert("RGB").tobytes())
    text = PngInfo()
    if otherwise:
        text.add_text("Comment", "the same pixels")
    out = io.BytesIO()
    bare.save(out, "PNG", compress_level=1 if otherwise else 6, pnginfo=text)
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"
