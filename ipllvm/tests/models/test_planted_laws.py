"""Laws of planted models: what they choose is what their truth says, for whatever they may see."""

import math
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipllvm.errors import UnknownName, UsageError
from ipllvm.models.planted import kinds, naming
from ipllvm.models.planted.behaviour import LAYERS, Behaviour, PerceivedTrial, Perception
from ipllvm.planted_grid import CELLS
from ipllvm.registry import PLANTED
from ipllvm.tests import planted_truth as truth

LAWS = [
    "planted:invariant", "planted:exact-drop,d=0.3", "planted:exact-drop,d=0.3,swap=1,a=0.6",
    "planted:exact-drop,d=0.4,rho_c=0.2,rho_k=0.5", "planted:positional", "planted:blind",
    "planted:one-answer,option=2", "planted:occlusion-linear", "planted:occlusion-linear,a=0.1",
    "planted:group-k", "planted:layer-l", "planted:modality", "planted:lossy,r=0.2", "planted:aligned",
    "planted:noisy,f=0.1", "planted:failing",
]  # fmt: skip
SAMPLES = 120


def trial(view: Perception, number: int, draw: int = 0) -> PerceivedTrial:
    return PerceivedTrial(
        view, number, number // 4, number % max(view.options, 1), f"q{number}", str(draw), (1, 0)
    )


def views() -> list[Perception]:
    """What is done to a picture: nothing, all taken away, an order, half, noise on each modality."""
    whole = tuple(range(CELLS))
    return [
        *truth.clean(), *truth.blank(), Perception((5, *range(5), *range(6, CELLS))), Perception(whole[::-1]),
        *truth.kept(range(0, CELLS, 2)), *truth.noised(2), *truth.noised(2, text=False),
        *truth.noised(3, image=False), Perception(whole[:3], options=8),
    ]  # fmt: skip


@pytest.mark.parametrize("name", LAWS)
def test_what_is_chosen_is_as_often_right_as_the_law_says(name: str) -> None:
    law = naming.law(name)
    for view in views():
        expected = law.expected(view)
        chosen = [law.choose(trial(view, number)) for number in range(SAMPLES)]
        assert {*chosen} <= {*range(max(view.options, 2))} or name.startswith("planted:one")
        right = sum(trial(view, n).answer == each for n, each in enumerate(chosen)) / SAMPLES
        spread = 4.5 * math.sqrt(expected * (1 - expected) / SAMPLES) * (2 if "rho" in name else 1)
        assert abs(right - expected) <= spread + 1e-9, view


@st.composite
def seen(draw: Any) -> Perception:
    """Anything that may reach the answer."""
    cells = draw(st.lists(st.integers(0, CELLS - 1), max_size=12))
    noisy = frozenset(draw(st.lists(st.sampled_from(cells), max_size=4))) if cells else frozenset()
    layer = draw(st.none() | st.integers(0, LAYERS - 1))
    return Perception(tuple(cells), noisy, draw(st.booleans()), layer, draw(st.integers(0, 8)))


@pytest.mark.parametrize("name", LAWS)
@settings(max_examples=25)
@given(seen())
def test_a_truth_is_a_share_whatever_is_seen_of_however_many_options(name: str, view: Perception) -> None:
    law = naming.law(name)
    assert 0 <= law.expected(view) <= 1
    if law.sees_image and view.cells:
        assert 0 <= law.keeps(view) <= 1 and 0 <= law.gains(view) <= 1
    assert law.choose(trial(view, 3)) == law.choose(trial(view, 3)) >= 0


@pytest.mark.parametrize("name", LAWS)
def test_another_seed_is_right_on_others(name: str) -> None:
    law, other = naming.law(name), naming.law(f"{name},seed=1")
    (view,) = truth.clean()
    chosen = [[each.choose(trial(view, n)) for n in range(60)] for each in (law, other)]
    fixed = isinstance(law, kinds.OneAnswer)
    assert (chosen[0] == chosen[1]) is fixed
    assert naming.fingerprint(name) != naming.fingerprint(f"{name},seed=1")


