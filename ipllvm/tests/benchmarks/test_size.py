"""Opening a large copy: 15,000 rows with a gigabyte of pictures."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROWS, GROUP, BYTES = 15_000, 100, 70_000
OPEN = r"""
import json, re, sys, time
from pathlib import Path
from ipllvm.benchmarks.definition import published
import pyarrow.parquet
def memory(kind):
    return int(re.search(kind + r":\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024
before, start, busy = memory("VmRSS"), time.perf_counter(), time.process_time()
found = published("mmstar")(folder=Path(sys.argv[1]))
took = {"seconds": time.perf_counter() - start, "cpu": time.process_time() - busy}
took["mib"] = memory("VmHWM") - before
print(json.dumps({**took, "rows": len(found.samples), "picture": len(found.samples[-1].images[0].digest())}))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_a_gigabyte_opens_in_3_seconds_and_300_mb(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    plain = {
        "question": "Which?\nOptions: A: a, B: b, C: c, D: d",
        "answer": "A",
        "category": "math",
        "l2_category": "geometry",
    }
    schema = None
    for start in range(0, ROWS, GROUP):
        rows = [
            {
                "index": n,
                **plain,
                "l2_category": "geometry",
                "image": {"bytes": os.urandom(BYTES), "path": None},
            }
            for n in range(start, start + GROUP)
        ]
        table = arrow.Table.from_pylist(rows)
        schema = schema or parquet.ParquetWriter(tmp_path / "mmstar.parquet", table.schema)
        schema.write_table(table)
    assert schema is not None
    schema.close()
    command = [sys.executable, "-c", OPEN, str(tmp_path)]
    done = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(3)]
    found = min(map(json.loads, done), key=lambda each: float(each["cpu"]))
    print(found)
    assert found["rows"] == ROWS and found["picture"] == 32
    assert found["mib"] < 300
    assert found["cpu"] < 3  # of this process: other ones may keep the machine busy
