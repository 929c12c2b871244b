"""Laws behind the distracting caption: it is wrong, and leaves question and picture as they are."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ipllvm.laws.probe import Probe

pytestmark = pytest.mark.law


def test_caption_is_wrong_and_changes_no_question(probe: "Probe") -> None:
    """A caption names a wrong option, the same in whatever company; the question stands whole behind it."""
    from ipllvm.benchmarks.rewording import captioned
    from ipllvm.laws import questions
    from ipllvm.laws.strategies import some_of

    probe.hold(questions.captioned, some_of(probe.benchmark, captioned(probe.benchmark)))


def test_caption_keeps_the_picture(probe: "Probe") -> None:
    """A question takes as many visual tokens behind a caption as without."""
    from hypothesis import strategies as st

    from ipllvm.benchmarks.rewording import captioned
    from ipllvm.records import Sample

    own = {sample.id: sample for sample in probe.benchmark.samples}

    def law(behind: Sample) -> str | None:
        before, after = (probe.visual_tokens(each) for each in (own[behind.id], behind))
        return None if before == after else f"{behind.id} takes {before} visual tokens, captioned {after}"

    probe.hold(law, st.sampled_from(captioned(probe.benchmark).samples), queries=4)
