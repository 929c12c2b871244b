"""What a release shows on the package index: no dead link in the README, and where the project is."""

import re
import runpy
import tomllib
from pathlib import Path

from ipllvm.tests.test_sizes import ROOT

HOME = "https://example.org/owner/ipllvm"
PUBLISHED = runpy.run_path(str(ROOT / ".ci" / "published.py"))


def test_every_link_of_the_readme_is_absolute_and_leads_to_a_file() -> None:
    made = PUBLISHED["readme"]((ROOT / "README.md").read_text(encoding="utf-8"), HOME, "v1.0.0")
    links = re.findall(r"\]\(([^)]+)\)", made)
    assert len(links) > 20
    for link in links:
        assert link.startswith("https://"), link
        if link.startswith(HOME):
            place = link.removeprefix(f"{HOME}/blob/v1.0.0/").partition("#")[0]
            assert (ROOT / place).exists(), link


def test_the_project_has_addresses() -> None:
    made = PUBLISHED["project"]((ROOT / "pyproject.toml").read_text(encoding="utf-8"), HOME, "v1.0.0")
    assert tomllib.loads(made)["project"]["urls"]["Source"] == HOME
    assert tomllib.loads(made)["project"]["scripts"]


def test_the_readme_is_short() -> None:
    assert len(Path(ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150
