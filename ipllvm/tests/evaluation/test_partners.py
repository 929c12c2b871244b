"""What a question is put beside stays the same in a repetition, a longer run, each look and each part."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest
from PIL import Image

from ipllvm.benchmarks import word_problems
from ipllvm.benchmarks.subset import subset
from ipllvm.engine.shard import Shard
from ipllvm.engine.store.outcomes import forgetful
from ipllvm.errors import NotTested
from ipllvm.evaluation.schedules import Repeated, Sharded, UntilDecided
from ipllvm.gate.agreement import material
from ipllvm.records import Benchmark, Result
from ipllvm.tests.ruled import color, evaluated
from ipllvm.tests.test_beyond import colors
from ipllvm.verdicts.group_sequential import GroupSequential
from ipllvm.verdicts.noise_floor import Floor
from ipllvm.verdicts.sequential import InterimAnalyses

N, SEED = 60, 0
EACH = {"other_picture": 3, "second_picture": 3, "text_only_math": 2}
"""How often each property asks about a sample: clean, blank and with its partner; problem and chart."""


@dataclass
class Asked:
    """A model that goes by the first picture and remembers how often it was asked."""

    questions: list[tuple[str, tuple[bytes, ...]]] = field(default_factory=list)

    def __call__(self, pictures: Sequence[Image.Image], prompt: str) -> str:
        self.questions.append((prompt, tuple(picture.tobytes() for picture in pictures)))
        return color(pictures[0]) if pictures else f"The answer is {len(prompt) % 7}."


def _whole(name: str) -> Benchmark:
    whole = word_problems.benchmark() if name == "text_only_math" else colors()
    return replace(whole, samples=whole.samples[: 4 * N])


@pytest.fixture(params=EACH)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_repetition_puts_each_question_beside_the_same(name: str) -> None:
    """A model that answers alike has no noise, whatever the order."""
    whole, rows, asked = _whole(name), list[Result](), Asked()
    floor = Repeated(Floor(), SEED)
    evaluated(name, subset(whole, N, SEED), asked, rows, whole=whole, schedule=floor)
    (row,) = rows
    found = row.estimates["noise_floor"]
    assert (found.n, found.discordant) == (N, (0, 0))
    half = EACH[name] * N
    assert Counter(asked.questions[:half]) == Counter(asked.questions[half:])


@pytest.mark.parametrize("looks", [InterimAnalyses, GroupSequential])
def test_each_look_goes_on_from_the_last(
    name: str, looks: Callable[[Benchmark, int], InterimAnalyses]
) -> None:
    """A claim that is as close as can be is looked at up to the last sample; none is asked twice."""
    whole, rows, asked = _whole(name), list[Result](), Asked()
    planned = subset(whole, 2 * N, SEED)
    evaluated(name, planned, Asked(), rows, whole=whole)
    found = rows[0].estimates[rows[0].claim.quantity].value
    assert found is not None
    close = {name: replace(rows[0].claim, margin=found)}
    interim = looks(planned, SEED)
    evaluated(name, planned, asked, whole=whole, claims=close, schedule=UntilDecided(interim))
    assert interim.before > N, "it was looked at more than once"
    assert len(asked.questions) == EACH[name] * 2 * N


def test_a_longer_run_asks_only_what_is_new(name: str) -> None:
    whole, asked, memory = _whole(name), Asked(), forgetful()
    for n in (N, 2 * N, N, 4 * N):
        evaluated(name, subset(whole, n, SEED), asked, whole=whole, memory=memory)
    evaluated(name, whole, asked, whole=whole, memory=memory)
    assert len(asked.questions) == EACH[name] * 4 * N


@pytest.mark.parametrize("name", ["other_picture", "second_picture"])
def test_a_row_says_which_pictures_were_put_beside(name: str) -> None:
    """So that a baseline of other pairs is refused, and one of fewer samples of the same pairs is not."""
    whole, fewer = _whole(name), replace(_whole(name), samples=_whole(name).samples[: 2 * N])
    rows = list[Result]()
    for n, of in ((N, whole), (2 * N, whole), (N, fewer)):
        evaluated(name, subset(of, n, SEED), Asked(), rows, whole=of)
    first, longer, other = (row.settings["pictures"] for row in rows)
    assert first == longer != other and material("pictures")


def test_parts_together_are_the_run(name: str) -> None:
    """Each part asks its own, and the run that puts them together asks nothing."""
    whole, asked, memory = _whole(name), Asked(), forgetful()
    planned = subset(whole, N, SEED)
    for number in (1, 2, 3):
        with pytest.raises(NotTested, match=f"shard {number}/3: 20 of 60"):
            schedule = Sharded(Shard(number, 3))
            evaluated(name, planned, asked, whole=whole, memory=memory, schedule=schedule)
        assert len(asked.questions) == EACH[name] * 20 * number
    evaluated(name, planned, asked, whole=whole, memory=memory)
    assert len(asked.questions) == EACH[name] * N
