"""The schema: what `build` makes is valid, a row gives its Result back, the README tells all fields."""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path, PurePosixPath
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipllvm.claims.tables import PrintedNumber
from ipllvm.errors import UsageError
from ipllvm.records import (
    BenchmarkInfo,
    Claim,
    Counterexample,
    Decision,
    Estimate,
    FlipExample,
    ModelInfo,
    Result,
    Verdict,
)
from ipllvm.reporting import document, schema
from ipllvm.reporting.report import Run, WithoutResult
from ipllvm.tests.reporting import reports
from ipllvm.tests.reporting.golden import check_golden
from ipllvm.tests.reporting.hostile import HOSTILE
from ipllvm.verdicts.statements import Statement

LISTS = {
    "results": "ResultEntry", "models": "ModelInfo", "benchmarks": "BenchmarkInfo", "failed": "FailedEntry",
    "passed_laws": "PassedLawEntry", "not_tested": "NotTestedEntry", "not_measured": "NotMeasuredEntry",
}  # fmt: skip
ABOUT_TESTS = {"replay", "law", "primary", "phase", "seconds"}
"""What not every list says of a test."""
TEXT = st.text(max_size=12)
COUNT = st.integers(0, 10**9)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
P = st.floats(0, 1)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
ESTIMATES = st.builds(
    Estimate,
    TEXT,
    TEXT,
    st.none() | NUMBER,
    NUMBER,
    NUMBER,
    TEXT,
    COUNT,
    COUNT,
    COUNT,
    COUNT,
    COUNT,
    st.tuples(COUNT, COUNT),
    st.dictionaries(TEXT, PLAIN, max_size=3),
)
CLAIMS = st.builds(
    Claim,
    TEXT,
    TEXT,
    st.sampled_from(["at_most", "at_least"]),
    NUMBER,
    st.sampled_from(["requirement", "observation"]),
    TEXT,
    TEXT,
    st.floats(0.001, 0.5),
    NUMBER,
    st.booleans(),
)
PICTURES = st.sampled_from(["data:image/webp;base64,QUJD", "data:image/png;base64,QQ=="])
FLIPS = st.builds(
    FlipExample,
    TEXT,
    TEXT,
    TEXT,
    TEXT,
    TEXT,
    TEXT,
    COUNT,
    st.lists(PICTURES, max_size=2).map(tuple),
    TEXT,
    TEXT,
)
COUNTEREXAMPLES = st.builds(Counterexample, FLIPS, COUNT, COUNT, TEXT, COUNT)
RESULTS = st.builds(
    Result,
    property=TEXT,
    model=st.builds(ModelInfo, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, COUNT),
    benchmark=st.builds(BenchmarkInfo, TEXT, TEXT, TEXT, COUNT, COUNT, COUNT),
    claim=CLAIMS,
    estimates=st.dictionaries(TEXT, ESTIMATES, max_size=3),
    verdict=st.builds(Verdict, st.sampled_from(Decision), TEXT, P, P, st.none() | NUMBER, st.none() | COUNT),
    settings=st.dictionaries(TEXT, TEXT | COUNT | NUMBER | st.booleans(), max_size=3),
    trials=COUNT,
    seconds=st.floats(0, 1e9),
    errors=st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple),
    partial=st.booleans(),
    flips=st.lists(FLIPS, max_size=2).map(tuple),
    counterexample=st.none() | COUNTEREXAMPLES,
)


@given(RESULTS)
@settings(deadline=None)
def test_a_result_survives_the_way_to_json_and_back(found: Result) -> None:
    text = json.dumps(schema.row(found), allow_nan=False)
    assert schema.result(json.loads(text)) == found


@given(RESULTS)
@settings(max_examples=30, deadline=None)
def test_a_report_of_any_result_is_valid_and_gives_it_back(found: Result) -> None:
    made = reports.report(found)
    schema.validate(made)
    assert [schema.result(row) for row in schema.rows(made)] == [found]


def test_numpy_and_paths_become_builtins() -> None:
    plain = schema.builtins(
        {
            "a": np.float32(0.5),
            "b": np.arange(2),
            "c": (np.bool_(True),),
            "d": PurePosixPath("x/y"),
            "e": np.str_("s"),
        }
    )
    assert plain == {"a": 0.5, "b": [0, 1], "c": [True], "d": "x/y", "e": "s"}
    assert [type(value) for value in plain.values()] == [float, list, list, str, str]
    assert type(plain["b"][0]) is int


def test_what_is_no_plain_value_is_refused() -> None:
    with pytest.raises(TypeError, match="can't hold a object"):
        schema.builtins({"a": object()})


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_nothing_that_is_not_finite_gets_into_json(bad: float) -> None:
    estimate = reports.estimate("performance_drop", bad, bad, bad)
    verdict = Verdict(Decision.UNDECIDED, "", bad, bad, bad)
    found = replace(
        reports.result(), estimates={"performance_drop": estimate}, verdict=verdict, settings={"x": bad}
    )
    made = reports.report(found)
    schema.validate(made)
    json.dumps(made, allow_nan=False)
    back = schema.result(schema.rows(made)[0])
    drop = back.estimates["performance_drop"]
    assert (drop.value, drop.low, drop.high) == (None, -math.inf, math.inf)
    assert (back.verdict.p_holds, back.verdict.minimum_detectable_effect) == (1.0, None)


