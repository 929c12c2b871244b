"""What the package index shows: the README's links and the project's address, made absolute at a release.

python .ci/published.py https://HOST/OWNER/NAME TAG changes README.md and pyproject.toml in place.
"""

import re
import sys
from pathlib import Path

RELATIVE = re.compile(r"\]\((?![a-z]+:|#)([^)]+)\)")


def readme(text: str, home: str, tag: str) -> str:
    """The text with every link to a file of the repository leading to that file as of the tag."""
    return RELATIVE.sub(lambda found: f"]({home}/blob/{tag}/{found[1]})", text)


def project(text: str, home: str, tag: str) -> str:
    """pyproject.toml with the addresses of the project."""
    urls = {"Source": home, "Issues": f"{home}/issues", "Changelog": f"{home}/blob/{tag}/CHANGELOG.md"}
    table = "".join(f'{name} = "{place}"\n' for name, place in urls.items())
    return text.replace("[project.scripts]", f"[project.urls]\n{table}\n[project.scripts]", 1)


if __name__ == "__main__":
    home, tag = sys.argv[1:]
    for name, change in (("README.md", readme), ("pyproject.toml", project)):
        file = Path(name)
        file.write_text(change(file.read_text(encoding="utf-8"), home, tag), encoding="utf-8")
