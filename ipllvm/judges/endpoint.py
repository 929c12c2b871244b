"""A judge behind an address, in OpenAI's chat protocol."""

from collections.abc import Callable, Sequence

from ipllvm.endpoints import address
from ipllvm.endpoints.calls import Call, NoReply, Outcome, Tally
from ipllvm.endpoints.client import Client
from ipllvm.endpoints.limits import Limits
from ipllvm.errors import NotMeasured
from ipllvm.records import JudgeQuestion, JudgeReply

SHOWN = 80


class EndpointJudge:
    """`URL#MODEL`, or `#MODEL` at $OPENAI_BASE_URL; several questions at once. Raises UsageError."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        self._client = Client(address.parse(name), limits)
        self.identity = str(self._client.address)
        self.credentials = address.credentials()
        self._repliers: set[str] = set()

    @property
    def tally(self) -> Tally:
        """What was asked so far, and how many tokens the server counted."""
        return self._client.tally

    @property
    def departures(self) -> str:
        """What of the settings the endpoint does not take, and that it became another model, in words."""
        names = sorted(self._repliers)
        several = f"replies are of {' and of '.join(names)}" if len(names) > 1 else ""
        return "; ".join(part for part in (self._client.departures, several) if part)

    def ask(self, prompt: str) -> str:
        """See the interface."""
        found = self._reply(self._client.ask([_call(JudgeQuestion(prompt))])[0])
        if isinstance(found, NotMeasured):
            raise found
        return found

    def ask_all(
        self, questions: Sequence[JudgeQuestion], got: Callable[[JudgeQuestion, JudgeReply], None]
    ) -> None:
        """See the interface."""
        self._client.ask(
            [_call(question) for question in questions],
            lambda place, outcome: got(questions[place], self._reply(outcome)),
        )

    def _reply(self, outcome: Outcome) -> JudgeReply:
        if isinstance(outcome, NoReply):
            return NotMeasured(f"the judge {self.identity} gave no reply ({outcome.reason})")
        self._repliers.add(f"{outcome.model or 'nobody'} {outcome.fingerprint}".rstrip())
        if outcome.refused:
            return NotMeasured(f"the judge {self.identity} refused ({outcome.text[:SHOWN]!r})")
        return outcome.text


def _call(question: JudgeQuestion) -> Call:
    system = [{"role": "system", "content": question.system}] if question.system else []
    return Call(
        (*system, {"role": "user", "content": question.prompt}),
        question.max_tokens,
        question.temperature,
        question.replicate,
    )
