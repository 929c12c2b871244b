"""What runs have measured, as the paper's page reads it, and the cells that it is shown in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ipllvm.benchmarks.names import PAPER, base
from ipllvm.claims import tables
from ipllvm.claims.tables import PrintedNumber
from ipllvm.paper.agreement import Agreement, Compared, compare
from ipllvm.paper.parts import PaperPart
from ipllvm.reporting.schema import Report, Row, rows

WITH: Final = " with "
"""Between a side of an alignment and the language model that it is with."""
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class PaperCell:
    """One value: of `model` on `benchmark`, under the `label` that the table gives it.

    `value` with its bounds is None where nothing was measured; `why` then says how to get it.
    """

    part: str
    model: str
    benchmark: str
    label: str
    value: float | None
    low: float | None
    high: float | None
    unit: str
    n: int
    printed: float | None
    agreement: Agreement
    why: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """What runs found, by property, model and benchmark (without protocol), and why others found nothing."""

    rows: Mapping[Key, Row]
    reasons: Mapping[Key, str]

    @classmethod
    def of(cls, reports: Sequence[Report]) -> "Measured":
        """Of several reports a later one counts; of several claims of a test the first."""
        found: dict[Key, Row] = {}
        reasons: dict[Key, str] = {}
        for report in reports:
            here: dict[Key, Row] = {}
            for row in rows(report):
                key = row["property"], row["model"]["name"], base(row["benchmark"]["name"])
                here.setdefault(key, row)
            found |= here
            for lost in (*report["not_tested"], *report["not_measured"]):
                reasons[lost["property"], lost["model"], base(lost["benchmark"])] = lost["reason"]
        return cls(found, {key: why for key, why in reasons.items() if key not in found})

    def benchmarks(self, part: PaperPart, models: Sequence[str]) -> list[str]:
        """The paper's sets of a part, then what else its property was measured on."""
        others = (key[2] for key in self.rows if key[0] == part.property_name and key[1] in models)
        return list(dict.fromkeys((*part.benchmarks, *others)))

    def compared(
        self, part: PaperPart, model: str, benchmark: str, found: Row, figure: PrintedNumber | None
    ) -> Compared:
        """What can be said of an estimate on a benchmark and the printed figure."""
        row = self.rows[part.property_name, model, benchmark]
        return compare(
            found,
            figure,
            in_paper=tables.paper_name(model) is not None,
            own_set=benchmark in part.benchmarks,
            papers_protocol=row["benchmark"]["name"].endswith(f"@{PAPER}"),
        )
