"""`python -m ipllvm.tests.hostile [WORD]`: every row whose name holds the word, and what came of them."""

import shutil
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ipllvm.tests.hostile.row import Row, faults, run
from ipllvm.tests.hostile.test_hostile import ROWS


def _judged(row: Row) -> tuple[Row, list[str], float, str]:
    folder = Path(tempfile.mkdtemp())
    try:
        ended = run(row, folder / "case")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return row, faults(row, ended), ended.seconds, ended.output


def main(word: str = "") -> int:
    """Run them two at a time; 1 where one did not end as it has to."""
    kinds: Counter[str] = Counter()
    with ThreadPoolExecutor(2) as pool:
        for row, found, seconds, output in pool.map(_judged, [row for row in ROWS if word in row.name]):
            kinds["tried"] += 1
            kinds["as expected"] += not found
            for fault in found:
                kinds[" ".join(fault.split()[:3])] += 1
            if found:
                print(
                    f"{row.name} ({seconds:.1f} s): {'; '.join(found)}\n    {output.strip()[-600:]!r}",
                    flush=True,
                )
    print("; ".join(f"{name}: {count}" for name, count in kinds.items()))
    return int(kinds["tried"] != kinds["as expected"])


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))
