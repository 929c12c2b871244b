"""`python -m ipllvm`: the `ipllvm` command where its script is not on the path."""

import sys

from ipllvm.cli import main

sys.exit(main())
