"""Prints what a session has imported; loaded with `-p`."""

import sys


def pytest_unconfigure() -> None:
    """The top-level modules, in one line."""
    print("\nimported:", *sorted(name for name in sys.modules if "." not in name))