def test_reports_of_every_kind_are_valid() -> None:
    for decision in Decision:
        schema.validate(reports.report(reports.result(decision)))
    schema.validate(reports.report())
    schema.validate(reports.mixed())


def test_a_report_of_errors_only_is_valid() -> None:
    nothing = replace(reports.estimate("performance_drop", None, -100.0, 100.0), n=0, clusters=0, n_error=300)
    found = replace(
        reports.result(Decision.UNDECIDED, "no sample could be scored"),
        estimates={"performance_drop": nothing},
        errors=tuple((f"easyvqa-{i}", "RuntimeError: no") for i in range(300)),
    )
    made = reports.report(found)
    schema.validate(made)
    assert made["results"][0]["estimates"]["performance_drop"]["value"] is None
    assert len(made["results"][0]["errors"]) == 300


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_valid(text: str) -> None:
    odd = replace(reports.result(), property=text, errors=((text, text),), settings={text: text})
    made = reports.report(odd)
    schema.validate(made)
    assert json.dumps(made, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        (["schema"], "ipllvm-report/2", "schema: 'ipllvm-report/1' was expected"),
        (["results", 0, "verdict", "decision"], "MAYBE", "results/0/verdict/decision: 'MAYBE' is not one of"),
        (["results", 0, "estimates", "clean", "n"], -1, "estimates/clean/n: -1 is less than"),
        (["run", "started"], "yesterday", "run/started: 'yesterday' does not match"),
        (["run", "seed"], "a\nb", "run/seed: 'a"),
    ],
)
def test_a_fault_is_named_with_its_place_in_one_line(path: list[Any], value: object, fault: str) -> None:
    made = reports.mixed()
    inner: Any = made
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    with pytest.raises(UsageError, match=re.escape(fault)) as caught:
        schema.validate(made)
    assert "\n" not in str(caught.value)


def test_a_missing_field_is_a_fault() -> None:
    made = reports.report(reports.result())
    del made["results"][0]["replay"]
    with pytest.raises(UsageError, match="'replay' is a required property"):
        schema.validate(made)


def test_a_later_field_of_version_1_is_no_fault() -> None:
    made = reports.report(reports.result())
    made["results"][0]["later"] = made["models"][0]["later"] = 1
    schema.validate(made)
    assert schema.result(schema.rows(made)[0]) == reports.result()


def test_a_picture_is_an_embedded_one() -> None:
    flip = FlipExample("s", "q", "a", "a", "b", "p", 0, ("https://example.org/x.png",), "w")
    with pytest.raises(UsageError, match="flips/0/pictures/0"):
        schema.validate(reports.report(replace(reports.result(), flips=(flip,))))


def test_the_schema_is_itself_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(schema.SCHEMA)
    assert schema.SCHEMA["properties"]["schema"]["const"] == schema.VERSION


def objects(node: object) -> Iterator[dict[str, Any]]:
    """Every object of the schema that has fields."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict):
            yield node
        for value in node.values():
            yield from objects(value)


def test_every_field_is_required_and_told_in_the_readme() -> None:
    readme = Path(__file__).parents[3].joinpath("reports", "README.md").read_text(encoding="utf-8")
    found = list(objects(schema.SCHEMA))
    assert len(found) >= 10
    for node in found:
        assert node["required"] == list(node["properties"])
        assert [name for name in node["properties"] if f"`{name}`" not in readme] == []


def test_no_field_is_written_that_the_schema_does_not_name() -> None:
    made, parts = reports.mixed(), schema.SCHEMA["$defs"]
    assert list(made) == list(schema.SCHEMA["properties"])
    assert set(made["run"]) == set(parts["RunEntry"]["properties"])
    for entries, kind in LISTS.items():
        assert made[entries]
        assert all(set(entry) == set(parts[kind]["properties"]) for entry in made[entries])
    for entry in made["results"]:
        assert set(entry["claim"]) == set(parts["Claim"]["properties"])
        assert set(entry["verdict"]) == set(parts["Verdict"]["properties"])
        assert set(entry["estimates"]["clean"]) == set(parts["Estimate"]["properties"])


@pytest.mark.parametrize(
    ("entry", "kind", "beside"),
    [
        (document.StatementEntry, Statement, set()),
        (document.FigureEntry, PrintedNumber, set()),
        (document.RunEntry, Run, {"seconds"}),
        (document.ResultEntry, Result, {"test", "outcome", "replay", "standing", "printed"}),
        (document.FailedEntry, WithoutResult, set()),
        (document.NotMeasuredEntry, WithoutResult, set()),
    ],
)
def test_entries_have_the_fields_of_the_records_they_are_made_of(
    entry: type, kind: type, beside: set[str]
) -> None:
    made = {field.name for field in fields(kind)}
    left = made - entry.__annotations__.keys()
    assert entry.__annotations__.keys() - made == beside
    unwritten = {"paired", "parts", "said", "floors", "noise", "analyses"}
    assert left <= (unwritten if kind is Result else ABOUT_TESTS if kind is WithoutResult else set())


def test_golden_of_every_kind() -> None:
    check_golden("mixed.json", json.dumps(reports.mixed(), indent=0, ensure_ascii=False) + "\n")
