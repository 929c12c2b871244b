"""Commands that a report proposes: what was typed, without what is typed anew, and nothing more."""

import shlex
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipllvm.errors import UnknownName, UsageError
from ipllvm.records import Decision
from ipllvm.reporting import advice, replays, typed
from ipllvm.reporting.advice import ANEW
from ipllvm.reporting.schema import Report, Row
from ipllvm.tests.reporting import drawn, reports

NAMES = ("keyword", "samples", "seed")
FLAGS = ("sequential",)
OPTIONS = st.one_of(
    st.tuples(st.sampled_from(("--samples", "--seed", "--draws", "-k")), st.sampled_from(("9", "a or b"))),
    st.tuples(st.sampled_from(("--samples=9", "--seed=", "--draws=3", "-ka", "--sequential", "-v", "x/y"))),
)
LINES = st.lists(OPTIONS, max_size=8).map(lambda parts: [word for part in parts for word in part])


@given(LINES, st.sets(st.sampled_from(NAMES)))
def test_options_go_with_their_values_and_all_else_stays_in_its_order(
    line: list[str], names: set[str]
) -> None:
    words = ["ipllvm", "check", "m", *line]
    left = typed.without(words, names, FLAGS)
    assert left[:3] == words[:3]
    assert typed.without(left, names, FLAGS) == left
    assert not any(word.partition("=")[0].removeprefix("--") in names for word in left if word[:2] == "--")
    assert ("keyword" not in names) or not any(word.startswith("-k") for word in left)
    others = iter(words)
    assert all(word in others for word in left), "in the order of the line"
    assert typed.without(words, (), ()) == words


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("--samples 9 --draws 3", "--draws 3"),
        ("-k 'a or b' -v", "-v"),
        ("-ka --seed=1 x", "x"),
        ("x --samples", "x"),
        ("--sequential --draws --samples", "--draws"),
    ],
)
def test_a_value_in_a_word_of_its_own_goes_with_its_option(line: str, left: str) -> None:
    assert typed.without(shlex.split(line), NAMES, FLAGS) == shlex.split(left)


@given(LINES)
def test_a_value_of_another_option_is_kept(line: list[str]) -> None:
    kept = [(a, b) for a, b in pairwise(line) if a == "--draws"]
    left = typed.without(line, NAMES, FLAGS)
    assert [(a, b) for a, b in pairwise(left) if a == "--draws"] == kept


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("ipllvm check llava-tiny -v", ["ipllvm", "check", "llava-tiny", "-v"]),
        ("pytest properties", ["pytest", "properties"]),
        ("pytest", ["pytest"]),
        ("ipllvm check 'my model' --claims='a b.toml'", ["ipllvm", "check", "my model", "--claims=a b.toml"]),
        ("ipllvm audit llava-tiny", []),
        ("python -m pytest properties", []),
        ("pytester properties", []),
        ("", []),
        ("pytest 'open", []),
        ("pytest " + "x" * 4000, []),
    ],
)
def test_only_a_run_of_tests_is_typed_again(command: str, words: list[str]) -> None:
    assert typed.words({"command": command}) == words


@pytest.mark.parametrize(
    ("line", "model"),
    [
        ("ipllvm check", ""),
        ("ipllvm check -v llava-tiny", ""),
        ("ipllvm check ./my-model --draws=2", "./my-model"),
        ("pytest llava-tiny x", ""),
        ("ipllvm plan llava-tiny", ""),
    ],
)
def test_the_model_is_what_check_names_first(line: str, model: str) -> None:
    assert typed.model(shlex.split(line)) == model


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12)


@given(TEXTS, TEXTS, TEXTS, TEXTS, st.integers(0, 99), st.booleans())
def test_a_command_to_see_a_trial_survives_the_shell(
    sample: str, perturbation: str, model: str, folder: str, draw: int, several: bool
) -> None:
    row: Row = {"property": "p", "benchmark": "scenes", "model": model}
    trial: Row = {"sample": sample, "perturbation": perturbation, "draw": draw}
    words = shlex.split(replays.command(Path(folder), row, trial, several, ["a b.py"]))
    assert words[:5] == ["ipllvm", "replay", str(Path(folder)), "p", sample]
    chosen = dict(word.removeprefix("--").split("=", 1) for word in words[5:])
    assert chosen == {
        **({"model": model} if several else {}),
        "benchmark": "scenes",
        "perturbation": perturbation,
        "draw": str(draw),
        "property-file": "a b.py",
    }


@given(st.sampled_from(("r", "reports/a b", "/x/'y'", ".")), st.integers(0, 9))
def test_beside_its_report_a_command_names_the_folder_it_stands_in(folder: str, draw: int) -> None:
    row: Row = {"property": "p", "benchmark": "scenes", "model": "m"}
    command = replays.command(Path(folder), row, {"sample": "s 1", "perturbation": "q", "draw": draw})
    here = advice.here(command)
    assert shlex.split(here)[2] == "."
    assert shlex.split(here)[3:] == shlex.split(command)[3:]
    assert advice.here(here) == here


