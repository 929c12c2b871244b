"""The store: what is written is found again, by content, whatever happens to the process or the file."""

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import torch

from ipllvm.benchmarks import planted
from ipllvm.engine.context import ENGINE, Context, key
from ipllvm.engine.store import exporting, maintenance, outcome_file, outcomes
from ipllvm.engine.store.integrity import Verified, verify
from ipllvm.engine.store.outcome_file import Damaged, Newer, OutcomeFile, Unreadable
from ipllvm.engine.store.outcome_row import answer, names
from ipllvm.engine.store.outcomes import RESERVE, RESERVED, Store, set_aside
from ipllvm.errors import NotMeasured, StoreFailed, StoreFull, UnknownName, UsageError
from ipllvm.models.loading import load
from ipllvm.records import Response, Trial
from ipllvm.speed.memory import resident, watched
from ipllvm.tests.engine import killed, million
from ipllvm.tests.engine.outcomes import batch, context, trials

SOME = batch(trials(40))
MORE = batch(trials(60))


def _written(folder: Path, outcomes: dict[Any, Response], **changes: Any) -> Path:
    """The file that a process of its own would have made."""
    store = Store(folder)
    before = set(maintenance.files(folder))
    store.view(context(**changes)).update(outcomes)
    store.close()
    (made,) = set(maintenance.files(folder)) - before
    return made


def test_another_process_finds_what_was_written(tmp_path: Path) -> None:
    _written(tmp_path, SOME)
    assert dict(Store(tmp_path).view(context())) == SOME


def test_files_are_read_as_one_but_for_what_they_disagree_on(tmp_path: Path) -> None:
    _written(tmp_path, SOME)
    other = {trial: Response("something else") for trial in MORE}
    _written(tmp_path, other)
    found = Store(tmp_path).view(context())
    assert dict(found) == {trial: other[trial] for trial in MORE if trial not in SOME}


def test_a_trial_that_failed_and_then_did_not_is_one(tmp_path: Path) -> None:
    """And the other way about: it is counted and listed once, as what it was last."""
    (trial, *_) = trials(1)
    done, failed = Response("yes"), Response("", error="OSError: truncated")
    for first, last in ((done, failed), (failed, done)):
        view = Store(tmp_path / last.text).view(context())
        for response in (first, last):
            view.update({trial: response})
        assert (len(view), list(view), view[trial]) == (1, [trial], last)


