"""Laws behind the wording of the prompt: what is reworded is the instruction, and nothing is lost."""

from typing import TYPE_CHECKING

import pytest

from ipllvm.errors import NotTested

if TYPE_CHECKING:
    from ipllvm.laws.probe import Probe

pytestmark = pytest.mark.law


def test_wording_keeps_the_question(probe: "Probe") -> None:
    """A wording changes no word of a question, nor its picture, options and answer."""
    from hypothesis import strategies as st

    from ipllvm.benchmarks.rewording import WORDINGS, asked_as
    from ipllvm.laws import questions
    from ipllvm.laws.strategies import some_of

    possible = [name for name in WORDINGS if asked_as(probe.benchmark, name) is not None]
    if not possible:
        raise NotTested(f"{probe.benchmark.name} has neither an instruction nor options to reword")
    cases = st.tuples(some_of(probe.benchmark), st.sampled_from(possible))
    probe.hold(lambda case: questions.worded(*case), cases)


def test_wording_keeps_the_picture(probe: "Probe") -> None:
    """A question takes as many visual tokens in every wording: a longer one cuts none off."""
    from hypothesis import strategies as st

    from ipllvm.benchmarks.rewording import WORDINGS, asked_as
    from ipllvm.records import Sample

    worded = [asked_as(probe.benchmark, name) for name in WORDINGS]
    new = {sample.id: sample for each in worded if each is not None for sample in each.samples}

    def law(own: Sample) -> str | None:
        before, after = (probe.visual_tokens(each) for each in (own, new.get(own.id, own)))
        return None if before == after else f"{own.id} takes {before} visual tokens, reworded {after}"

    probe.hold(law, st.sampled_from(probe.samples), queries=4)