def test_what_disturbs_and_what_does_not() -> None:
    whole = tuple(range(CELLS))
    quiet = [Perception(whole), Perception(whole, layer=3), Perception(whole, options=2)]
    loud = [Perception(whole[::-1]), Perception(whole[1:]), Perception(whole, frozenset({0})),
            Perception(whole, noisy_text=True), Perception(())]  # fmt: skip
    assert [view.disturbed for view in quiet + loud] == [False] * 3 + [True] * 5
    assert Perception((0, 0, 1)).visible == 2 / CELLS and Perception(()).visible == 0


def drop(name: str, condition: truth.Condition) -> float:
    return truth.drop(naming.law(name), condition)


@pytest.mark.parametrize(
    ("name", "condition", "expected"),
    [
        ("planted:invariant", truth.permuted(), 0.0),
        ("planted:invariant", truth.blank(), 0.9 - 0.25),
        ("planted:exact-drop,d=0.1", truth.permuted(), 0.09),
        ("planted:exact-drop,d=0.1,swap=1,a=0.5", truth.permuted(), 0.0),
        ("planted:positional,a=1", truth.permuted(), 0.75),
        ("planted:blind", truth.blank(2), 0.0),
        ("planted:one-answer,option=5", truth.blank(), 0.0),
        ("planted:occlusion-linear,a=0.85", truth.kept(range(32)), 0.3),
        ("planted:group-k,group=0", truth.kept(range(2, 64, 1)), 0.0),
        ("planted:group-k,group=0,a=1", truth.noised(0), 0.75),
        ("planted:layer-l,layer=3,d=0.5,a=1", truth.noised(3), 0.5),
        ("planted:layer-l,layer=3", truth.noised(2), 0.0),
        ("planted:modality,r=0.7,d=0.5,a=1", truth.noised(text=False), 0.35),
        ("planted:modality,r=0.7,d=0.5,a=1", truth.noised(image=False), 0.15),
        ("planted:modality,r=0.7,d=0.5,a=1", truth.noised(), 0.5),
        ("planted:lossy", truth.permuted(), 0.0),
    ],
)
def test_what_a_condition_costs(name: str, condition: truth.Condition, expected: float) -> None:
    assert drop(name, condition) == pytest.approx(expected, abs=1e-12)


def test_a_permutation_begins_with_each_cell_once() -> None:
    views = truth.permuted()
    assert [view.cells[0] for view in views] == list(range(CELLS))
    assert all(sorted(view.cells) == list(range(CELLS)) and not view.ordered for view in views)


def test_cells_are_kept_in_reading_order_and_once() -> None:
    assert truth.kept([5, 1, 3]) == truth.kept([1, 3, 5])
    assert truth.kept([])[0].cells == ()


@pytest.mark.parametrize(("a", "b"), [(0.5, 1.0), (1.0, 1.0), (0.0, 0.25)])
def test_alignment_is_lost_by_the_difference_of_both_sides(a: float, b: float) -> None:
    found = naming.law(f"planted:aligned,a={a},b={b}")
    assert isinstance(found, kinds.AlignmentLoss) and truth.loss(found) == b - a
    same = all((found.encoded(n) == found.projected(n)).all() for n in range(0, 110, 11))
    assert same is (a == b)
    assert not found.projected(None).any()


@given(st.floats(0.1, 1), st.floats(0, 1))
@settings(max_examples=30)
def test_two_noisy_runs_disagree_on_the_share_that_was_asked_for(a: float, share: float) -> None:
    law = kinds.Noisy(a=a, f=share * a / 2)
    assert 2 * a * law.slip * (1 - law.slip) == pytest.approx(law.f, abs=1e-9)
    assert 0 <= law.slip <= 0.5


def test_a_noisy_model_slips_by_its_place_and_a_repetition_slips_as_it_did() -> None:
    law = kinds.Noisy(a=1.0, f=0.4)
    (view,) = truth.clean()

    def run(rows: int) -> list[int]:
        return [
            law.choose(PerceivedTrial(view, n, n, n % 4, "q", "", (rows, n % rows))) for n in range(SAMPLES)
        ]

    assert run(4) == run(4)
    apart = sum(a != b for a, b in zip(run(4), run(5), strict=True)) / SAMPLES
    assert apart == pytest.approx(0.4, abs=0.11)


def test_pictures_that_break_a_model_down_are_always_the_same() -> None:
    law = kinds.Failing(r=0.3)
    broken = [law.fails(n) for n in range(SAMPLES)]
    assert broken == [law.fails(n) for n in range(SAMPLES)]
    assert sum(broken) / SAMPLES == pytest.approx(0.3, abs=0.1)
    assert not any(kinds.Invariant().fails(n) for n in range(50))


