"""Where everything is known no weight is read: neither torch nor transformers is even imported."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ipllvm.models.sources import embedded_folder
from ipllvm.tests.commands.processes import environment

pytestmark = [pytest.mark.slow, pytest.mark.process]
PROGRAM = """
import json, sys
import ipllvm
report = ipllvm.check(
    sys.argv[1], properties=["permutation", "occlusion"], benchmarks="scenes", samples=12, draws=1,
    report_dir=sys.argv[2],
)
rows = [{**row, "seconds": 0, "test": "", "replay": ""} for row in report.data["results"]]
for row in rows:
    row["settings"].pop("reused", None)
    shown = [*row["flips"], *([row["counterexample"]["flip"]] if row["counterexample"] else [])]
    for flip in shown:  # its command names the folder of the report
        flip["replay"] = ""
print(json.dumps({"rows": rows, "models": report.data["models"], "torch": "torch" in sys.modules}))
"""


def measured(model: str, folder: Path, store: Path) -> dict[str, Any]:
    """What a new process finds, and whether it needed torch."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, model, str(folder)],
        env=environment(IPLLVM_STORE=str(store)), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_a_known_run_loads_no_weights_and_says_the_same(tmp_path: Path) -> None:
    first = measured("llava-tiny", tmp_path / "a", tmp_path / "store")
    again = measured("llava-tiny", tmp_path / "b", tmp_path / "store")
    assert first["torch"] and not again["torch"]
    assert first["rows"] == again["rows"] and first["models"] == again["models"]


def test_other_weights_under_the_same_name_are_another_model(tmp_path: Path) -> None:
    place = tmp_path / "model"
    shutil.copytree(embedded_folder("llava-tiny"), place)
    first = measured(str(place), tmp_path / "a", tmp_path / "store")
    config = place / "generation_config.json"
    config.write_text(config.read_text() + "\n")
    again = measured(str(place), tmp_path / "b", tmp_path / "store")
    assert again["torch"], "it was loaded anew"
    assert first["models"][0]["fingerprint"] != again["models"][0]["fingerprint"]
