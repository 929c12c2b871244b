"""`ipllvm audit MODEL`: everything that is measured, in every view, with checksums."""

import argparse
import hashlib
import json
from pathlib import Path

from ipllvm.commands import check

PASSES_ON = True
MANIFEST = "manifest.json"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm audit`."""
    parser.description = (
        "The audit profile on a model: says what it costs, runs it, writes report.json, report.md, "
        "report.html, junit.xml and a manifest with checksums. Interrupted, the same command goes on."
    )
    parser.usage = "ipllvm audit MODEL [--baseline B] [arguments of pytest]"
    parser.add_argument("model", help="an alias, a folder, or org/name on the hub")
    parser.add_argument("--report-dir", type=Path, default=Path("reports"), help="default reports")


def main(args: argparse.Namespace) -> int:
    """Plan, run, and sum up; pytest's exit status."""
    folder: Path = args.report_dir
    asked = ["--profile=audit", f"--report-dir={folder}", *args.rest]
    status = check.run(args.model, [*asked, "--plan", "-q"])
    if status:
        return status
    before = set(_runs(folder))
    folder.mkdir(parents=True, exist_ok=True)
    junit = folder / "junit.xml"
    status = check.run(args.model, [*asked, f"--junitxml={junit}"])
    for run in sorted(set(_runs(folder)) - before):
        junit.replace(run / "junit.xml")
        print(f"manifest: {manifest(run)}")
    return status


def _runs(folder: Path) -> list[Path]:
    return [path.parent for path in folder.glob("*/report.json")]


def manifest(run: Path) -> Path:
    """Write the size and sha256 of every file of a run beside them; returns where."""
    files = sorted(path for path in run.rglob("*") if path.is_file() and path.name != MANIFEST)
    rows = [
        {
            "file": str(path.relative_to(run)),
            "bytes": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in files
    ]
    place = run / MANIFEST
    place.write_text(json.dumps({"files": rows}, indent=1) + "\n", encoding="utf-8")
    return place
