"""The command lines that show a trial of a report again: known once the report has a place."""

import shlex
from pathlib import Path

from ipllvm.reporting.schema import Report, Row


def put(report: Report, folder: Path) -> None:
    """Give every flip of `report`, which is to lie in `folder`, its command line."""
    several = len(report["models"]) > 1
    for row in report["results"]:
        for flip in row.get("flips", ()):
            flip["replay"] = command(folder, row, flip, several)


def command(folder: Path, row: Row, trial: Row, several: bool = False) -> str:
    """The command line that answers one trial of a result again; `several` names the model too.

    >>> row = {"property": "p", "benchmark": "scenes", "model": "m"}
    >>> command(Path("r"), row, {"sample": "s 1", "perturbation": "blank(level=127)", "draw": 0})
    "ipllvm replay r p 's 1' --benchmark=scenes '--perturbation=blank(level=127)' --draw=0"
    """
    chosen = [f"--model={row['model']}"] if several else []
    chosen += [f"--benchmark={row['benchmark']}", f"--perturbation={trial['perturbation']}"]
    return shlex.join(
        [
            "ipllvm",
            "replay",
            str(folder),
            row["property"],
            trial["sample"],
            *chosen,
            f"--draw={trial['draw']}",
        ]
    )
