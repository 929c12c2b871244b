"""Sessions and checkpoints that several test files look at."""

from pathlib import Path

import pytest

from ipllvm.tests.plugin.sessions import Session, session, suite

# The other files here are plugins and suites for sessions of their own: importing them for
# doctests would put their pretended torch in place of the real one.
collect_ignore_glob = ["[!t]*.py"]


@pytest.fixture(scope="session")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A session with one test of every outcome."""
    folder = suite(tmp_path_factory.mktemp("outcomes"), "suite_outcomes")
    return session(folder, "--benchmark=scenes", "-rA", "--junitxml=junit.xml", drawn=True)


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two tiny random checkpoints of the LLaVA family."""
    from ipllvm.tests.checkpoints import make

    folder = tmp_path_factory.mktemp("checkpoints")
    return make("llava", folder / "first", seed=1), make("llava", folder / "second", seed=2)
