"""How long an endpoint is waited for, how often it is asked again, and when it is given up."""

from dataclasses import dataclass

from ipllvm.safety import reading


@dataclass(frozen=True, slots=True)
class Limits:
    """`seconds` are for one request, all of it; `tries` for one question; `together` requests at once.

    A host that can't be reached has `reach_tries`, one that never replied in time `late_tries`; then nothing
    more is asked, nor after `in_a_row` questions without a reply. Between tries there are `pause` seconds,
    doubled each time, or what Retry-After says up to `longest_pause`. `thinking` tokens are added for models
    that think before they answer.
    """

    seconds: float = 60.0
    reply_bytes: int = reading.MIB
    tries: int = 5
    reach_tries: int = 3
    late_tries: int = 2
    in_a_row: int = 10
    together: int = 8
    pause: float = 0.5
    longest_pause: float = 60.0
    thinking: int = 8192
