"""Which flipped answers are shown, on planted models."""

from collections import Counter
from dataclasses import replace
from functools import partial

import pytest

from ipllvm.evaluation import flips
from ipllvm.evaluation.shown import Shown
from ipllvm.metrics.performance_drop import performance_drop
from ipllvm.models.loading import load
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.shuffle import PatchShuffle
from ipllvm.perturbations.substitution import Blank
from ipllvm.records import FlipExample, Perturbation, Result
from ipllvm.tests.evaluations import evaluation

CLAIMS = ("permutation", "patch_shuffle")


def is_of(kind: type, perturbation: Perturbation) -> bool:
    return isinstance(perturbation, kind)


def traces(model: str, *perturbations: Perturbation) -> flips.Trace:
    """What a property test would have measured."""
    asked = evaluation(model)
    asked.run(*perturbations)
    return asked._measurement.call.traces[0]


def shown(trace: flips.Trace, seed: int = 0) -> tuple[FlipExample, ...]:
    return flips.examples(load("planted:invariant"), [trace], seed)


def test_lost_answers_come_first_and_then_gained_ones() -> None:
    trace = traces("planted:exact-drop,d=0.3,swap=true,a=0.5", Permutation())
    found = flips.turns([trace], 0)
    lost = [turn.lost for turn in found]
    assert len(found) == 20 and lost == sorted(lost, reverse=True) and sum(lost) > 0
    grade = {(t.sample, t.draw): v for t, v in trace.outcomes.items() if "permutation" in t.perturbation}
    for turn in found:
        right = grade[turn.sample.id, turn.draw].text == turn.sample.answer
        assert right is not turn.lost


def test_perturbations_and_clusters_are_mixed() -> None:
    trace = traces("planted:exact-drop,d=0.9", Blank(), Permutation(), PatchShuffle(2), PatchShuffle(4))
    found = flips.turns([trace], 0, most=9)
    assert sorted(Counter(str(turn.perturbation) for turn in found).values()) == [3, 3, 3]
    assert len({turn.sample.cluster for turn in found[:4]}) == 4, "there are four clusters"


def test_the_choice_is_seeded() -> None:
    first, again = (shown(traces("planted:exact-drop,d=0.5", Permutation())) for _ in range(2))
    assert first == again
    assert first != shown(traces("planted:exact-drop,d=0.5", Permutation()), seed=1)


def test_the_grey_picture_is_shown_only_where_there_is_nothing_else() -> None:
    both, alone = (traces("planted:invariant", Blank(), *more) for more in ([Permutation()], []))
    assert shown(both) == ()
    assert {flip.perturbation for flip in shown(alone)} == {"blank(level=127)"}


def test_of_several_claims_each_shows_the_answers_that_it_is_about() -> None:
    """A page showed noise on the pixels as a counterexample of compression."""
    rows: list[Result] = []
    asked = evaluation("planted:exact-drop,d=0.9", rows=rows)
    clean, *changed = asked.run(Permutation(), PatchShuffle(2))
    for claim, kind, scores in zip(CLAIMS, (Permutation, PatchShuffle), changed, strict=True):
        shown = Shown({"clean": clean, claim: scores}, about=partial(is_of, kind))
        asked.check(claim, performance_drop(clean, scores), shown)
    for row, name in zip(rows, CLAIMS, strict=True):
        assert row.flips and all(flip.perturbation.startswith(f"{name}(") for flip in row.flips)
        assert row.counterexample is None or row.counterexample.flip.perturbation.startswith(name)


def test_a_flip_tells_what_was_asked_and_said() -> None:
    trace = traces("planted:exact-drop,d=0.9", Permutation())
    for flip in shown(trace):
        assert flip.clean == flip.gold != flip.perturbed
        assert flip.prompt.startswith("Which") and flip.perturbation == "permutation(scope=keep_newline)"
        assert len(flip.pictures) == 2 and flip.words


def test_pictures_that_take_too_much_room_leave_fewer_flips(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = traces("planted:exact-drop,d=0.9", Permutation())
    whole = shown(trace)
    size = sum(len(picture) for flip in whole[:3] for picture in flip.pictures)
    monkeypatch.setattr(flips, "ROOM", size)
    assert shown(trace) == whole[:3]


def test_what_was_said_is_kept_of_every_sample_and_draw() -> None:
    trace = traces("planted:exact-drop,d=0.5", Blank(), PatchShuffle(2), Permutation())
    kept = flips.said([trace], trace.scores[3:])
    assert set(kept) == {sample.id for sample in trace.plan.samples}
    for sample in trace.plan.samples:
        cases = trace.plan.cases([sample], Permutation())
        assert kept[sample.id].question == sample.prompt and kept[sample.id].gold == sample.answer
        assert kept[sample.id].perturbed == tuple(trace.outcomes[case.trial].text for case in cases)
    assert flips.said([trace], []) == flips.said([trace], trace.scores[2:3]), (
        "else the first that is no control"
    )


def test_where_a_blank_picture_is_all_that_changed_its_answers_are_kept() -> None:
    trace = traces("planted:invariant", Blank())
    cases = {case.sample.id: case for case in trace.plan.cases(trace.plan.samples, Blank())}
    for sample, words in flips.said([trace], trace.scores[:1]).items():
        assert words.perturbed == (trace.outcomes[cases[sample].trial].text,)


def test_of_questions_put_in_another_way_the_answers_to_these_are_kept_not_those_to_the_blank_picture() -> (
    None
):
    trace, other = traces("planted:invariant", Blank()), traces("planted:exact-drop,d=0.9", Permutation())
    found = flips.said([trace], trace.scores, [other])
    for sample in trace.plan.samples:
        changed = other.outcomes[other.plan.trial(sample, other.plan.perturbations[0], 0)].text
        assert found[sample.id].perturbed == (changed,)
    part = replace(other, plan=replace(other.plan, samples=other.plan.samples[:1]))
    kept = flips.said([trace], trace.scores, [part])
    assert [bool(each.perturbed) for each in kept.values()].count(True) == 1, "what was not asked so has none"


def test_answers_that_nothing_changed_give_none() -> None:
    assert shown(traces("planted:invariant", Permutation())) == ()