@pytest.mark.parametrize("command", ["pytest 'a b'", "ipllvm replay", "ipllvm report r", "", "rm -rf x"])
def test_other_commands_stay_as_they_are(command: str) -> None:
    assert advice.here(command) == command


def flipped() -> Report:
    """Two results of one property on two benchmarks, each with two flips."""
    made = reports.report(reports.result(Decision.VIOLATED), reports.result(Decision.VIOLATED, name="other"))
    for place, row in enumerate(made["results"]):
        row["flips"] = [
            drawn.flip(sample=f"s{place}-{each}", draw=each, perturbation=f"p{each}") for each in range(2)
        ]
        row["settings"]["perturbations"] = "clean; blank(level=127); p0; p1"
    return made


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (replays.Wanted("other"), ("s1-0", "p0", 0)),
        (replays.Wanted("other", draw=1), ("s1-1", "p1", 1)),
        (replays.Wanted("other", perturbation="p1"), ("s1-1", "p1", 1)),
        (replays.Wanted("permutation_invariance", "s0-1"), ("s0-1", "p1", 1)),
        (replays.Wanted("other", "elsewhere"), ("elsewhere", "p0", 0)),
        (replays.Wanted("other", "elsewhere", draw=3), ("elsewhere", "p0", 3)),
        (replays.Wanted("other", "elsewhere", perturbation="p1"), ("elsewhere", "p1", 0)),
        (replays.Wanted("other", "s1-0", draw=1), ("s1-0", "p0", 1)),
    ],
)
def test_a_trial_is_found_by_what_is_said_of_it(wanted: replays.Wanted, found: tuple[str, str, int]) -> None:
    trial = replays.find(flipped(), wanted)
    assert (trial.sample, trial.perturbation, trial.draw) == found
    assert trial.row["property"] == wanted.property
    kept = [(each["sample"], each["draw"]) for row in flipped()["results"] for each in row["flips"]]
    assert (trial.flip is not None) is ((trial.sample, trial.draw) in kept)


def test_every_flip_gets_a_command_that_finds_it() -> None:
    report = flipped()
    replays.put(report, Path("r"))
    for row in report["results"]:
        for flip in row["flips"]:
            words = shlex.split(flip["replay"])
            chosen = dict(word.removeprefix("--").split("=", 1) for word in words[5:])
            wanted = replays.Wanted(
                words[3], words[4], None, chosen["benchmark"], chosen["perturbation"], int(chosen["draw"])
            )
            assert replays.find(report, wanted).flip == flip


@pytest.mark.parametrize(
    ("wanted", "line"),
    [
        (
            replays.Wanted("othre"),
            "unknown property of the report 'othre': did you mean 'other'? Known: other, "
            "permutation_invariance",
        ),
        (
            replays.Wanted("other", benchmark="chart"),
            "unknown benchmark of the report 'chart': Known: easyvqa",
        ),
        (
            replays.Wanted("other", model="llava"),
            "unknown model of the report 'llava': did you mean 'llava-tiny'? Known: llava-tiny",
        ),
    ],
)
def test_a_name_that_the_report_does_not_have_is_told_with_those_it_has(
    wanted: replays.Wanted, line: str
) -> None:
    with pytest.raises(UnknownName) as told:
        replays.find(flipped(), wanted)
    assert str(told.value) == line


def test_without_a_flip_that_fits_a_sample_has_to_be_named() -> None:
    with pytest.raises(UsageError) as told:
        replays.find(flipped(), replays.Wanted("other", draw=7))
    assert str(told.value) == "other kept no flipped answer that fits: name a sample (ipllvm view shows them)"


@pytest.mark.parametrize(
    ("printed", "first"),
    [
        (None, "clean"),
        ("", "clean"),
        ("clean", "clean"),
        ("clean; blank(level=127)", "blank(level=127)"),
        ("blank; clean; noise(a=1)", "noise(a=1)"),
        ("noise(a=1); permutation", "noise(a=1)"),
    ],
)
def test_what_a_sample_is_shown_under_is_no_control(printed: str | None, first: str) -> None:
    assert replays.first_perturbation({"perturbations": printed}) == first


@pytest.mark.parametrize("name", [each for each in ANEW if each != "keyword"])
def test_what_is_typed_anew_is_typed_once(name: str) -> None:
    found = reports.report(reports.result(Decision.UNDECIDED))
    found["run"]["command"] = f"ipllvm check llava-tiny --{name}=old --draws=2"
    (step,) = advice.steps(found)
    words = shlex.split(step.command)
    assert "--draws=2" in words and f"--{name}=old" not in words
    options = [word.partition("=")[0] for word in words if word.startswith("-")]
    assert len(set(options)) == len(options)
