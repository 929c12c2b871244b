"""The client: many questions to one endpoint, a few at once, each within limits, none asked for ever.

A key comes from the environment and goes to the host that was named and to no other; redirects are not
followed. The first question goes alone: what the endpoint does not take is learnt once, and one that is not
there is met once.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx2
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from ipllvm.endpoints import address as addresses
from ipllvm.endpoints import replies
from ipllvm.endpoints.address import EndpointAddress, without_keys
from ipllvm.endpoints.calls import Call, NoReply, Outcome, Reply, Tally
from ipllvm.endpoints.dialect import Dialect
from ipllvm.endpoints.failures import GONE, Permanent, Transient, Unfit, broken, of_status, unreached
from ipllvm.endpoints.limits import Limits

Got = Callable[[int, Outcome], None]
"""Told the place of a question and what came of it, as soon as it has."""
WAYS = 6
"""How many ways to put a question are tried."""


def _quiet(place: int, outcome: Outcome) -> None:
    """Nobody wants to know."""


class Client:
    """Asks `address`, in OpenAI's chat protocol.

    `tally` counts what was done. `gone` is why nothing more is asked, empty as long as something is: what
    is wrong with the endpoint and not with a question ends all that comes after.
    """

    def __init__(
        self,
        address: EndpointAddress,
        limits: Limits | None = None,
        keys: Sequence[str] = addresses.KEYS,
    ) -> None:
        self.address = address
        self.limits = limits or Limits()
        self.tally = Tally()
        self.gone = ""
        self._key = addresses.key(keys)
        self._dialect = Dialect(address.model, self.limits.thinking)
        self._in_a_row = 0
        self._resumes = 0.0

    @property
    def departures(self) -> str:
        """What of the settings the endpoint does not take, in words."""
        return self._dialect.departures

    def ask(self, calls: Sequence[Call], got: Got = _quiet) -> list[Outcome]:
        """What came of each question, in their order; what was had before an interrupt `got` was told.

        Nothing is raised but what `got` raises, and KeyboardInterrupt.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run(self._ask_all(calls, got))
        with ThreadPoolExecutor(1) as pool:  # inside a loop, such as a notebook's
            return pool.submit(asyncio.run, self._ask_all(calls, got)).result()

    async def _ask_all(self, calls: Sequence[Call], got: Got) -> list[Outcome]:
        found: dict[int, Outcome] = {}
        places = iter(range(len(calls)))

        async def ask_some(http: httpx2.AsyncClient, some: Iterator[int]) -> None:
            for place in some:
                found[place] = await self._outcome(http, calls[place])
                got(place, found[place])

        async with self._http() as http:
            self._resumes = 0.0  # the clock is the loop's
            if calls and not self.tally.replies:
                await ask_some(http, iter([next(places)]))
            await asyncio.gather(*(ask_some(http, places) for _ in range(self.limits.together)))
        return [found[place] for place in range(len(calls))]

    def _http(self) -> httpx2.AsyncClient:
        headers = {"Accept-Encoding": "identity"}  # what is packed may unpack to anything
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        return httpx2.AsyncClient(headers=headers, follow_redirects=False, timeout=self.limits.seconds)

    async def _outcome(self, http: httpx2.AsyncClient, call: Call) -> Outcome:
        outcome: Outcome
        try:
            if self.gone:
                raise Permanent(self.gone)
            outcome = await self._retried(http, call)
            self._in_a_row = 0
        except (Permanent, Transient) as error:
            outcome = NoReply(error.reason)
            self._in_a_row += 1
            if not self.gone and (error.dead or self._in_a_row >= self.limits.in_a_row):
                self.gone = error.reason
        self.tally.add(outcome)
        return outcome

    async def _retried(self, http: httpx2.AsyncClient, call: Call) -> Reply:
        waits = wait_random_exponential(self.limits.pause, self.limits.longest_pause)
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(Transient),
            stop=self._enough,
            wait=lambda state: 0.0 if _transient(state).after is not None else waits(state),
            reraise=True,
        )
        return await retrying(self._tried, http, call)

    def _enough(self, state: RetryCallState) -> bool:
        return state.attempt_number >= (_transient(state).tries or self.limits.tries) or bool(self.gone)

    async def _tried(self, http: httpx2.AsyncClient, call: Call) -> Reply:
        """One try of a question, put in another way where the endpoint does not take the first."""
        for _ in range(WAYS):
            body = self._dialect.body(call)
            try:
                return self._kept_from(replies.reply(await self._sent(http, body), call))
            except Unfit as error:
                if body == self._dialect.body(call) and not self._dialect.learn(error.message):
                    raise Permanent(error.reason) from None
            except replies.Thoughts as error:
                if body == self._dialect.body(call) and not self._dialect.think():
                    raise Permanent(f"{error}, {self._dialect.thinking:,} of them") from None
            except replies.Cut as error:
                raise Permanent(str(error)) from None
            except replies.Unusable as error:
                raise Transient(without_keys(str(error), self._key), tries=self.limits.late_tries) from None
        raise Permanent(f"none of {WAYS} ways to ask was taken")

    def _kept_from(self, reply: Reply) -> Reply:
        """A reply whose words do not hold the key, which some gateways give back."""
        key = self._key
        if not key:
            return reply
        text, model, digest = (
            part.replace(key, "[key]") for part in (reply.text, reply.model, reply.fingerprint)
        )
        return replace(reply, text=text, model=model, fingerprint=digest)

    async def _sent(self, http: httpx2.AsyncClient, body: object) -> bytes:
        """The body of a response with status 200; raises Transient, Permanent and Unfit."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._resumes - loop.time()))
        self.tally.requests += 1
        met = self.tally.replies > 0
        try:
            async with (
                asyncio.timeout(self.limits.seconds),
                http.stream("POST", self.address.chat, json=body) as response,
            ):
                content = await self._content(response)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise Transient(unreached(error), tries=self.limits.reach_tries, dead=True) from None
        except (TimeoutError, httpx2.TimeoutException):
            reason = f"no reply in {self.limits.seconds:g} s"
            raise Transient(reason, tries=self.limits.late_tries, dead=not met) from None
        except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL, OSError) as error:
            raise Transient(broken(error), tries=self.limits.reach_tries, dead=not met) from None
        if response.status_code == httpx2.codes.OK:
            return content
        trouble = of_status(response, content, self._key, self.limits.longest_pause)
        if isinstance(trouble, Transient) and trouble.after is not None:
            self._resumes = max(self._resumes, loop.time() + trouble.after)
        raise trouble

    async def _content(self, response: httpx2.Response) -> bytes:
        body = b""
        async for part in response.aiter_raw():
            body += part
            if len(body) > self.limits.reply_bytes:
                raise Permanent(f"its reply has more than {self.limits.reply_bytes:,} bytes")
        return body


def trouble(address: EndpointAddress, seconds: float = 5.0) -> str:
    """Why nothing can be asked there, found without a question; empty where nothing speaks against it."""
    headers = {"Authorization": f"Bearer {key}"} if (key := addresses.key()) else {}
    try:
        with httpx2.stream("GET", address.models, headers=headers, timeout=seconds) as response:
            status = response.status_code
    except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
        return unreached(error)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError):
        return ""  # what lists no models may reply all the same
    return f"HTTP status {status}: {GONE[status]}" if status in (401, 403) else ""


def _transient(state: RetryCallState) -> Transient:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, Transient) else Transient("")
