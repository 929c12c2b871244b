"""What of a request an endpoint takes, learnt from what it refuses."""

import re
from typing import Any

from ipllvm.endpoints.calls import Call

_THINKS = re.compile(r"(o[134]|gpt-5)([-.:]|$)")
"""Models of OpenAI's that are known by name to think, and to take no temperature."""
EXTRAS = {"top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0}
"""Not of the protocol: without them vLLM samples as the checkpoint's generation_config.json says."""
OPTIONAL = ("temperature", "top_p", "seed", "stop")
SHORT, LONG = "max_tokens", "max_completion_tokens"


class Dialect:
    """The fields that one endpoint is sent; `left_out` are those that it does not take."""

    def __init__(self, model: str, thinking: int) -> None:
        self._model = model
        self._most_thinking = thinking
        self.left_out: set[str] = set()
        self.limit = SHORT
        self.thinking = 0
        if _THINKS.match(model.rpartition("/")[2]):
            self.limit = LONG
            self.left_out |= {"temperature", "top_p", *EXTRAS}
            self.thinking = thinking

    def body(self, call: Call) -> dict[str, Any]:
        """The request, as JSON has it."""
        fields: dict[str, Any] = {
            "model": self._model,
            "messages": list(call.messages),
            self.limit: call.max_tokens + self.thinking,
            "temperature": call.temperature,
            "top_p": 1.0,
            "seed": call.seed,
            **({"stop": list(call.stop)} if call.stop else {}),
            **EXTRAS,
        }
        return {name: value for name, value in fields.items() if name not in self.left_out}

    def learn(self, refusal: str) -> bool:
        """Whether there is another way to ask after a refusal of that text; the next body is that way.

        >>> dialect = Dialect("m", 0)
        >>> dialect.learn("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
        True
        >>> dialect.limit, dialect.learn("Unknown parameter: 'top_k'."), sorted(dialect.left_out)
        ('max_completion_tokens', True, ['min_p', 'repetition_penalty', 'top_k'])
        >>> dialect.learn("messages must not be empty")
        False
        """
        if LONG in refusal and self.limit == SHORT:
            self.limit = LONG
            return True
        named = {name for name in (*OPTIONAL, *EXTRAS) if re.search(rf"\b{name}\b", refusal)} - self.left_out
        if not named or named & EXTRAS.keys():
            named = named | EXTRAS.keys() - self.left_out
        self.left_out |= named
        return bool(named)

    def think(self) -> bool:
        """Whether there is more room for thoughts than before; the next body has it."""
        more = self.thinking < self._most_thinking
        self.thinking = self._most_thinking
        return more

    @property
    def departures(self) -> str:
        """What of the protocol's settings could not be sent, in words; empty where all could."""
        lost = sorted(self.left_out & set(OPTIONAL))
        return f"the endpoint takes no {', '.join(lost)}" if lost else ""
