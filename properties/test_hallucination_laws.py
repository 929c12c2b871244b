"""The other framing of what may be there asks for the same thing, and wants the other answer."""

from typing import TYPE_CHECKING

import pytest

from ipllvm.errors import NotTested

if TYPE_CHECKING:
    from ipllvm.laws.probe import Probe

pytestmark = pytest.mark.law


def test_negated_question_wants_the_other_answer(probe: "Probe") -> None:
    """Asked with "no", a question has the same words and picture, and the other answer."""
    from ipllvm.benchmarks.rewording import negated
    from ipllvm.laws import questions
    from ipllvm.laws.strategies import some_of

    other = negated(probe.benchmark)
    if other is None:
        raise NotTested(f"{probe.benchmark.name} asks for nothing by 'Is there a ...?'")
    probe.hold(questions.negated, some_of(probe.benchmark, other))
