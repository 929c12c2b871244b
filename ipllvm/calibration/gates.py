"""Gates run as a user runs them: pytest on the properties, a baseline of one checkpoint, then another's."""

import json
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

CHOSEN = "permutation_invariance or image_use"
PROBES = "test_patch_shuffle or test_layer_importance or test_visual_token_importance or test_occlusion["
"""What a gate leaves out because it takes longer."""
_NAME = "calibration"
_LOADED = (
    "torch", "transformers.models.llava", "ipllvm.models.loading", "ipllvm.models.transformers_model",
    "ipllvm.evaluation.evaluation", "ipllvm.artifacts.saliency", "ipllvm.engine.self_check",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Suite:
    """The properties to run, the folder where reports go, and what every session is told."""

    properties: Path
    folder: Path
    arguments: tuple[str, ...]

    @property
    def baseline(self) -> Path:
        """Where its baseline is."""
        return self.folder / "baselines" / f"{_NAME}.json"

    def session(self, model: str, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
        """Exit status and rows of `pytest properties --model=MODEL ARGUMENTS`, in a process of its own.

        The process is a fork, so that what costs seconds to import is imported once (`preload`). Raises
        RuntimeError with the end of the output where no report was written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        before = set(self.folder.glob("*/report.json"))
        told = [str(self.properties), f"--rootdir={self.properties.parent}", "-q", "--device=cpu"]
        told += ["-p", "no:cacheprovider", "-p", "no:hypothesispytest", f"--model={model}"]
        told += [f"--report-dir={self.folder}", *self.arguments, *arguments]
        log = self.folder / f"{os.getpid()}.log"
        process = multiprocessing.get_context("fork").Process(target=_pytest, args=(told, log))
        process.start()
        process.join()
        found = set(self.folder.glob("*/report.json")) - before
        if len(found) != 1:
            raise RuntimeError(f"{model}: no report was written:\n{log.read_text(encoding='utf-8')[-2000:]}")
        return process.exitcode or 0, json.loads(found.pop().read_text(encoding="utf-8"))["results"]

    def save(self, model: str) -> None:
        """Measure `model` and keep it as the baseline, unless there is one."""
        if not self.baseline.exists():
            self.session(model, "--report-only", f"--save-baseline={_NAME}")

    def gate(self, model: str, *arguments: str) -> dict[str, Any]:
        """One gate against the baseline: exit status, seconds, whether it was refused, each claim's change.

        `violated` are the claims that are worse by more than their margin, `worse` those that are worse at
        all, `undecided` those where neither is shown nor can be excluded.
        """
        began = time.monotonic()
        status, rows = self.session(model, *arguments, f"--baseline={self.baseline}")
        found = regressions(rows)
        return {
            "status": status,
            "seconds": round(time.monotonic() - began, 1),
            "refused": not found,
            "violated": [claim for claim, row in found.items() if row["verdict"] == "VIOLATED"],
            "worse": [claim for claim, row in found.items() if row["verdict"] == "VIOLATED" or row["worse"]],
            "undecided": [claim for claim, row in found.items() if row["verdict"] == "UNDECIDED"],
            "claims": found,
        }


def preload() -> None:
    """Import what every session needs, for the forks to share."""
    for module in _LOADED:
        import_module(module)


def regressions(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What the gate as a whole said of each claim, how much worse in points, its interval, who flipped."""
    found = {}
    for row in rows:
        kind, _, claim = row["claim"]["name"].partition(":")
        if kind == "regression":
            worse = row["estimates"]["regression"]
            numbers = {part: _hundredths(worse[part]) for part in ("value", "low", "high")}
            said = row["standing"] or row["verdict"]
            found[claim] = {
                "verdict": said["decision"],
                "worse": said["p_worse"] is not None and said["p_worse"] <= row["claim"]["alpha"],
                **numbers,
                "margin": row["claim"]["margin"],
                "discordant": worse["discordant"],
            }
    return found


def _hundredths(value: float | None) -> float | None:
    """None where there is no number: a ratio whose denominator can't be told from 0."""
    return None if value is None else round(value, 2)


def _pytest(arguments: list[str], log: Path) -> None:
    import pytest

    with log.open("w", encoding="utf-8") as file:
        sys.stdout.flush()
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
        status = int(pytest.main(arguments))
    sys.exit(status)
