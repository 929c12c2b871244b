"""Parameters of one property alone, and what a level is shared among: by the tests that were collected."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from ipllvm.errors import UnknownName, UsageError
from ipllvm.records import Claim
from ipllvm.session import parameters, repeats
from ipllvm.session.options import Options
from ipllvm.session.outcomes import OPTIONS
from ipllvm.tests.session.test_options import read


@dataclass
class Config:
    """pytest's, with a stash and what was typed."""

    stash: Any = field(default_factory=pytest.Stash)


@dataclass
class Session:
    items: list[Any] = field(default_factory=list)


@dataclass
class Item:
    """A collected test with its markers."""

    name: str = "test_mine"
    marks: tuple[pytest.MarkDecorator, ...] = ()
    about: dict[str, Any] = field(default_factory=dict)
    config: Config = field(default_factory=Config)
    session: Session = field(default_factory=Session)

    @property
    def ipllvm_case(self) -> dict[str, Any]:
        return self.about

    def iter_markers(self, name: str) -> Any:
        return (each.mark for each in self.marks if each.name == name)

    def get_closest_marker(self, name: str) -> Any:
        return next(self.iter_markers(name), None)


def declaring(*names: str, **own: Any) -> Any:
    return Item(marks=(pytest.mark.parameters(*names, **own),))


def options(*pairs: str, **typed: Any) -> Options:
    return read(parameter=list(pairs), **typed)


def test_a_test_without_a_marker_has_none() -> None:
    plain: Any = Item()
    assert parameters.of(plain, options()) == {}


def test_the_first_word_stands_where_none_is_given() -> None:
    test = declaring(strength=("mild", "strong"), side=["left"])
    assert parameters.of(test, options()) == {"strength": "mild", "side": "left"}
    assert parameters.of(test, options("strength=strong"))["strength"] == "strong"
    assert parameters.of(test, options("strength=mild", "strength=strong"))["strength"] == "strong"


def test_an_option_of_the_table_is_read_by_its_name() -> None:
    test = declaring("noise_kind", strength=("mild",))
    assert parameters.of(test, options(noise_kind="keskar")) == {"noise_kind": "keskar", "strength": "mild"}


def test_words_that_are_numbers_are_words() -> None:
    assert parameters.of(declaring(size=(1, 2.5)), options("size=2.5")) == {"size": "2.5"}


def test_a_word_that_a_test_does_not_take_is_refused() -> None:
    with pytest.raises(UnknownName, match=r"^unknown --strength 'stron': did you mean 'strong'\? Known: "):
        parameters.of(declaring(strength=("mild", "strong")), options("strength=stron"))


@pytest.mark.parametrize("words", ["strong", "", (), [], 5, None, True, 0, {"a": 1}, {"a"}])
def test_a_parameter_is_declared_with_the_words_that_it_takes(words: Any) -> None:
    config: Any = Config()
    with pytest.raises(UsageError) as caught:
        parameters.declare(declaring(strength=words), config)
    assert str(caught.value) == "test_mine: parameter strength: give the words that it takes"


def test_an_option_of_ipllvm_is_no_parameter_of_ones_own() -> None:
    config: Any = Config()
    with pytest.raises(UsageError) as caught:
        parameters.declare(declaring(seed=("1", "2")), config)
    assert str(caught.value) == "test_mine: parameter seed: is an option of ipllvm already"


@pytest.mark.parametrize("name", ["seed", "noise_kin", "nothing"])
def test_only_parameters_of_the_table_are_shared(name: str) -> None:
    config: Any = Config()
    with pytest.raises(UnknownName, match=f"^unknown parameter of test_mine '{name}'.*Known: .*noise_kind"):
        parameters.declare(declaring(name), config)


def test_what_no_collected_test_declares_is_refused_before_the_run() -> None:
    config: Any = Config()
    with pytest.raises(UnknownName, match=r"^unknown --parameter 'strength': Known: none$"):
        parameters.check(config, options("strength=mild"))
    parameters.declare(declaring(strength=("mild", "strong")), config)
    parameters.check(config, options("strength=strong"))
    parameters.check(config, options())
    with pytest.raises(UnknownName, match=r"^unknown --parameter strength 'weak'"):
        parameters.check(config, options("strength=weak"))
    with pytest.raises(UnknownName, match="did you mean 'strength'"):
        parameters.check(config, options("strenth=mild"))


def test_tests_that_declare_one_name_each_take_their_own_words() -> None:
    config: Any = Config()
    first, second = declaring(strength=("mild", "strong")), declaring(strength=("low", "strong"))
    for test in (first, second):
        parameters.declare(test, config)
    parameters.check(config, options("strength=strong"))
    assert [parameters.of(test, options("strength=strong")) for test in (first, second)] == [
        {"strength": "strong"}
    ] * 2


REQUIREMENT = Claim("r", "loss", "at_most", 1.0, "requirement", "here", "It holds.")


def family(*members: Any, wise: bool = True) -> list[Any]:
    """Tests of one session; of each its model, whether it is a requirement, and its marks."""
    session, items = Session(), []
    for model, primary, *marks in members:
        config = Config()
        config.stash[OPTIONS] = read(family_wise=wise)
        about = {"model": model, "primary": primary}
        items.append(Item(marks=tuple(marks), about=about, config=config, session=session))
    session.items = items
    return items


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ([("m", True)], 1),
        ([("m", True)] * 4, 4),
        ([("m", True), ("m", False), ("n", True)], 1),
        ([("m", True), ("m", True), ("n", True)], 2),
        ([("m", True), ("m", True, pytest.mark.skip(reason="x"))], 1),
        ([("m", False)], 1),
    ],
)
def test_a_level_is_shared_among_the_requirements_of_a_model(members: list[Any], expected: int) -> None:
    assert repeats.family(family(*members)[0]) == expected
    assert repeats.family(family(*members, wise=False)[0]) == 1


def test_each_requirement_gets_its_share_and_an_observation_its_own_level() -> None:
    claims = {"r": REQUIREMENT, "o": replace(REQUIREMENT, kind="observation")}
    found = repeats.own_levels(family(*[("m", True)] * 5)[0], claims)
    assert found["r"].alpha == pytest.approx(0.01) and found["o"].alpha == 0.05
    assert claims["r"].alpha == 0.05, "what was given is not changed"