@pytest.mark.parametrize("kind", sorted(PLANTED))
def test_a_kind_without_settings_is_one_with_its_defaults_written_out(kind: str) -> None:
    plain = f"planted:{kind}"
    law: Behaviour = naming.law(plain)
    told = ",".join(f"{field.name}={getattr(law, field.name)}" for field in fields(law))
    assert naming.law(f"{plain},{told}") == law
    assert naming.fingerprint(f"{plain},{told}") == naming.fingerprint(plain)
    assert len(naming.fingerprint(plain)) == 64


def test_fingerprints_tell_kinds_and_settings_apart_and_not_their_order() -> None:
    names = [f"planted:{kind}" for kind in PLANTED] + ["planted:invariant,a=0.8", "planted:invariant,seed=2"]
    assert len({naming.fingerprint(name) for name in names}) == len(names)
    one, other = "planted:modality,r=0.2,d=0.1", "planted:modality,d=0.1,r=0.2"
    assert naming.fingerprint(one) == naming.fingerprint(other)


BAD = [
    ("planted:", "model 'planted:': name a kind, as in planted:invariant; known: "),
    ("planted", "model 'planted': name a kind, as in planted:invariant; known: "),
    ("planted:invariant,a", "model 'planted:invariant,a': write each parameter once, as a=VALUE"),
    ("planted:invariant,a=1,a=1", "model 'planted:invariant,a=1,a=1': write each parameter once, as a=VALUE"),
    ("planted:invariant,a=x", "model 'planted:invariant,a=x': a=x must be a number"),
    ("planted:invariant,a=", "model 'planted:invariant,a=': a= must be a number"),
    ("planted:invariant,seed=1.5", "model 'planted:invariant,seed=1.5': seed=1.5 must be a whole number"),
    ("planted:exact-drop,swap=2", "model 'planted:exact-drop,swap=2': swap=2 must be 0 or 1"),
    ("planted:invariant,a=1.1", "planted model Invariant: a must be between 0 and 1, not 1.1"),
    ("planted:invariant,a=nan", "planted model Invariant: a must be between 0 and 1, not nan"),
    ("planted:invariant,a=-inf", "planted model Invariant: a must be between 0 and 1, not -inf"),
    ("planted:exact-drop,rho_c=0.5", "planted model ExactDrop: rho_k must be at least rho_c, "),
    ("planted:exact-drop,rho_c=0.5,rho_k=1", "planted model ExactDrop: sqrt(rho_c) + sqrt(rho_k - rho_c) "),
    ("planted:one-answer,option=8", "planted model OneAnswer: option must be 0 to 7, not 8"),
    ("planted:group-k,group=-1", "planted model GroupK: group must be 0 to 15, not -1"),
    ("planted:layer-l,layer=8", "planted model LayerL: layer must be 0 to 7, not 8"),
    ("planted:noisy,f=0.5", "planted model Noisy: f must be at most a / 2: "),
]  # fmt: skip


@pytest.mark.parametrize(("name", "line"), BAD, ids=[name for name, _ in BAD])
def test_a_law_that_can_not_be_is_one_line(name: str, line: str) -> None:
    with pytest.raises(UsageError) as caught:
        naming.law(name)
    assert str(caught.value).startswith(line) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("planted:invarient", "unknown kind of planted model 'invarient': did you mean 'invariant'?"),
        ("planted:invariant,b=1", "unknown parameter of planted:invariant 'b': Known: a, seed"),
        ("planted:invariant,", "unknown parameter of planted:invariant '': "),
        ("planted:lossy,rr=1", "unknown parameter of planted:lossy 'rr': did you mean 'r'?"),
    ],
)
def test_names_that_there_are_not(name: str, line: str) -> None:
    with pytest.raises(UnknownName) as caught:
        naming.law(name)
    assert str(caught.value).startswith(line)


@pytest.mark.parametrize(
    ("name", "planted"),
    [("planted:x", True), ("planted", True), ("planted-x", False), ("Planted:x", False), ("", False)],
)
def test_what_leads_to_a_planted_model(name: str, planted: bool) -> None:
    assert naming.is_planted(name) is planted
