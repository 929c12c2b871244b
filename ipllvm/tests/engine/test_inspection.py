"""Outcome files of others: traps that SQLite would walk into are told, and nothing outside is touched."""

import os
import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ipllvm.engine.store import inspection
from ipllvm.engine.store.integrity import verify
from ipllvm.engine.store.maintenance import content, merge
from ipllvm.engine.store.outcome_file import Damaged, OutcomeFile, Unreadable
from ipllvm.engine.store.outcomes import Store
from ipllvm.tests.engine.outcomes import batch, context, trials

PLAN = trials(50)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of outcomes, alone in its folder."""
    store = Store(tmp_path / "outcomes")
    store.view(context()).update(batch(PLAN))
    store.close()
    (found,) = (tmp_path / "outcomes").glob("*.sqlite")
    return found


def hot_journal(file: Path, *, named: Path | None = None, pages: int | None = None) -> None:
    """A journal that is to be undone in `file`; it names a super-journal where one is given."""
    size = struct.unpack(">H", file.read_bytes()[16:18])[0]
    count = file.stat().st_size // size if pages is None else pages
    made = (inspection.MAGIC + struct.pack(">IIIII", 0, 0, count, 512, size)).ljust(512, b"\0")
    if named is not None:
        name = str(named).encode()
        made += struct.pack(">I", 0x40000000 // size + 1) + name
        made += struct.pack(">II", len(name), sum(name)) + inspection.MAGIC
    inspection.journal(file).write_bytes(made)


def ahead(file: Path) -> None:
    """The file says that it is written ahead."""
    whole = bytearray(file.read_bytes())
    whole[18:20] = b"\2\2"
    file.write_bytes(whole)


def altered(statements: str) -> Callable[[Path], None]:
    """The file after some statements of SQL."""

    def alter(file: Path) -> None:
        with sqlite3.connect(file) as connection:
            connection.executescript(statements)
        connection.close()

    return alter


def linked(file: Path) -> None:
    """The file is a link to one outside."""
    file.rename(file.parents[1] / "outside.sqlite")
    file.symlink_to(file.parents[1] / "outside.sqlite")


def piped(file: Path) -> None:
    """The file is a pipe."""
    file.unlink()
    os.mkfifo(file)


def journal_to(file: Path) -> None:
    """The journal is a link to a file outside."""
    inspection.journal(file).symlink_to(file.parents[1] / "victim")


ENDLESS = (
    "DROP TABLE errors; CREATE VIEW errors AS "
    "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) "
    "SELECT id, 1 AS key, 1 AS context FROM n"
)
TRAPS: dict[str, tuple[Callable[[Path], None], str]] = {
    "a journal that names a file": (
        lambda file: hot_journal(file, named=file.parents[1] / "victim"),
        "its journal names another file",
    ),
    "a journal that makes it huge": (lambda file: hot_journal(file, pages=1 << 31), "not that of this file"),
    "a journal that is a link": (journal_to, "its journal is not a regular file"),
    "written ahead": (ahead, "written ahead"),
    "an endless view": (altered(ENDLESS), "it holds a view"),
    "a trigger": (
        altered("CREATE TRIGGER t AFTER INSERT ON errors BEGIN DELETE FROM outcomes; END"),
        "it holds a trigger",
    ),
    "another table": (altered("CREATE TABLE more (id)"), "it has other tables"),
    "a computed column": (
        altered("ALTER TABLE errors ADD COLUMN more AS (hex(zeroblob(1000000000)))"),
        "the columns of errors are computed",
    ),
    "a link": (linked, "it is not a regular file"),
    "a pipe": (piped, "it is not a regular file"),
    "numbers that are nested deep": (
        altered(f"UPDATE outcomes SET tokens = '{'[' * 90_000}', checksum = NULL WHERE id = 3"),
        "nested",
    ),
    "words for numbers": (
        altered("UPDATE outcomes SET tokens = '[\"a\"]', checksum = NULL WHERE id = 3"),
        "no list of numbers",
    ),
    "a context that is nested deep": (
        altered(f"UPDATE contexts SET fields = '{'[' * 90_000}'"),
        "context 1 can't be read",
    ),
    "text that is no UTF-8": (
        altered("UPDATE outcomes SET text = CAST(x'ff' AS TEXT), checksum = NULL WHERE id = 3"),
        "UTF-8",
    ),
}


@pytest.mark.parametrize(("trap", "line"), TRAPS.values(), ids=TRAPS)
def test_a_trap_is_told_and_nothing_outside_is_touched(
    file: Path, trap: Callable[[Path], None], line: str
) -> None:
    victim = file.parents[1] / "victim"
    victim.write_text("precious")
    trap(file)
    problems = verify(file).problems
    assert line in problems[0]
    content(file)
    store = Store(file.parent)
    assert set(store.view(context())) <= set(PLAN)
    store.close()
    merge(file.parent)
    assert victim.read_text() == "precious"
    assert {path.name for path in file.parents[1].iterdir()} <= {"outcomes", "victim", "outside.sqlite"}


def test_what_a_killed_process_left_is_still_undone(file: Path) -> None:
    hot_journal(file)
    assert inspection.mode(file) == "rw"
    store = Store(file.parent)
    assert len(store.view(context())) == len(PLAN)
    assert not inspection.journal(file).exists()
    assert inspection.mode(file) == "ro"


@pytest.mark.parametrize(
    ("page", "sector", "sound"),
    [(512, 32, True), (65536, 65536, True), (256, 512, False), (131072, 512, False), (512, 16, False),
     (512, 131072, False)],
)  # fmt: skip
def test_a_journal_has_the_sizes_that_sqlite_gives_it(
    file: Path, page: int, sector: int, sound: bool
) -> None:
    """Powers of two, pages of 512 to 65,536 bytes, sectors of 32 to 65,536 (sqlite.org/fileformat2.html)."""
    head = inspection.MAGIC + struct.pack(">IIIII", 0, 0, 1, sector, page)
    inspection.journal(file).write_bytes(head.ljust(512, b"\0"))
    if sound:
        assert inspection.mode(file) == "rw"
    else:
        with pytest.raises(inspection.Trap, match="not that of this file"):
            inspection.mode(file)


def test_each_statement_has_the_work_of_its_own(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the least that one check of a file can do with, it can be checked again and again."""
    monkeypatch.setattr(inspection, "STEPS", 10)
    monkeypatch.setattr(inspection, "PER_BYTE", 0)

    def checked(most: int, times: int) -> list[str]:
        monkeypatch.setattr(inspection, "BASE", most)
        with closing(OutcomeFile.open(file)) as opened:
            return [opened.integrity() for _ in range(times)]

    for most in (10 << doubled for doubled in range(20)):
        try:
            checked(most, 1)
        except (Damaged, Unreadable):
            continue
        break
    assert most > 10 and checked(most, 20) == ["ok"] * 20


