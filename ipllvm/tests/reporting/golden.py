"""Golden files: what a view looked like when a person last read it.

`IPLLVM_GOLDEN=rewrite pytest ipllvm/tests/reporting` writes them anew and still fails wherever one
changed, so that somebody reads the difference; the next run without it passes.
"""

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def check_golden(name: str, text: str) -> None:
    """Fails where `text` is not what the golden file `name` holds."""
    path = FOLDER / name
    known = path.read_text(encoding="utf-8") if path.exists() else None
    if known != text and os.environ.get("IPLLVM_GOLDEN") == "rewrite":
        path.write_text(text, encoding="utf-8", newline="\n")
        raise AssertionError(f"{name} was rewritten: read the difference, then run again")
    assert text == known, f"{name} differs; IPLLVM_GOLDEN=rewrite writes it anew"