def test_nothing_is_made_before_the_first_batch(tmp_path: Path) -> None:
    folder = tmp_path / "outcomes"
    store = Store(folder)
    assert len(store.view(context())) == 0
    store.close()
    assert not folder.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"model": "c" * 64},
        {"dtype": "bfloat16"},
        {"device": "cuda"},
        {"attention": "eager"},
        {"torch": "2.11.0"},
        {"transformers": "5.0.0"},
        {"benchmark": "c" * 64},
        {"prompt": "original"},
        {"answer": "likelihood"},
        {"max_new_tokens": 4},
        {"replicate": 1},
        {"engine": 2},
        {"images": "pillow 13.0.0, torchvision 0.28.0"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_fixes_an_answer_is_part_of_the_key(tmp_path: Path, change: dict[str, Any]) -> None:
    _written(tmp_path, SOME)
    assert len(Store(tmp_path).view(context(**change))) == 0


@pytest.mark.parametrize("name", ["s-1", 'a "b"\\\n', "é 火 \U0001f525", "\udc80", "\x00\x7f", ""])
def test_keys_and_rows_are_as_json_writes_them(name: str) -> None:
    """Whatever makes them: those of before are found by them."""
    trial = Trial(name, name + "2", 3, 1 << 70)
    told = json.dumps(["ab" * 32, trial.sample, trial.perturbation, trial.draw, trial.seed])
    assert key("ab" * 32, trial) == hashlib.sha256(told.encode()).digest()[:16]
    for numbers in ((), (5,), (5, 6, 2)):
        options = tuple(-0.5 * number for number in numbers)
        cells = answer(b"k", 1.5, Response("x", numbers, None, options))[2:4]
        assert cells == tuple(json.dumps(each, separators=(",", ":")) for each in (numbers, options))


def test_names_are_no_part_of_the_key(tmp_path: Path) -> None:
    _written(tmp_path, SOME)
    renamed = context(model_name="release-3", benchmark_name="mine")
    assert dict(Store(tmp_path).view(renamed)) == SOME


def test_what_older_files_did_not_tell_is_no_part_of_their_digest() -> None:
    """The digest as it was before there was an ENGINE."""
    older = context(engine=0, images="")
    fields = {k: v for k, v in older.as_row().items() if k not in ("engine", "images")}
    assert Context.from_row(fields) == older
    counted = {k: v for k, v in fields.items() if not k.endswith("_name")}
    assert older.digest() == hashlib.sha256(json.dumps(counted, sort_keys=True).encode()).hexdigest()


@pytest.mark.parametrize(("backend", "packages"), [("pil", 1), ("torchvision", 2), ("TimmWrapper", 2)])
def test_a_context_names_what_pictures_went_through(backend: str, packages: int) -> None:
    model, data = load("planted:invariant", device="cpu").info(), planted.single()
    told = Context.of(model, data, image_backend=backend)
    assert told.engine == ENGINE >= 1
    assert told.images.startswith("pillow ") and len(told.images.split(", ")) == packages


def test_impossible_contexts_are_refused() -> None:
    with pytest.raises(UnknownName, match="did you mean 'generate'"):
        context(answer="generat")
    with pytest.raises(UsageError, match="replicate -1"):
        context(replicate=-1)


def test_an_error_is_kept_as_history_and_tried_again(tmp_path: Path) -> None:
    trial, *_ = trials(1)
    store = Store(tmp_path)
    view = store.view(context())
    view.update({trial: Response("", error="Traceback\nValueError: no")})
    assert view[trial].error is not None
    store.close()
    again = Store(tmp_path).view(context())
    assert trial not in again
    again.update({trial: Response("red", (5,))})
    assert Store(tmp_path).view(context())[trial] == Response("red", (5,))
    contents = [maintenance.content(path) for path in maintenance.files(tmp_path)]
    assert sum(c.errors.total() for c in contents) == 1


def test_a_trial_that_fails_after_it_was_answered_counts_once(tmp_path: Path) -> None:
    trial, other = trials(2)
    view = Store(tmp_path).view(context())
    view.update(batch([trial, other]))
    view.update({trial: Response("", error="ValueError: no")})
    assert (len(view), sorted(map(str, view))) == (2, sorted(map(str, (trial, other))))
    assert view[trial].error == "ValueError: no"
    view.update(batch([trial]))
    assert (len(view), list(view).count(trial)) == (2, 1)
    assert view[trial] == batch([trial])[trial]


@pytest.mark.parametrize("text", ["", "a\0b", "\ud800", "اختبار", "x" * 1_000_000, "'; DROP TABLE outcomes"])
def test_any_text_comes_back(tmp_path: Path, text: str) -> None:
    (trial,) = trials(1, perturbation=f"p({text[:20]})")
    answer = Response(text, (1, 2**40), None, (-0.5, float("-inf")))
    _written(tmp_path, {trial: answer})
    assert Store(tmp_path).view(context())[trial] == answer


@pytest.mark.parametrize("damage", ["garbage", "cut", "empty tables", "newer"])
def test_a_bad_file_is_set_aside_and_the_rest_read(tmp_path: Path, damage: str) -> None:
    _written(tmp_path, SOME)
    bad = _written(tmp_path, batch(trials(2_000)))
    if damage == "garbage":
        bad.write_bytes(b"no database at all" * 100)
    elif damage == "cut":
        bad.write_bytes(bad.read_bytes()[: bad.stat().st_size // 2])
    else:
        with sqlite3.connect(bad) as connection:
            connection.execute("PRAGMA user_version = 99" if damage == "newer" else "DROP TABLE outcomes")
        connection.close()
    store = Store(tmp_path)
    view = store.view(context())
    assert {trial: view[trial] for trial in SOME} == SOME
    (line,) = store.warnings
    assert bad.name in line and "set aside" in line and "\n" not in line
    assert not bad.exists()
    assert len(list(tmp_path.glob(f"{bad.name}.*"))) == 1


@pytest.mark.slow  # whole runs that are killed fifty times are in the fast tier
def test_kill_at_any_moment_loses_only_the_batch_in_flight(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", killed.__name__, str(tmp_path), "3"],
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
    )
    told = json.loads(done.stdout)
    assert told["lost"] == told["torn"] == told["wrong"] == 0
    assert told["warnings"] == []
    assert told["before"] > 0 and told["after"] > told["before"]
    assert told["again"] <= killed.KILLS


@pytest.mark.slow
def test_a_killed_run_goes_on_to_what_an_undisturbed_one_finds_and_repeats_nothing(tmp_path: Path) -> None:
    """Fifty processes run the engine, each killed at a random moment, and one more ends it."""
    done = subprocess.run(
        [sys.executable, "-m", "ipllvm.tests.engine.killed_runs", str(tmp_path), "3"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=240,
    )
    told = json.loads(done.stdout)
    assert told["rows"] == told["trials"] > 0 and told["kills"] == 50
    assert told["same"] and (told["repeated"], told["lost"], told["warnings"]) == (0, 0, [])


@pytest.mark.parametrize(
    ("limit", "error", "words"),
    [
        ("PAGES = 40", "StoreFull", "the disk is full (database or disk is full): make room and run again"),
        (
            "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))",
            "StoreFailed",
            "SQLITE_IOERR_WRITE",
        ),
    ],
    ids=["full", "failing"],
)
def test_a_disk_that_takes_no_more_ends_in_one_line_and_keeps_what_was_written(
    tmp_path: Path, limit: str, error: str, words: str
) -> None:
    """Stand in for full disks and failing ones: a database of few pages, a process that may not make larger
    files.
    """
    code = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from ipllvm.engine.store import outcome_file\n"
        "from ipllvm.engine.store.outcomes import Store\n"
        "from ipllvm.errors import StoreFailed\n"
        "from ipllvm.tests.engine.outcomes import batch, context, trials\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "PAGES, connect = 1 << 30, outcome_file._connect\n"
        f"{limit}\n"
        "def limited(*place):\n"
        "    connection = connect(*place)\n"
        "    connection.execute(f'PRAGMA max_page_count = {PAGES}')\n"
        "    return connection\n"
        "outcome_file._connect, told = limited, []\n"
        "view = Store(Path(sys.argv[1]), told.append).view(context())\n"
        "plan = trials(100_000)\n"
        "try:\n"
        "    for start in range(0, len(plan), 100):\n"
        "        view.update(batch(plan[start:start + 100]))\n"
        "except StoreFailed as error:\n"
        "    assert told == [str(error)]\n"
        "    print(len(view), type(error).__name__, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True, timeout=120
    )
    count, kind, line = done.stdout.strip().split(" ", 2)
    assert kind == error and words in line and line.endswith("run again; what was written stays")
    assert "\n" not in line and int(count) > 0
    assert len(Store(tmp_path).view(context())) == int(count)


def test_a_full_disk_gives_room_back_to_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    view = Store(tmp_path).view(context())
    view.update(SOME)
    assert (tmp_path / RESERVE).stat().st_size == RESERVED
    full = OSError(28, "No space left on device")
    monkeypatch.setattr(outcome_file.OutcomeFile, "add", lambda *batch: (_ for _ in ()).throw(full))
    with pytest.raises(StoreFull):
        view.update({t: r for t, r in MORE.items() if t not in SOME})
    assert not (tmp_path / RESERVE).exists()


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    place = tmp_path / "outcomes"
    place.write_text("a file")
    with pytest.raises(UsageError, match="outcomes can't be written"):
        Store(place).view(context()).update(SOME)


def test_merge_makes_one_whole_file(tmp_path: Path) -> None:
    _written(tmp_path, SOME)
    _written(tmp_path, {trial: Response("later") for trial in MORE})
    _written(tmp_path, SOME, dtype="bfloat16")
    before = [dict(Store(tmp_path).view(context(**c))) for c in ({}, {"dtype": "bfloat16"})]
    merged = maintenance.merge(tmp_path)
    assert maintenance.files(tmp_path) == [merged.file]
    assert (merged.sources, merged.outcomes) == (3, len(MORE) - len(SOME) + len(SOME))
    assert [note.partition(": ")[2] for note in merged.notes] == [
        f"{len(SOME)} outcomes that files disagree on were left out; they are measured again"
    ]
    after = [dict(Store(tmp_path).view(context(**c))) for c in ({}, {"dtype": "bfloat16"})]
    assert before == after
    assert verify(tmp_path / (merged.file or tmp_path).name) == Verified()


def test_what_a_killed_merge_left_is_removed_and_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An open file that was removed goes on taking room on the disk."""
    left = _written(tmp_path, SOME)
    left = left.rename(left.with_name(left.name + maintenance.UNFINISHED))
    close = outcome_file.OutcomeFile.close
    closed: list[Path] = []

    def closing(file: outcome_file.OutcomeFile) -> None:
        closed.append(file.path)
        close(file)

    monkeypatch.setattr(outcome_file.OutcomeFile, "close", closing)
    maintenance.merge(tmp_path)
    assert closed == [left]
    assert not left.exists()


def test_a_run_goes_on_while_its_file_is_merged_away(tmp_path: Path) -> None:
    store = Store(tmp_path)
    view = store.view(context())
    view.update(SOME)
    _written(tmp_path, batch(trials(5, perturbation="other")))
    maintenance.merge(tmp_path)
    view.update({t: r for t, r in MORE.items() if t not in SOME})
    assert {trial: view[trial] for trial in MORE} == MORE
    assert {t: r for t, r in Store(tmp_path).view(context()).items() if t in MORE} == MORE


@pytest.mark.parametrize(
    "change",
    [
        "sample = 'another'",
        "sample = (SELECT sample FROM outcomes ORDER BY id DESC LIMIT 1)",
        "perturbation = 'none'",
        "draw = draw + 100",
        "seed = '8'",
        "text = 'other'",
        "tokens = '[9]'",
        "options = '[0.5]'",
        "created = created + 1",
    ],
)
def test_a_row_that_was_changed_is_found_and_never_read(tmp_path: Path, change: str) -> None:
    made = _written(tmp_path, SOME)
    assert verify(made) == Verified()
    _edit(made, f"UPDATE outcomes SET {change} WHERE id = 1")
    (problem,) = verify(made).problems
    assert problem.startswith("outcomes 1:")
    view = Store(tmp_path).view(context())
    with pytest.raises(NotMeasured, match="run again"):
        dict(view)
    assert len(Store(tmp_path).view(context())) == 0, "it is set aside, all of it is measured again"


def test_an_outcome_that_was_put_into_another_context_is_never_read(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.view(context()).update(SOME)
    store.view(context(replicate=1)).update(batch(trials(60)[50:]))
    store.close()
    (made,) = tmp_path.glob("*.sqlite")
    _edit(made, "UPDATE outcomes SET context = 2 WHERE id = 1")
    with pytest.raises(NotMeasured, match="run again"):
        dict(Store(tmp_path).view(context(replicate=1)))


def test_a_file_without_checksums_is_read_and_its_rows_are_unchecked(tmp_path: Path) -> None:
    old = _written(tmp_path, SOME)
    _edit(old, "ALTER TABLE outcomes DROP COLUMN checksum", "PRAGMA user_version = 1")
    assert dict(Store(tmp_path).view(context())) == SOME
    assert verify(old) == Verified((), len(SOME))
    _written(tmp_path, MORE)
    merged = maintenance.merge(tmp_path)
    assert dict(Store(tmp_path).view(context())) == MORE
    assert merged.file is not None and verify(merged.file) == Verified((), len(SOME))


@pytest.mark.parametrize(
    "edit",
    [
        """UPDATE contexts SET fields = replace(fields, '"generate"', '"ranking"')""",
        """UPDATE contexts SET fields = replace(fields, '"dtype"', '"kind"')""",
        "UPDATE contexts SET fields = 'no object'",
        "DELETE FROM contexts",
        "UPDATE outcomes SET seed = 'many'",
        "UPDATE outcomes SET tokens = X'01'",
    ],
)
def test_a_file_that_says_what_cannot_be_is_damaged_and_named(tmp_path: Path, edit: str) -> None:
    made = _written(tmp_path, SOME)
    _edit(made, edit)
    assert verify(made).problems
    maintenance.content(made)  # raises nothing
    _written(tmp_path, MORE)
    merged = maintenance.merge(tmp_path)
    assert dict(Store(tmp_path).view(context())) == MORE
    assert merged.file is None or verify(merged.file) == Verified()


def _edit(file: Path, *statements: str) -> None:
    """Change a file behind its maker's back."""
    with sqlite3.connect(file) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_a_fast_writer_begins_another_file_before_a_power_cut_could_cost_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    view = store.view(context())
    for trial, response in SOME.items():
        view[trial] = response
    assert len(maintenance.files(tmp_path)) == 1
    monkeypatch.setattr(outcome_file, "SEAL_SECONDS", 0.0)
    view.update({t: r for t, r in MORE.items() if t not in SOME})
    assert len(maintenance.files(tmp_path)) == 2
    assert dict(view) == dict(Store(tmp_path).view(context())) == MORE


@pytest.mark.parametrize(
    ("age", "since", "ripe"),
    [(299.9, 0.9, False), (300.1, 0.9, True), (300.1, 1.0, True), (300.1, 1.1, False), (9_000.0, 1.1, False)],
)
def test_a_file_is_full_after_five_minutes_unless_the_next_commit_is_flushed(
    age: float, since: float, ripe: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1_000.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    file = OutcomeFile.create(tmp_path)
    clock[0] += age - since
    with file.transaction(flush=True):
        pass
    clock[0] += since
    assert file.ripe is ripe
    file.close()


def test_a_slow_writer_stays_with_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcome_file, "SEAL_SECONDS", 0.0)
    monkeypatch.setattr(outcome_file, "FLUSH_SECONDS", -1.0)
    view = Store(tmp_path).view(context())
    for trial in list(SOME)[:5]:
        view[trial] = SOME[trial]
    assert len(maintenance.files(tmp_path)) == 1, "each commit is on the disk"


def test_a_forked_process_writes_a_file_of_its_own(tmp_path: Path) -> None:
    store = Store(tmp_path)
    view = store.view(context())
    view.update(SOME)
    child = os.fork()
    if not child:
        view.update({t: r for t, r in MORE.items() if t not in SOME})
        os._exit(0)
    os.waitpid(child, 0)
    assert len(maintenance.files(tmp_path)) == 2
    assert dict(Store(tmp_path).view(context())) == MORE


def test_many_outcomes_are_written_fast_and_make_a_report_in_little_memory(tmp_path: Path) -> None:
    """`python -m ipllvm.tests.engine.million 1000000` measures a million; the bounds here are generous."""
    before = resident()
    with watched(torch.device("cpu")) as peak:
        written, read = million.write(tmp_path, 20_000), million.read(tmp_path, 20_000)
    assert read["known"] == read["trials"] == written["rows"] == 20_000
    assert read["clean"] == 100
    assert written["rows_per_cpu_s"] > 10_000
    assert read["report_cpu_s"] < 30
    assert peak.bytes - before < 400 * 2**20


def test_what_was_merged_is_on_the_disk_before_its_sources_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut between the two would else leave neither."""
    _written(tmp_path, SOME)
    _written(tmp_path, MORE)
    there: list[int] = []
    monkeypatch.setattr(maintenance, "flush", lambda folder: there.append(len(maintenance.files(folder))))
    maintenance.merge(tmp_path)
    assert 3 in there, "both sources, and what was made of them"


@pytest.mark.parametrize(
    ("seed", "cell"),
    [(0, 0), (2**63 - 1, 2**63 - 1), (2**63, str(2**63)), (2**64 - 1, str(2**64 - 1))],
)
def test_a_seed_beyond_the_numbers_of_sqlite_is_kept_as_text(
    tmp_path: Path, seed: int, cell: int | str
) -> None:
    trial = Trial("s", "blank", 0, seed)
    assert names(trial) == ("s", "blank", 0, cell)
    view = Store(tmp_path).view(context())
    view.update({trial: Response("red")})
    assert Store(tmp_path).view(context())[trial].text == "red"


def test_two_mebibytes_are_kept_for_the_report_of_a_full_disk(tmp_path: Path) -> None:
    Store(tmp_path).view(context()).update(SOME)
    assert (tmp_path / RESERVE).stat().st_size == 2_097_152


def test_what_a_process_has_written_itself_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = Store(tmp_path).view(context())
    view.update(SOME)
    read: list[int] = []
    places = outcome_file.OutcomeFile.places

    def counted(self: outcome_file.OutcomeFile, digest: str, after: int) -> Any:
        found = list(places(self, digest, after))
        read.append(len(found))
        return found

    monkeypatch.setattr(outcome_file.OutcomeFile, "places", counted)
    view.refresh()
    assert sum(read) == 0 and len(view) == len(SOME)


@pytest.mark.parametrize(
    ("trouble", "name"), [(Newer("9"), "x.sqlite.newer"), (Damaged("torn"), "x.sqlite.damaged")]
)
def test_a_file_is_set_aside_under_a_name_that_says_why(
    tmp_path: Path, trouble: Newer | Damaged, name: str
) -> None:
    (tmp_path / "x.sqlite").write_bytes(b"x")
    line = set_aside(tmp_path / "x.sqlite", trouble)
    assert [path.name for path in tmp_path.iterdir()] == [name] and f"set aside as {name}" in line
    assert ("written by a newer ipllvm" in line) == isinstance(trouble, Newer)


def _refused(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("no")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (_refused(sqlite3.SQLITE_FULL), 1),
        (_refused(sqlite3.SQLITE_BUSY), 1),
        (_refused(sqlite3.SQLITE_CORRUPT), 2),
        (Unreadable("gone"), 2),
    ],
)
def test_another_file_is_begun_where_the_first_is_damaged_or_gone_and_else_the_run_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, tries: int
) -> None:
    add, asked = outcome_file.OutcomeFile.add, list[Path]()

    def first(self: outcome_file.OutcomeFile, *what: Any) -> Any:
        asked.append(self.path)
        if len(asked) == 1:
            raise error
        return add(self, *what)

    monkeypatch.setattr(outcome_file.OutcomeFile, "add", first)
    view = Store(tmp_path).view(context())
    if tries == 1:
        with pytest.raises((StoreFailed, UsageError)):
            view.update(SOME)
    else:
        view.update(SOME)
        assert dict(view) == SOME
    assert len(set(asked)) == tries


def test_there_is_nothing_to_merge_of_one_file(tmp_path: Path) -> None:
    assert maintenance.merge(tmp_path) == maintenance.Merged(None, 0, 0, ())
    _written(tmp_path, SOME)
    assert maintenance.merge(tmp_path) == maintenance.Merged(None, 0, 0, ())


def test_so_many_files_are_open_at_once_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process may open some hundreds, and a folder of many machines holds more."""
    for number in range(5):
        _written(tmp_path, batch(trials(5, perturbation=f"p{number}")))
    open_now, most = set[int](), [0]
    init, close = outcome_file.OutcomeFile.__init__, outcome_file.OutcomeFile.close

    def opening(self: outcome_file.OutcomeFile, *what: Any) -> None:
        init(self, *what)
        open_now.add(id(self))
        most.append(len(open_now))

    def closing(self: outcome_file.OutcomeFile) -> None:
        open_now.discard(id(self))
        close(self)

    monkeypatch.setattr(outcomes, "OPEN_FILES", 2)
    monkeypatch.setattr(outcome_file.OutcomeFile, "__init__", opening)
    monkeypatch.setattr(outcome_file.OutcomeFile, "close", closing)
    store = Store(tmp_path)
    assert len(dict(store.view(context()))) == 25
    assert max(most) == 2
    store.close()
    assert not open_now


def test_what_is_merged_in_rounds_begins_as_its_oldest_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "AT_ONCE", 2)
    first, *_ = [_written(tmp_path, batch(trials(3, perturbation=f"p{number}"))) for number in range(4)]
    with closing(OutcomeFile.open(first)) as file:
        began = file.began()
    merged = maintenance.merge(tmp_path).file
    assert merged is not None
    with closing(OutcomeFile.open(merged)) as file:
        assert file.began() == began


def test_an_export_takes_its_place_whole_or_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyarrow import parquet

    made, out = _written(tmp_path / "outcomes", SOME), tmp_path / "out"
    out.mkdir()
    place = out / "all.parquet"
    assert exporting.export([made], place) == (len(SOME), [])
    assert list(out.iterdir()) == [place] and parquet.read_table(place).num_rows == len(SOME)
    whole = place.read_bytes()

    def full(*group: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exporting, "_row", full)
    with pytest.raises(UsageError, match=r"can't be written \(No space left"):
        exporting.export([made], place)
    assert list(out.iterdir()) == [place] and place.read_bytes() == whole
