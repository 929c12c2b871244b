"""What report.json holds, as types; the JSON Schema is made of them and of the records they hold.

`ipllvm report --schema` prints it. A record is written field by field: infinity and NaN as null, counts from
0. `RULES` adds what JSON alone says of a field: bounds, and for one that came later or had another name what
an older report means (`default`, `formerly`, read by migration.py).
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypedDict

import msgspec
from msgspec import Meta

from ipllvm.records import (
    BenchmarkInfo,
    Claim,
    Counterexample,
    Estimate,
    FlipExample,
    ModelInfo,
    Point,
    Series,
    Verdict,
)

VERSION: Final = "ipllvm-report/1"
EARLIER: Final = "default"
Count = Annotated[int, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Time = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$")]
Duration = Annotated[float, Meta(ge=0)] | None
LaterDuration = Annotated[Duration, Meta(extra_json_schema={EARLIER: None})]
Kind = Literal["requirement", "observation"]
Decided = Literal["HOLDS", "VIOLATED", "UNDECIDED", "WORSE"]


def _later(default: object) -> Meta:
    """A field that came after the first report of the version, and what one without it means."""
    return Meta(extra_json_schema={EARLIER: default})


class RunEntry(TypedDict):
    """The session: when, what was typed, on what, how it ended."""

    id: Annotated[str, Meta(min_length=1)]
    started: Time
    finished: Time
    seconds: Annotated[float, Meta(ge=0)]
    command: str
    seed: int
    partial: bool
    exit_status: Count
    versions: dict[str, str]
    platform: str
    options: dict[str, Any]


class ErrorEntry(TypedDict):
    """A sample on which the model failed."""

    sample: str
    error: str


class FigureEntry(TypedDict):
    """What the paper prints of the same quantity."""

    name: str
    value: float | None
    unit: str
    where: str
    notes: list[str]


class StandingEntry(TypedDict):
    """What the run as a whole says of a result, with adjusted p-values."""

    decision: Decided
    p_holds: Share
    p_violated: Share
    p_worse: Share
    note: str


class ResultEntry(TypedDict):
    """A result; its model and benchmark are ids of the lists above."""

    property: str
    test: str
    outcome: Literal["passed", "failed", "skipped", "error"]
    replay: str
    model: str
    benchmark: str
    claim: Claim
    estimates: dict[str, Estimate]
    verdict: Verdict
    standing: Annotated[StandingEntry | None, _later(None)]
    settings: dict[str, str | int | float | bool | None]
    trials: Count
    seconds: Duration
    errors: list[ErrorEntry]
    partial: bool
    series: Annotated[list[Series], _later([])]
    printed: Annotated[list[FigureEntry], _later([])]
    flips: Annotated[list[FlipExample], Meta(max_length=20), _later([])]
    counterexample: Annotated[Counterexample | None, _later(None)]


class StatementEntry(TypedDict):
    """One sentence over several results."""

    name: str
    text: str
    models: list[str]
    benchmarks: list[str]
    value: float | None
    low: float | None
    high: float | None
    unit: str
    decision: Decided
    reason: str
    p: float | None
    method: str
    kind: Kind


class FailedEntry(TypedDict):
    """A law that is broken, or a test that failed otherwise."""

    test: str
    property: str
    model: str
    benchmark: str
    law: bool
    reason: str
    replay: str
    seconds: LaterDuration


class PassedLawEntry(TypedDict):
    """A law that holds."""

    test: str
    property: str
    model: str
    seconds: LaterDuration


class NotTestedEntry(TypedDict):
    """A property that does not apply, and why."""

    property: str
    model: str
    benchmark: str
    reason: str
    test: Annotated[str, _later("")]


class NotMeasuredEntry(TypedDict):
    """A test that should have given a result and did not, and why."""

    test: str
    property: str
    model: str
    benchmark: str
    primary: bool
    reason: str
    seconds: LaterDuration
    phase: Annotated[str, _later("setup")]


class AdjustedEntry(TypedDict):
    """A requirement in its family, with p-values by Holm."""

    test: str
    property: str
    benchmark: str
    p_holds: Share | None
    p_violated: Share | None
    stands: bool


class FamilyEntry(TypedDict):
    """The primary requirements of a model."""

    model: str
    k: Annotated[int, Meta(ge=1)]
    claims: list[AdjustedEntry]


class MultiplicityEntry(TypedDict):
    """How several claims are taken together."""

    method: Literal["holm"]
    families: list[FamilyEntry]


class ReportDocument(TypedDict):
    """Report of one run of ipllvm."""

    schema: Literal["ipllvm-report/1"]
    run: RunEntry
    models: list[ModelInfo]
    benchmarks: list[BenchmarkInfo]
    results: list[ResultEntry]
    failed: Annotated[list[FailedEntry], _later([])]
    passed_laws: Annotated[list[PassedLawEntry], _later([])]
    not_tested: list[NotTestedEntry]
    not_measured: list[NotMeasuredEntry]
    notes: Annotated[list[str], _later([])]
    multiplicity: MultiplicityEntry
    statements: Annotated[list[StatementEntry], _later([])]


RECORDS: Final = (
    BenchmarkInfo, Claim, Counterexample, Estimate, FlipExample, ModelInfo, Point, Series, Verdict,
)  # fmt: skip
ENTRIES: Final[tuple[type, ...]] = (
    ReportDocument, RunEntry, ErrorEntry, FigureEntry, StandingEntry, ResultEntry, StatementEntry,
    FailedEntry, PassedLawEntry, NotTestedEntry, NotMeasuredEntry, AdjustedEntry, FamilyEntry,
    MultiplicityEntry,
)  # fmt: skip
"""Their fields in the order of the types, which msgspec sorts."""
IDENTIFIED: Final = (ModelInfo.__name__, BenchmarkInfo.__name__)
"""Records that a report lists once, under an `id`."""
FINITE: Final = {("Claim", "margin"), ("Claim", "alpha"), ("Claim", "planned_discordance")}
"""Numbers that are never null."""
_P: Final = {"minimum": 0, "maximum": 1}
_LIST: Final[Mapping[str, Any]] = {EARLIER: []}
_PICTURE: Final = {"type": "string", "pattern": "^data:image/(png|webp);base64,[A-Za-z0-9+/=]*$"}
RULES: Final[Mapping[tuple[str, str], Mapping[str, Any]]] = {
    ("Claim", "direction"): {"enum": ["at_most", "at_least"]},
    ("Claim", "kind"): {"enum": ["requirement", "observation"]},
    ("Claim", "alpha"): {"exclusiveMinimum": 0, "exclusiveMaximum": 1},
    ("Claim", "regression_margin"): {EARLIER: None},
    ("Claim", "agg"): {"enum": ["mean", "max"], EARLIER: "mean"},
    ("Claim", "draws"): {"enum": ["fixed", "random"], EARLIER: "fixed"},
    ("Claim", "meaning"): {EARLIER: ""},
    ("Claim", "exact"): {"enum": ["dirichlet", "bets"], EARLIER: "dirichlet"},
    ("Counterexample", "queries"): {"formerly": "looks"},
    ("FlipExample", "pictures"): {"items": _PICTURE, "maxItems": 2},
    ("FlipExample", "read"): {"maxItems": 2, **_LIST},
    ("FlipExample", "before"): {"maxItems": 2, **_LIST},
    ("ModelInfo", "weights"): _LIST,
    ("ModelInfo", "notes"): _LIST,
    ("Series", "axes"): {"minItems": 1},
    ("Verdict", "p_holds"): _P,
    ("Verdict", "p_violated"): _P,
    ("Verdict", "p_worse"): {**_P, EARLIER: None},
    ("Verdict", "minimum_detectable_effect"): {"formerly": "smallest_detectable_effect"},
}


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of report.json."""
    _, parts = msgspec.json.schema_components([ReportDocument], ref_template="#/$defs/{name}")
    for record in RECORDS:
        _as_written(record.__name__, parts[record.__name__])
    for name in IDENTIFIED:
        parts[name]["properties"] = {"id": {"type": "string"}, **parts[name]["properties"]}
    for entry in ENTRIES:
        fields = parts[entry.__name__]["properties"]
        parts[entry.__name__]["properties"] = {name: fields[name] for name in entry.__annotations__}
    for part in parts.values():
        if "properties" in part:
            part["required"] = list(part["properties"])
    top = parts.pop(ReportDocument.__name__)
    top["properties"]["schema"] = {"const": VERSION}
    about = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": VERSION}
    return {**about, **top, "title": top.get("description", VERSION), "$defs": parts}


def _as_written(name: str, part: dict[str, Any]) -> None:
    """Say of a record's fields what JSON makes of them."""
    for field, node in part["properties"].items():
        node.pop(EARLIER, None)
        if node.get("type") == "number" and (name, field) not in FINITE:
            node["type"] = ["number", "null"]
        for each in (node, *node.get("anyOf", ()), *node.get("prefixItems", ())):
            if each.get("type") == "integer" and field != "seed":
                each["minimum"] = 0
        node.update(RULES.get((name, field), {}))
