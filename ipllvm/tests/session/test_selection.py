"""Which benchmarks a property is measured on."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ipllvm.benchmarks.definition import published
from ipllvm.claims.tables import plots, shipped
from ipllvm.session.options import Options
from ipllvm.session.profiles import OWN, PUBLISHED, TABLE_1, TABLE_3
from ipllvm.session.selection import benchmarks, under

OBJECTS = pytest.mark.benchmarks("objects", also=("pets", "pets@paper")).mark


def asked(profile: str = "paper", protocol: str = "standard", *names: str) -> Options:
    given: dict[str, Any] = {"profile": profile, "protocol": protocol, "benchmarks": names or OWN}
    made = SimpleNamespace(**given, on_defaults=not names)
    made.published = lambda name: Options.published(cast("Options", made), name)
    return cast("Options", made)


def test_the_papers_profile_takes_the_papers_sets_and_then_what_stands_in() -> None:
    assert benchmarks(None, asked(), "patch_information") == ["mmstar", "mme", *OWN]
    assert benchmarks(OBJECTS, asked(), "classification_retention") == [*TABLE_3, "objects"]
    assert benchmarks(None, asked(), "image_use") == [*OWN], "the paper has no such property"


def test_other_profiles_and_what_is_asked_for_take_none_of_them() -> None:
    assert benchmarks(None, asked("quick"), "patch_information") == [*OWN]
    assert benchmarks(None, asked("paper", "standard", "charts"), "patch_information") == ["charts"]


def test_under_a_protocol_the_published_sets_are_asked_by_it() -> None:
    assert benchmarks(None, asked(protocol="paper"), "patch_shuffle")[:2] == ["mmvp@paper", "mmvet@paper"]
    assert under("scenes", "standard") == "scenes"


def test_a_property_of_its_own_sets_knows_them_under_either_protocol() -> None:
    marker = pytest.mark.benchmarks("word_problems", also=("gsm8k",)).mark
    assert benchmarks(marker, asked("quick", "paper", "gsm8k@paper"), "text_only_math") == ["gsm8k@paper"]
    blind = benchmarks(None, asked("quick", "paper", "gsm8k@paper"), "permutation_invariance")
    assert [mark.name for mark in blind[0].marks] == ["skip"]


def test_what_the_paper_measures_on_are_published_sets_of_its_tables_and_figures() -> None:
    assert {published(name).name for names in PUBLISHED.values() for name in names} >= {*TABLE_1, *TABLE_3}
    assert set(TABLE_1) == set(shipped("table1.toml")["benchmarks"])
    assert list(TABLE_3) == shipped("table3.toml")["benchmarks"]
    for plot in plots():
        missing = set(plot.benchmarks) - set(PUBLISHED[plot.property])
        assert missing <= {"imagenet"}, f"{plot.where}: {missing}"  # of encoders, not of models
