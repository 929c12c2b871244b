"""Folders of outcomes of somebody else: read by `store`, and by a run that goes on with them."""

from collections.abc import Callable
from pathlib import Path

from ipllvm.engine.store.outcomes import Store
from ipllvm.tests.engine.outcomes import batch, context, trials
from ipllvm.tests.engine.test_inspection import TRAPS
from ipllvm.tests.hostile import damage
from ipllvm.tests.hostile.row import Row

SHORT = ("-k", "test_clean_score", "--benchmark=planted", "--samples=4", "-q", "--report-dir=reports")
CHECK = ("check", "planted:invariant", *SHORT)


def _store(trap: Callable[[Path], None]) -> Callable[[Path], None]:
    """A folder with one file of outcomes, and what is wrong with it."""

    def make(folder: Path) -> None:
        store = Store(folder / "reports" / "outcomes")
        store.view(context()).update(batch(trials(20)))
        store.close()
        (file,) = (folder / "reports" / "outcomes").glob("*.sqlite")
        (folder / "reports" / "victim").write_text("precious")
        trap(file)

    return make


def _link(name: str, to: str) -> Callable[[Path], None]:
    """A link in the report folder to what is not in it."""

    def make(folder: Path) -> None:
        (folder / "reports").mkdir()
        (folder.parent / "elsewhere").mkdir(exist_ok=True)
        (folder / "reports" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "reports" / name).symlink_to(folder.parent / to)

    return make


FILE = "reports/outcomes/x.sqlite"
ROWS = [
    *(
        Row(
            f"store {verb} of {what}",
            ("store", verb, "reports/outcomes"),
            status,
            line,
            _store(trap),
            fast=fast,
        )
        for what, (trap, line) in TRAPS.items()
        for verb, status, fast in (
            ("info", (0, 1), False),
            ("verify", 1, "names" in what),
            ("merge", 0, False),
        )
        if verb == "verify"
        or (verb == "info" and "is" not in line and not line.startswith(("nest", "no ", "UTF")))
    ),
    *(
        Row(f"store merge of {what}", ("store", "merge", "reports/outcomes"), 0, "", _store(trap))
        for what, (trap, _) in TRAPS.items()
    ),
    *(
        Row(
            f"store verify of a file that is {what}",
            ("store", "verify", "reports/outcomes"),
            1,
            "x.sqlite",
            make,
        )
        for what, make in damage.all_of(FILE).items()
        if what not in ("missing", "empty")
    ),
    *(
        Row(f"run on a store with {what}", CHECK, 0, "", _store(trap), fast="names" in what)
        for what, (trap, _) in TRAPS.items()
    ),
    Row("store of nothing", ("store", "info", "absent"), 4, "no such folder", fast=True, lines=1),
    Row("run whose outcomes are a link", CHECK, 4, "it is a link", _link("outcomes", "elsewhere"), True, 8),
    Row("run whose artifacts are a link", CHECK, 4, "it is a link", _link("artifacts", "elsewhere"), lines=8),
    Row("run whose baselines are a link", CHECK, 4, "it is a link", _link("baselines", "elsewhere"), lines=8),
    Row("run whose cache is a link", CHECK, 4, "it is a link", _link(".pytest_cache", "elsewhere"), lines=1),
    Row(
        "run whose cache holds a link",
        CHECK,
        4,
        "it is a link",
        _link(".pytest_cache/v/cache/lastfailed", "victim"),
        True,
        1,
    ),
    Row(
        "run whose reserve is a link", CHECK, 0, "", _link("outcomes/reserve", "elsewhere/reserve"), fast=True
    ),
]
