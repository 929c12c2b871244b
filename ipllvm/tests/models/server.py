"""A server of OpenAI's chat protocol behind which a model of ours answers, and ways to misbehave."""

import base64
import io
import json
from collections.abc import Callable
from typing import Any

from PIL import Image
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from ipllvm.models.base import VisionLanguageModel

Answer = Callable[[list[Image.Image], str, int], str]
CHAT = "/v1/chat/completions"


def by(model: VisionLanguageModel) -> Answer:
    """What transformers' own pipeline says of a checkpoint."""

    def answer(images: list[Image.Image], prompt: str, limit: int) -> str:
        return model.text(model.pipeline_answer(images, prompt, limit) or ())

    return answer


def question(body: Any) -> tuple[list[Image.Image], str]:
    """Pictures and words of a request."""
    images: list[Image.Image] = []
    words: list[str] = []
    for part in body["messages"][0]["content"]:
        if part["type"] == "text":
            words.append(part["text"])
        else:
            data = part["image_url"]["url"].partition(",")[2]
            images.append(Image.open(io.BytesIO(base64.b64decode(data))))
    return images, "\n".join(words)


class Serving:
    """Serves answers at `address`; `name` and `fingerprint` are what it says it is, `tokens` what it counts
    of each prompt and reply.
    """

    def __init__(self, server: HTTPServer, answer: Answer, name: str = "llava-tiny") -> None:
        self.answer, self.name, self.fingerprint = answer, name, "fp_1"
        self.requests, self.tokens = 0, (0, 0)
        self.failing: Callable[[int], int] = lambda number: 0
        server.clear()
        server.expect_request(CHAT, method="POST").respond_with_handler(self._respond)
        self.address = f"{server.url_for('/v1')}#{name}"

    def _respond(self, request: Request) -> Response:
        self.requests += 1
        if status := self.failing(self.requests):
            return Response(json.dumps({"error": {"message": "overloaded"}}), status)
        body = json.loads(request.get_data())
        images, prompt = question(body)
        choice = {"message": {"content": self.answer(images, prompt, body["max_tokens"])}}
        said: dict[str, Any] = {
            "model": self.name,
            "system_fingerprint": self.fingerprint,
            "choices": [choice],
        }
        said["usage"] = dict(zip(("prompt_tokens", "completion_tokens"), self.tokens, strict=True))
        return Response(json.dumps(said), content_type="application/json")
