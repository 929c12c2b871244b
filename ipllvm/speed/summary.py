"""What `make gpu-check` has found, card by card, as the section of reports/measured.md.

`python -m ipllvm.speed.summary` puts it there.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path("reports/gpu")
PAGE: Final = Path("reports/measured.md")
BEGIN, END = "<!-- reports/gpu -->", "<!-- end of reports/gpu -->"
NONE: Final = (
    "None: no GPU was at hand while this was written. `make gpu-check` is run on a CPU by the tests, with "
    "small shapes (docs/machines.md)."
)
COLUMNS: Final = ("workload", "generate/s", "batched/s", "engine/s", "x alone", "x batched", "of floor")


def file_name(card: str) -> str:
    """The file of a card.

    >>> file_name("NVIDIA H100 80GB HBM3")
    'nvidia-h100-80gb-hbm3.json'
    """
    return re.sub(r"[^a-z0-9]+", "-", card.lower()).strip("-") + ".json"


def section(folder: Path = FOLDER) -> str:
    """All cards in markdown; a sentence where there is none."""
    found = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))]
    return "\n\n".join(map(_card, found)) if found else NONE


def _card(about: Mapping[str, Any]) -> str:
    """One card: how it was measured where a note says so, its workloads, then its checks."""
    rows = [_line(COLUMNS), _line(["---"] * len(COLUMNS)), *(_line(_cells(row)) for row in about["rows"])]
    reached = about["prefill"]["rate"] / about["prefill"]["products"]
    checks = [
        f"- {check['name']}: {check['words']}{'' if check['as_aimed'] else ' (aim missed)'}"
        for check in about.get("checks", ())
    ]
    title = f"### {about['card']}: {about['model']} in {about['dtype'].removeprefix('torch.')}"
    counted = any(check["name"] == "prefill" for check in about.get("checks", ()))
    prefill = [] if counted else [f"- prefill: {reached:.0%} of the rate of matrix products"]
    calls = [f"- attention: {line}" for line in about.get("attention", ())]
    note = [f"{about['note']}.", ""] if "note" in about else []
    return "\n".join([title, "", *note, *rows, "", *prefill, *checks, *calls])


def _cells(row: Mapping[str, Any]) -> list[str]:
    rates = [f"{row[name]:,.1f}" for name in ("alone", "batched", "engine")]
    times = [f"{row[name]:.1f}" for name in ("times_alone", "times_batched")]
    return [row["name"], *rates, *times, f"{row['of_floor']:.0%}"]


def _line(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"


def updated(page: str, text: str) -> str:
    """The page with the section in its place; raises ValueError where its marks are missing."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{PAGE} lacks {BEGIN} or {END}")
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8"), section()), encoding="utf-8")
