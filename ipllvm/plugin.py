"""The pytest plugin: hooks only, each a short forward.

Loaded by the root conftest of a repository (`pytest_plugins = ["ipllvm.plugin"]`) or by `-p ipllvm.plugin`;
never loaded by itself into other people's sessions. It brings the fixtures `evaluation`, `model`, `benchmark`
and their like along. Imports neither torch nor numpy: collection and help stay cheap.
"""

import os
from collections.abc import Generator
from typing import Any

import pytest

from ipllvm.errors import IpllvmError
from ipllvm.models import gpus
from ipllvm.safety import interrupts
from ipllvm.session import (
    clusters,
    combinations,
    comparisons,
    fixtures,
    header,
    name_checks,
    options,
    parameters,
    precheck,
    registration,
    selection,
    streams,
)
from ipllvm.session.controller import Session
from ipllvm.session.gate_end import GateEnd
from ipllvm.session.gathered import Announcer
from ipllvm.session.in_memory import in_hand
from ipllvm.session.outcomes import OPTIONS, ROWS, case, finding, place, status, untraced
from ipllvm.session.progress import Worker
from ipllvm.session.repeats import call

TAKEN = "ipllvm-taken"


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the options and the fixtures."""
    pluginmanager.register(registration.Taken(registration.register(parser)), TAKEN)
    fixtures.register(pluginmanager)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """A gate of which nothing would run ends here, before pytest lists, explains or collects."""
    streams.reopen(config)
    try:
        combinations.check_added(config.option, [str(word) for word in config.invocation_params.args])
    except IpllvmError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_configure(config: pytest.Config) -> None:
    """Read the options; one line and exit status 4 where they can't be used."""
    config.addinivalue_line("markers", "requirement: a claim that can fail a run")
    config.addinivalue_line("markers", "observation: a finding that never changes the exit status")
    config.addinivalue_line("markers", "regression: a comparison with a baseline")
    config.addinivalue_line("markers", "law: a property without tolerance, checked by Hypothesis")
    config.addinivalue_line("markers", "fixed_n(reason): not sequential, whatever --sequential asks for")
    config.addinivalue_line(
        "markers", "benchmarks(*names, also=(), own=): what to measure on unless told otherwise"
    )
    config.addinivalue_line("markers", "claims(*names): what a property checks, if not the claim of its name")
    config.addinivalue_line(
        "markers", "parameters(*options, **words): options, or words of its own, that a property alone reads"
    )
    typed = map(str, config.invocation_params.args)
    registration.refuse_taken(config.pluginmanager.getplugin(TAKEN).spellings, typed)
    try:
        config.stash[OPTIONS] = options.read(config)
        name_checks.check(config.stash[OPTIONS])
        nothing_runs = config.stash[OPTIONS].plan or config.option.collectonly or config.option.help
        if not (nothing_runs or hasattr(config, "workerinput")):
            name_checks.require(config.stash[OPTIONS])
        workers = getattr(config.option, "numprocesses", None)
        header.check_workers(workers, config.stash[OPTIONS])
        clusters.check(config.stash[OPTIONS], workers, in_hand(config))
        handed = getattr(config, "workerinput", {}).get(comparisons.HANDED)
        kept = comparisons.reference(config.stash[OPTIONS], handed)
    except IpllvmError as error:
        raise pytest.UsageError(str(error)) from None
    if config.stash[OPTIONS].offline:
        os.environ["HF_HUB_OFFLINE"] = "1"  # what the hub's client reads when it is first imported
    if kept is not None:
        config.stash[comparisons.REFERENCE] = kept
        config.pluginmanager.register(comparisons.Arrangement(), "ipllvm-comparisons")
        config.pluginmanager.register(precheck.Precheck(), "ipllvm-precheck")
    config.add_cleanup(interrupts.install())
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(Worker(config), "ipllvm-worker")
        config.pluginmanager.register(Announcer(config), "ipllvm-announcer")
    else:
        gathering = Session(config)
        config.pluginmanager.register(gathering, "ipllvm-session")
        config.pluginmanager.register(GateEnd(gathering), "ipllvm-gate-end")


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what will be measured."""
    return header.lines(config, config.stash[OPTIONS])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parameterize by model and, where asked for, by benchmark; ids read MODEL-BENCHMARK."""
    asked = metafunc.config.stash[OPTIONS]
    parameters.declare(metafunc.definition, metafunc.config)
    if "model_name" in metafunc.fixturenames:
        labels = [asked.label(name) for name in asked.models]
        metafunc.parametrize("model_name", asked.models, ids=labels, scope="session")
    if "benchmark_name" in metafunc.fixturenames:
        name = metafunc.function.__name__.removeprefix("test_")
        wanted = selection.benchmarks(metafunc.definition.get_closest_marker("benchmarks"), asked, name)
        metafunc.parametrize("benchmark_name", wanted, scope="session")


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makeitem(
    collector: pytest.Module | pytest.Class, name: str, obj: object
) -> Generator[None, Any, Any]:
    """With --baseline: a comparison for each claim that it holds, behind the test that measures it."""
    made = yield
    return comparisons.behind(made, collector.config)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what --property does not name; keep the tests of a model together, so it is loaded once."""
    try:
        parameters.check(config, config.stash[OPTIONS])
        selection.choose(config, items, config.stash[OPTIONS].properties)
    except IpllvmError as error:
        raise pytest.UsageError(str(error)) from None
    items.sort(key=lambda item: place(item, config.stash[OPTIONS]))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A property is called once, on more and more samples, or again in other batches."""
    return call(pyfuncitem)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a finding into an outcome and hang the measured rows on the report."""
    with fixtures.unseen(item, "benchmark"), untraced(item, call):
        report = yield
    finding(report, call.excinfo.value if call.excinfo else None, item)
    vars(report)["ipllvm_case"] = case(item)
    if call.when == "call":
        vars(report)["ipllvm_rows"] = item.config.stash.get(ROWS, {}).pop(item.nodeid, [])
    comparisons.keep(item, report)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, Any] | None:
    """UNDECIDED and NOT MEASURED have letters and colours of their own."""
    return status(report)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """`-n auto` is one worker a GPU, one without."""
    return max(1, gpus.count())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep a model on one worker where there are at least as many models as workers."""
    from ipllvm.session.scheduling import scheduler

    return scheduler(config, log, config.stash[OPTIONS].models, comparisons.REFERENCE in config.stash)
