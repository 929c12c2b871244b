"""What is asked in batches and answered as it comes: answers that go on share steps with those of others."""

import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import torch

from ipllvm.engine import batch_policy
from ipllvm.engine.answering import Going, response_of
from ipllvm.engine.decoding import Decoding
from ipllvm.engine.fault_isolation import BatchBudget, BatchShare, Failure, run_isolated, whole
from ipllvm.engine.plan import PlannedTrial
from ipllvm.engine.pool import Pool
from ipllvm.engine.requirements import Outcomes
from ipllvm.errors import FAULTS, UsageError
from ipllvm.models.base import VisionLanguageModel
from ipllvm.records import Response, Trial

Start = TypeVar("Start")
Ask = Callable[[Sequence[tuple[PlannedTrial, Start]]], Sequence[Response | Going]]


@dataclass(frozen=True, slots=True)
class _Open:
    """A trial whose answer goes on, and how to ask it once more."""

    answer: Decoding
    ask: Ask[Any]
    pair: tuple[PlannedTrial, Any]


class Stream:
    """The answers of a run, of at most `limit` tokens, in batches that have room."""

    def __init__(self, model: VisionLanguageModel, limit: int, room: BatchBudget) -> None:
        self._model, self._limit, self._room = model, limit, room
        self._pool, self._whole = Pool(model, limit), room.size
        self._open: dict[Trial, _Open] = {}
        self._early: Outcomes = {}

    @property
    def _short(self) -> bool:
        """Whether answers hardly wait for others, so that little is lost where a run ends."""
        return self._limit <= batch_policy.SHORT_ANSWER

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.clear()  # what is open knows how to ask again, and so all that it is asked of

    @torch.inference_mode()
    def answered(
        self,
        ask: Ask[Start],
        batch: Sequence[PlannedTrial],
        starts: Sequence[Start | Failure],
        cost: BatchShare[PlannedTrial] = whole,
    ) -> Outcomes:
        """What is said in a batch, each trial from where it starts, and what else has ended since."""
        ready, going = self._opened(ask, batch, starts, cost)
        ended = self._stepped(partial(self._enter, going))
        del going  # with what they hold, where memory ran out
        early, self._early = self._early, {}
        return early | ready | (self._asked_again() if ended is None else ended)

    def _opened(
        self,
        ask: Ask[Start],
        batch: Sequence[PlannedTrial],
        starts: Sequence[Start | Failure],
        cost: BatchShare[PlannedTrial],
    ) -> tuple[Outcomes, list[list[Going]]]:
        """What is said at once, and what goes on, together as it was begun."""
        pairs = paired(batch, starts)
        found = run_isolated(self._with_room(ask), pairs, self._room, of_case(cost))
        ready: Outcomes = {}
        going: dict[int, list[Going]] = {}
        for case, pair, each in zip(batch, pairs, found, strict=True):
            if isinstance(each, Going) and not isinstance(pair, Failure):
                self._open[case.trial] = _Open(each.answer, ask, pair)
                going.setdefault(id(each.prefilled), []).append(each)
            elif not isinstance(each, Going):
                ready[case.trial] = _response(each)
        return ready, [*going.values()]

    def _with_room(self, ask: Ask[Start]) -> Ask[Start]:
        """As `ask`; where memory runs out, once more without what is held for answers that went on before."""

        def asked(batch: Sequence[tuple[PlannedTrial, Start]]) -> Sequence[Response | Going]:
            try:
                return ask(batch)
            except (torch.OutOfMemoryError, MemoryError):
                if not self._pool.holds:
                    raise
            self._make_way()
            return ask(batch)

        return asked

    def _make_way(self) -> None:
        """Answers that go on end first, and nothing is held for them any more."""
        ended = self._stepped(self._pool.drain)
        self._early |= self._asked_again() if ended is None else ended
        self._empty()

    def drained(self) -> Iterator[Outcomes]:
        """What is said in the end where answers still went on, as they end."""
        while len(self._pool):
            yield self._next()

    @torch.inference_mode()
    def _next(self) -> Outcomes:
        """The answers that end first of those that go on; short ones all together."""
        ended = self._stepped(lambda: self._pool.drain(0 if self._short else len(self._pool) - 1))
        return self._asked_again() if ended is None else ended

    def _enter(self, going: Sequence[Sequence[Going]]) -> None:
        for each in going:
            answers = [one.answer for one in each]
            whole = self._room.size == self._whole
            fits = self._pool.room(self._room.size, answers) if whole else self._room.size
            self._pool.drain(max(0, fits - len(each)))
            self._pool.enter(each[0].prefilled, answers)
            if self._short:
                self._pool.drain(self._pool.waiting(self._room.size))

    def _stepped(self, work: Callable[[], None]) -> Outcomes | None:
        """What has ended after some steps; None where these fail: then all that went on is asked again.

        Its caller asks, when nothing here holds the memory that ran out any more.
        """
        try:
            work()
        except UsageError:
            raise
        except (torch.OutOfMemoryError, MemoryError):
            self._whole = 0  # from now on no more go on together than are asked together
            return None
        except FAULTS:
            return None
        ended = [(trial, each.answer) for trial, each in self._open.items() if each.answer.ended]
        for trial, _ in ended:
            del self._open[trial]
        return {trial: self._said(answer) for trial, answer in ended}

    def _asked_again(self) -> Outcomes:
        """All that went on, on its own."""
        self._empty()
        again, self._open = self._open, {}
        found: Outcomes = {}
        for ask in {each.ask: None for each in again.values()}:
            own = {trial: each.pair for trial, each in again.items() if each.ask == ask}
            answers = run_isolated(self._to_the_end(ask), list(own.values()), self._room)
            found |= zip(own, map(_response, answers), strict=True)
        return found

    def _empty(self) -> None:
        """A new pool, and what the last one held given back."""
        self._pool = Pool(self._model, self._limit)
        if self._model.device.type == "cuda":
            torch.cuda.empty_cache()

    def _to_the_end(self, ask: Ask[Any]) -> Callable[[Sequence[Any]], Sequence[Response]]:
        """What asks, and waits for the answers of this batch alone."""

        def wait(batch: Sequence[tuple[PlannedTrial, Any]]) -> list[Response]:
            found, pool = ask(batch), Pool(self._model, self._limit)
            going = [each for each in found if isinstance(each, Going)]
            if going:
                pool.enter(going[0].prefilled, [each.answer for each in going])
                pool.drain()
            return [
                response_of(self._model, each.answer) if isinstance(each, Going) else each for each in found
            ]

        return wait

    def _said(self, answer: Decoding) -> Response:
        try:
            return response_of(self._model, answer)
        except FAULTS:
            return Response("", error=traceback.format_exc())


def _response(found: Any) -> Response:
    answer: Response = Response("", error=found.traceback) if isinstance(found, Failure) else found
    return answer


def paired(
    cases: Sequence[PlannedTrial], starts: Sequence[Start | Failure]
) -> list[tuple[PlannedTrial, Start] | Failure]:
    """Each case with where it starts, or why it can't."""
    return [s if isinstance(s, Failure) else (case, s) for case, s in zip(cases, starts, strict=True)]


def of_case(cost: BatchShare[PlannedTrial]) -> BatchShare[tuple[PlannedTrial, Start]]:
    """The cost of a case, wherever it starts."""
    return lambda pair, before: cost(pair[0], before and before[0])
