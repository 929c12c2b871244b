"""What GitHub does with a job and with a composite action, as far as the files of this project use it."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml  # type: ignore[import-untyped]

from ipllvm.tests.commands.processes import ROOT, environment

BASH: Final = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c")
"""How GitHub starts a step of `shell: bash`."""
_EXPRESSION: Final = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")


@dataclass
class Job:
    """Steps in one folder: what they put out, what they print, and the file of the job's summary.

    `values` are those of expressions, such as `github.token`; `variables` go into each step's environment,
    and `bin` in the folder is first on its PATH.
    """

    folder: Path
    values: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    printed: str = ""

    @property
    def summary(self) -> Path:
        """What a job's page shows."""
        return self.folder / "summary.md"

    def action(self, place: str, given: Mapping[str, str], id: str = "") -> int:
        """Run the steps of an action with its inputs; its outputs are those of step `id`. The status is that
        of the first step that failed, 0 where none did.
        """
        described = yaml.safe_load((ROOT / place / "action.yml").read_text(encoding="utf-8"))
        missing = [
            name for name, each in described["inputs"].items() if each.get("required") and not given.get(name)
        ]
        assert not missing and given.keys() <= described["inputs"].keys(), (missing, given)
        inputs = {
            f"inputs.{name}": str(each.get("default", "")) for name, each in described["inputs"].items()
        }
        inner = Job(self.folder, self.values | inputs, self.variables)
        inner.values |= {f"inputs.{name}": text for name, text in given.items()}
        failed = 0
        for step in described["runs"]["steps"]:
            if inner.wanted(step.get("if", "success()"), failed):
                failed = inner.run(step) or failed
        self.printed = inner.printed
        for name, each in described["outputs"].items():
            self.values[f"steps.{id}.outputs.{name}"] = inner.filled(each["value"])
        self.values[f"steps.{id}.outcome"] = "failure" if failed else "success"
        return failed

    def run(self, step: Mapping[str, Any]) -> int:
        """Run a step that has a `run`; its exit status."""
        out = self.folder / "output.txt"
        out.write_text("")
        given = {name: self.filled(str(text)) for name, text in step.get("env", {}).items()}
        env = environment(**self.variables)
        path = f"{self.folder / 'bin'}:{env['PATH']}"
        files = {
            "GITHUB_OUTPUT": str(out),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_ACTIONS": "true",
        }
        done = subprocess.run(
            [*BASH, self.filled(step["run"])],
            cwd=self.folder,
            env=env
            | {"PATH": path, "RUNNER_TEMP": str(self.folder), "GITHUB_ACTIONS": "true"}
            | files
            | given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        self.printed += done.stdout
        for name, text in _lines(out):
            self.values[f"steps.{step.get('id', '')}.outputs.{name}"] = text
        return done.returncode

    def filled(self, text: str) -> str:
        """A text with its expressions put in; what has no value is empty, as on GitHub."""
        return _EXPRESSION.sub(lambda found: self.values.get(found[1], ""), text)

    def wanted(self, condition: str, failed: int) -> bool:
        """Whether a step is run: of terms that are all true."""
        return all(self._true(term, failed) for term in condition.split(" && "))

    def _true(self, term: str, failed: int) -> bool:
        if term in ("always()", "success()"):
            return term == "always()" or not failed
        name, _, wanted = term.partition(" == ")
        value = self.values.get(name, "")
        return value == wanted.strip("'") if wanted else bool(value)


def _lines(out: Path) -> Iterator[tuple[str, str]]:
    for line in out.read_text().splitlines():
        name, _, text = line.partition("=")
        yield name, text