def test_a_process_that_is_killed_while_its_file_is_open_elsewhere_loses_only_its_batch(file: Path) -> None:
    store = Store(file.parent)
    view = store.view(context())
    assert view[PLAN[0]] == batch(PLAN)[PLAN[0]]
    hot_journal(file)
    assert len(store.view(context())) == len(PLAN)
    assert [view[trial] for trial in PLAN] == list(batch(PLAN).values())
    assert store.warnings == []


def test_a_tree_of_pages_that_share_their_children_is_no_endless_read(file: Path) -> None:
    """Pages whose children are all one page, five deep: more rows than there is time for."""
    with sqlite3.connect(file) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'outcomes'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    whole = bytearray(file.read_bytes())
    pages, levels = len(whole) // size, 5
    leaf = whole[(root - 1) * size : root * size]
    for level in range(levels + 1):
        number = root if level == 0 else pages + level
        page = leaf if level == levels else _interior(size, pages + level + 1)
        whole[(number - 1) * size : number * size] = page
    whole[28:32] = struct.pack(">I", len(whole) // size)
    file.write_bytes(whole)
    assert verify(file).problems
    assert "more work" in content(file).problem or "malformed" in content(file).problem


def _interior(size: int, child: int) -> bytes:
    """An interior page whose children are all the same page."""
    count = (size - 12) // 8
    cells = [struct.pack(">IB", child, 1 + n % 100) for n in range(count)]
    start = size - sum(map(len, cells))
    offsets = [start + 5 * n for n in range(count)]
    head = struct.pack(">BHHHBI", 5, 0, count, start, 0, child)
    return (head + b"".join(struct.pack(">H", o) for o in offsets)).ljust(start, b"\0") + b"".join(cells)


def test_work_is_counted_to_its_last_step_and_anew_for_each_statement(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        work = inspection.Work(file, connection)
        most = (inspection.BASE + inspection.PER_BYTE * file.stat().st_size) // inspection.STEPS
        assert [work._count() for _ in range(most)] == [0] * most
        assert work._count() == 1
        work.begin()
        assert work._count() == 0
        work._left = inspection.STEPS
        assert (work._count(), work._count()) == (0, 1)


def test_an_integrity_check_is_a_statement_of_its_own(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection, "STEPS", 10)
    opened = OutcomeFile.open(file)
    assert opened._work is not None
    opened._work._left = 0
    assert opened.integrity() == "ok"
    opened.close()


@pytest.mark.parametrize(
    ("pages", "sector", "page", "fits"),
    [
        (8, 512, 4096, True), (9, 512, 4096, False), (1, 512, 65536, True), (1, 512, 65537, False),
        (64, 512, 512, True), (64, 512, 511, False), (1, 32, 4096, True), (1, 31, 4096, False),
        (1, 65536, 4096, True), (1, 65537, 4096, False), (0, 512, 4096, True), (2, 512, 65536, False),
    ],
)  # fmt: skip
def test_a_journal_is_of_pages_that_the_file_can_have(
    pages: int, sector: int, page: int, fits: bool, tmp_path: Path
) -> None:
    """SQLite's file format: pages of 512 to 65,536 bytes, sectors from 32, and no more than there are."""
    journal = tmp_path / "x-journal"
    journal.write_bytes(inspection.MAGIC + struct.pack(">IIIII", 0, 0, pages, sector, page))
    if fits:
        assert inspection._journal(journal, 8 * 4096)
    else:
        with pytest.raises(inspection.Trap, match="not that of this file"):
            inspection._journal(journal, 8 * 4096)


@pytest.mark.parametrize(("size", "fits"), [(68_719_476_736, True), (68_719_476_737, False)])
def test_a_file_of_outcomes_has_64_gib_at_most(file: Path, size: int, fits: bool) -> None:
    os.truncate(file, size)  # takes no room
    if fits:
        assert inspection.mode(file) == "ro"
    else:
        with pytest.raises(inspection.Trap, match="more than 68,719,476,736"):
            inspection.mode(file)


@pytest.mark.parametrize(("size", "fits"), [(16_000_000, True), (17_000_000, False)])
def test_a_cell_has_16_mib_at_most(file: Path, size: int, fits: bool) -> None:
    altered(f"UPDATE outcomes SET text = hex(zeroblob({size // 2})), checksum = NULL WHERE id = 3")(file)
    with closing(OutcomeFile.open(file)) as opened:
        ((named,),) = opened.rows("SELECT key FROM outcomes WHERE id = 3")
        if fits:
            assert len(opened.response(3, named).text) == size
        else:
            with pytest.raises(Damaged, match="too big"):
                opened.response(3, named)


def test_nothing_of_a_schema_is_trusted_once_it_is_looked_at(tmp_path: Path) -> None:
    """Functions with side effects in its views and triggers are refused by SQLite itself."""
    with closing(sqlite3.connect(tmp_path / "other.sqlite")) as connection:
        connection.execute("PRAGMA trusted_schema = ON")
        inspection.Work(tmp_path / "other.sqlite", connection)
        assert connection.execute("PRAGMA trusted_schema").fetchone() == (0,)
