"""What `ipllvm check` shows beside pytest: names of properties in place of paths, and close options."""

import shlex
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Any

import pytest

from ipllvm.safety.printing import visible
from ipllvm.session.outcomes import uncollected
from ipllvm.session.python_call import PythonCall

REPORTER = "terminalreporter"
SHIPPED = "properties/"
"""What the node ids of the shipped properties begin with."""


class Terse:
    """A pytest plugin of the command line; `command` is what was typed, `name` that of the command.

    `files` are property files of the user's own, which are run in place of the shipped ones.
    """

    def __init__(self, name: str, command: Sequence[str], files: Sequence[str] = ()) -> None:
        self.name, self.command, self.files = name, shlex.join(["ipllvm", *command]), tuple(files)
        self.left_out: set[str] = set()

    @pytest.hookimpl(trylast=True)
    def pytest_load_initial_conftests(
        self, early_config: pytest.Config, parser: pytest.Parser, args: list[str]
    ) -> None:
        """Before anything is collected: an option that nobody knows, and the one that was meant."""
        _, unknown = parser.parse_known_and_unknown_args(args, namespace=early_config.known_args_namespace)
        for word in unknown:
            if word.startswith("--"):
                raise pytest.UsageError(_unknown(word.partition("=")[0], _options(parser)))

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """No paths of the installation: they are nobody's own."""
        own = self.files[0] if len(self.files) == 1 else "own"
        vars(config)["cwd_relative_nodeid"] = partial(_named, config.cwd_relative_nodeid, own)
        reporter: Any = config.pluginmanager.getplugin(REPORTER)
        if config.get_verbosity() > 0 or reporter is None:
            return
        reporter.showfspath = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A skip is placed by its file among the properties, wherever they are installed."""
        if isinstance(report.longrepr, tuple) and report.nodeid.startswith(SHIPPED):
            report.longrepr = (report.nodeid.partition("::")[0], *report.longrepr[1:])

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """The properties that were not chosen; no laws, which are called after them."""
        own = [item for item in items if any(map(item.get_closest_marker, ("requirement", "observation")))]
        self.left_out |= {getattr(item, "originalname", item.name).removeprefix("test_") for item in own}

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
    ) -> None:
        """That nothing was chosen, and what is called alike; why a file of one's own could not be read, in a
        line: without -v pytest says that it could not.
        """
        if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and self.left_out:
            close = _close(config.getoption("keyword"), sorted(self.left_out))
            terminalreporter.write_line(f"no property was chosen: {close}ipllvm properties lists them")
        if config.get_verbosity() > 0:
            return
        for report in terminalreporter.stats.get("error", ()):
            if isinstance(report, pytest.CollectReport):
                place = visible(report.nodeid or ", ".join(self.files))
                why = visible(uncollected(report), 300)
                terminalreporter.write_line(f"ERROR {place}: {why} (-v shows where)")

    def replay(self, about: dict[str, Any], model: str, options: Sequence[str]) -> str:
        """The command that measures a test again, as a person would type it."""
        benchmark = about["benchmark"]
        words = ["ipllvm", "check", model]
        for name in self.files or (about["property"],):
            words += ["--property", name]
        words += ["--benchmark", benchmark] if benchmark else []
        others = [each for each in options if not each.startswith(("--model=", "--benchmark="))]
        return shlex.join([*words, *others])


def _named(from_here: Callable[[Any], Any], own: str, node: Any) -> Any:
    """A node as it is shown: a shipped one by its place among the properties, one of a file of one's own,
    which has none there, by `own`, another from here.
    """
    text = str(node)
    if not text.startswith("::"):
        return node if text.startswith(SHIPPED) else from_here(node)
    parse = getattr(node, "parse", str)  # a type of its own from pytest 9.2 on
    return parse(f"{own}{text}")


def asker(config: pytest.Config) -> Terse | PythonCall | None:
    """Who started the session: the command line or a call from Python; None where it was pytest's own."""
    plugins = config.pluginmanager.get_plugins()
    return next((plugin for plugin in plugins if isinstance(plugin, Terse | PythonCall)), None)


def _options(parser: pytest.Parser) -> list[str]:
    groups = [*parser._groups, parser._anonymous]
    return [name for group in groups for option in group.options for name in option.names()]


def _unknown(word: str, known: Sequence[str]) -> str:
    return f"unknown option {word}: {_close(word, known)}ipllvm check --options lists those of the properties"


def _close(word: str, known: Sequence[str]) -> str:
    """A question for the name that may have been meant; nothing where none is close.

    >>> _close("permutaton", ["image_use", "permutation_invariance"]), _close("x", ["image_use"])
    ('did you mean permutation_invariance? ', '')
    """
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]}? " if close else ""
