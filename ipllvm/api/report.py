"""A report as a value: typed results by property and benchmark, views, data frames."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipllvm.errors import ClaimViolated, NotMeasured, UnknownName, UsageError
from ipllvm.records import COMPARISON, Decision, Result
from ipllvm.reporting import migration, schema
from ipllvm.reporting.answer import ReportAnswer, answer_of

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """A test of a property that gave no result, and why."""

    property: str
    model: str
    benchmark: str
    reason: str


class Report:
    """What a run found. `data` is the report as JSON has it (`ipllvm report --schema`).

    >>> report = read_report("reports/latest")  # doctest: +SKIP
    >>> report["permutation", "scenes"].verdict.decision  # doctest: +SKIP
    <Decision.VIOLATED: 'VIOLATED'>
    """

    def __init__(self, data: schema.Report, folder: Path | None = None) -> None:
        self.data = data
        self.folder = folder

    @cached_property
    def results(self) -> tuple[Result, ...]:
        """Every result, in the order in which they were measured; each has the verdict on its claim alone."""
        return tuple(map(schema.result, schema.rows(self.data)))

    @property
    def exit_status(self) -> int:
        """What the run came to: 0 nothing stands in the way, 1 violated, 6 undecided, 7 not measured."""
        return int(self.data["run"]["exit_status"])

    @property
    def answer(self) -> str:
        """Whether the model may be released, in the words of the page."""
        return self._answer.release[1]

    @property
    def ok(self) -> bool:
        """Whether nothing fails the run, no law is broken and nothing is left unmeasured.

        What fails it are requirements that are violated, of a gate with fail_on="worse" also what is worse,
        and with strict_observations findings, as for the exit status; report_only excuses nothing here.
        What is undecided is not shown to be wrong and does not count; look at `undecided`.
        """
        return self._answer.ok

    @property
    def violated(self) -> tuple[Result, ...]:
        """The requirements that are violated, as the run as a whole says (Holm's correction)."""
        return self._requirements(Decision.VIOLATED)

    @property
    def undecided(self) -> tuple[Result, ...]:
        """The requirements of which nothing is shown."""
        return self._requirements(Decision.UNDECIDED)

    @property
    def missing(self) -> tuple[Unmeasured, ...]:
        """What could not be measured, and why, also where more samples failed than may.

        Skipped properties are in `data["not_tested"]`.
        """
        names = [field.name for field in fields(Unmeasured)]
        lost = [Unmeasured(**{n: str(row[n]) for n in names}) for row in self._answer.without_result]
        failed = [
            Unmeasured(each.property, each.model.name, each.benchmark.name, each.verdict.reason)
            for each in self._of(self._answer.unmeasured)
        ]
        return (*lost, *failed)

    def standing(self, result: Result) -> Decision:
        """What the run as a whole says of a result; of an observation, its own verdict."""
        row = self._row(result)
        return Decision((row.get("standing") or {}).get("decision") or result.verdict.decision)

    def raise_for_violation(self) -> None:
        """Raises ClaimViolated with the claims that fail the run, NotMeasured where something is missing."""
        broken = [f"law {law['property']}: {law['reason']}" for law in self.data["failed"]]
        wrong = [f"{_named(each)}: {each.verdict.reason}" for each in self._of(self._answer.failing)] + broken
        if wrong:
            raise ClaimViolated("; ".join(wrong))
        if not self.ok:
            reasons = [f"{each.property} on {each.benchmark}: {each.reason}" for each in self.missing]
            raise NotMeasured("; ".join(reasons) or "the run was stopped before its end")

    def __getitem__(self, key: str | tuple[str, ...]) -> Result:
        """The result of a property or claim, and where there are several of a benchmark, and model.

        Raises UnknownName with the closest name, NotMeasured for a property that could not be measured, and
        UsageError where several results are meant.
        """
        names = _of_key(key)
        found = list(self.results)
        for lost in self.missing:
            if lost.property == names[0] and not any(names[0] in _names(each, "property") for each in found):
                raise NotMeasured(f"{lost.property} on {lost.benchmark}: {lost.reason}")
        for kind, name in zip(("property", "benchmark", "model"), names, strict=False):
            matching = [each for each in found if name in _names(each, kind)]
            if not matching:
                raise UnknownName(kind, name, {n for each in found for n in _names(each, kind)})
            found = matching
        own = [each for each in found if not each.claim.name.startswith(COMPARISON)]
        found = own if len(own) == 1 else found
        if len(found) > 1:
            raise UsageError(
                f"{', '.join(names)} is of {len(found)} results: {', '.join(map(_named, found))}"
            )
        return found[0]

    def __iter__(self) -> Iterator[Result]:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    def to_pandas(self) -> "pandas.DataFrame":
        """One row a result: names, verdict, the claimed quantity with its interval, and every other estimate.

        Raises UsageError where pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise UsageError("to_pandas needs pandas: pip install pandas") from error
        return pandas.DataFrame([_flat(each, self.standing(each)) for each in self.results])

    def to_markdown(self) -> str:
        """The report as a comment on a pull request."""
        from ipllvm.reporting import markdown

        return markdown.render(self.data)

    def to_html(self) -> str:
        """The report as a page that needs no other file."""
        from ipllvm.reporting import html

        return html.render(self.data)

    def _repr_html_(self) -> str:
        from ipllvm.api.notebook import table

        return table(self)

    def __repr__(self) -> str:
        model = ", ".join(each["name"] for each in self.data["models"])
        results = "1 result" if len(self) == 1 else f"{len(self)} results"
        return f"<ipllvm.Report of {model}: {self.answer}; {results}>"

    @property
    def _answer(self) -> ReportAnswer:
        return answer_of(self.data)

    def _of(self, rows: Sequence[schema.Row]) -> tuple[Result, ...]:
        """The results that these rows of the report are."""
        pairs = zip(self.data["results"], self.results, strict=True)
        return tuple(each for row, each in pairs if any(row is wanted for wanted in rows))

    def _row(self, result: Result) -> schema.Row:
        """A result as JSON has it."""
        found: schema.Row = self.data["results"][self.results.index(result)]
        return found

    def _requirements(self, decision: Decision) -> tuple[Result, ...]:
        """The requirements of which the run says so: of a gate the comparisons, an audit asks for both."""
        wanted = self._of(self._answer.deciding)
        return tuple(each for each in wanted if self.standing(each) is decision)


def read_report(place: "str | PathLike[str]") -> Report:
    """The report in a folder or file, or of the name of a run ("latest"); raises UsageError in one line."""
    from ipllvm.reporting.runs import find

    file = find(str(place), Path("reports"))
    return Report(migration.read(file), file.parent)


def _of_key(key: object) -> tuple[str, ...]:
    """The names that a key is of; raises UsageError where there is none, or something else."""
    names = (key,) if isinstance(key, str) else tuple(key) if isinstance(key, tuple | list) else ()
    if not names or not all(isinstance(each, str) for each in names):
        raise UsageError(f"report[{key!r}]: name a property, and a benchmark and a model behind it")
    return names


def _names(result: Result, kind: str) -> tuple[str, ...]:
    if kind == "property":
        return result.property, result.claim.name
    return (result.benchmark.name,) if kind == "benchmark" else (result.model.name,)


def _named(result: Result) -> str:
    return f"{result.property} ({result.claim.name}) on {result.benchmark.name}"


def _flat(result: Result, standing: Decision) -> dict[str, Any]:
    """A result as a row of a table; numbers that are not there are None."""
    target = result.estimates.get(result.claim.quantity)
    row: dict[str, Any] = {
        "model": result.model.name,
        "property": result.property,
        "claim": result.claim.name,
        "kind": result.claim.kind,
        "benchmark": result.benchmark.name,
        "n": getattr(target, "n", 0),
        "decision": str(result.verdict.decision),
        "standing": str(standing),
        "quantity": result.claim.quantity,
        "direction": result.claim.direction,
        "margin": result.claim.margin,
        "p_holds": result.verdict.p_holds,
        "p_violated": result.verdict.p_violated,
        "mde": result.verdict.minimum_detectable_effect,
        "seconds": result.seconds,
    }
    row |= {name: getattr(target, name, None) for name in ("value", "low", "high", "unit")}
    others = {name: each for name, each in result.estimates.items() if each is not target}
    return row | {name: estimate.value for name, estimate in others.items()}
