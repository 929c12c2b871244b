"""Several short pytest sessions in one process: argument lists in, statuses and output out, as JSON."""

import contextlib
import io
import json
import sys

import pytest


def main() -> None:
    """Run `pytest.main` for each list of arguments in the first one; the last line has what came of them."""
    done = []
    for arguments in json.loads(sys.argv[1]):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            status = pytest.main(arguments)
        done.append([int(status), printed.getvalue()])
    print(json.dumps(done))


if __name__ == "__main__":
    main()
