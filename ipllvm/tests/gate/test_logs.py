"""Logs of other harnesses as baselines: paired by id, decided as ours are, what can't be gated is told."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ipllvm import cli
from ipllvm.errors import UsageError
from ipllvm.gate import baseline, logs
from ipllvm.gate.outcome import Change, Gate
from ipllvm.records import Claim, ClaimKey, Decision, Estimate, Verdict
from ipllvm.reporting import ci
from ipllvm.tests.gate import test_altered as altered

Write = Callable[[Path, list[float]], Path]


def lm_eval(folder: Path, scores: list[float]) -> Path:
    """As `lm-eval --log_samples` writes them, with a perplexity beside."""
    folder.mkdir(parents=True)
    rows = [
        {
            "doc_id": i, "doc": {"question": f"q{i}"}, "target": str(i), "arguments": [[f"q{i}", {}]],
            "resps": [["x"]], "filtered_resps": [str(score)], "filter": "strict-match",
            "metrics": ["exact_match", "perplexity"], "doc_hash": f"h{i}", "exact_match": score,
            "perplexity": 12.5,
        }
        for i, score in enumerate(scores)
    ]  # fmt: skip
    file = folder / "samples_gsm8k_2026-01-01T00-00-00.123456.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return folder


def lmms_eval(folder: Path, scores: list[float]) -> Path:
    """As lmms-eval does: the task behind the date, a score with what it belongs to."""
    folder.mkdir(parents=True)
    rows = [
        {
            "doc_id": i,
            "target": "a",
            "filtered_resps": ["a"],
            "doc_hash": f"h{i}",
            "mmmu_acc": {"id": i, "score": s},
        }
        for i, s in enumerate(scores)
    ]
    file = folder / "20260101_000000_samples_mmmu_val.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return folder


def samples_of_inspect(scores: list[float]) -> list[dict[str, Any]]:
    letters = {1.0: "C", 0.0: "I"}
    return [
        {
            "id": i, "epoch": 1, "input": f"q{i}", "target": "a", "output": {"completion": "a"},
            "scores": {"match": {"value": letters[score], "answer": "a"}},
        }
        for i, score in enumerate(scores)
    ]  # fmt: skip


def inspect_json(place: Path, scores: list[float]) -> Path:
    log = {
        "version": 2,
        "status": "success",
        "eval": {"task": "org/theory", "created": place.name},
        "samples": samples_of_inspect(scores),
    }
    file = place.with_suffix(".json")
    file.write_text(json.dumps(log))
    return file


def inspect_packed(place: Path, scores: list[float]) -> Path:
    file = place.with_suffix(".eval")
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("header.json", json.dumps({"version": 2, "eval": {"task": "theory"}}))
        for row in samples_of_inspect(scores):
            archive.writestr(f"samples/{row['id']}_epoch_1.json", json.dumps(row))
    return file


GOOD = [1.0] * 280 + [0.0] * 120
WORSE = [0.0] * 60 + [1.0] * 220 + [0.0] * 120
KINDS = (lm_eval, lmms_eval, inspect_json, inspect_packed)


@pytest.mark.parametrize("write", KINDS)
def test_a_log_of_each_harness_is_gated(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = write(tmp_path / "before", GOOD), write(tmp_path / "after", WORSE)
    assert cli.main(["gate", str(before), str(write(tmp_path / "again", GOOD))]) == 0
    capsys.readouterr()
    assert cli.main(["gate", str(before), str(after)]) == 1
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith("gate fails: worse than before: ")
    assert second.startswith("VIOLATED ") and "70.0 before, 55.0 after, worse by 15.0 [" in second
    assert second.endswith("margin 2; 60 lost and 0 gained of 400")


def test_one_run_under_two_names_is_compared_with_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As where the older of two runs was just written over, or `latest` is what was saved."""
    run, saved = tmp_path / "run", tmp_path / "saved.json"
    run.mkdir()
    found = json.loads(baseline.dumps({"started": "today"}, altered.made(0)))
    (run / "baseline.json").write_text(json.dumps(found))
    saved.write_text(json.dumps(found, indent=7))
    for after in (saved, tmp_path / "link"):
        (tmp_path / "link").unlink(missing_ok=True)
        (tmp_path / "link").symlink_to(run)
        for command in (["gate"], ["compare"], ["compare", "--self"]):
            assert cli.main([*command, str(run), str(after)]) == 4
            assert f"{run} and {after} are one run" in capsys.readouterr().err
    saved.write_text(json.dumps({**found, "about": {"started": "tomorrow"}}))
    assert cli.main(["gate", str(run), str(saved)]) == 0
    log = lm_eval(tmp_path / "log", GOOD)
    assert cli.main(["gate", str(log), f"{log}/../log"]) == 4


def test_the_margin_is_the_users(tmp_path: Path) -> None:
    before, after = lm_eval(tmp_path / "before", GOOD), lm_eval(tmp_path / "after", WORSE)
    assert cli.main(["gate", str(before), str(after), "--margin", "30"]) == 0


def test_what_can_not_be_gated_is_left_out_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = lm_eval(tmp_path / "a", GOOD), lm_eval(tmp_path / "b", GOOD)
    cli.main(["gate", str(before), str(after)])
    assert "left out: perplexity,strict-match of gsm8k" in capsys.readouterr().out


def test_which_way_is_better_is_told_where_the_name_does_not_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = lm_eval(tmp_path / "a", GOOD), lm_eval(tmp_path / "b", GOOD)
    cli.main(["gate", str(before), str(after)])
    assert "more is taken to be better" not in capsys.readouterr().out
    for place in (before, after):
        for file in place.rglob("*.jsonl"):
            file.write_text(file.read_text().replace("exact_match", "refusal_rate"))
    cli.main(["gate", str(before), str(after)])
    assert "more is taken to be better, by no word of the name: refusal_rate" in capsys.readouterr().out


def test_epochs_are_means_and_no_samples_of_their_own(tmp_path: Path) -> None:
    rows = [{**row, "epoch": epoch} for row in samples_of_inspect([1.0, 0.0]) for epoch in (1, 2)]
    file = tmp_path / "log.json"
    file.write_text(json.dumps({"version": 2, "eval": {"task": "t"}, "samples": rows}))
    ((key, entry),) = logs.load(file, 2.0).entries.items()
    assert key == ("match", "clean_score", "t")
    assert (entry.samples, entry.values, entry.draws) == (("0", "1"), (1.0, 0.0), 2)
    assert (entry.lattice, entry.bound) == (0.5, 1.0)


@pytest.mark.parametrize(
    ("old", "new", "status", "line"),
    [
        ('"h0"', '"another"', 7, "documents is "),
        (
            '"target": "0"',
            '"target": "another"',
            7,
            "documents is ",
        ),  # of which the document's hash knows nothing
        (
            '[["q0"',
            '[["Q: 1 + 1? A: 2. q0"',
            0,
            "noted: prompts is ",
        ),  # a template of its own is no other data
    ],
)
def test_other_documents_and_right_answers_are_refused_other_prompts_told(
    old: str, new: str, status: int, line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = lm_eval(tmp_path / "before", GOOD), lm_eval(tmp_path / "after", GOOD)
    (file,) = after.iterdir()
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    assert cli.main(["gate", str(before), str(after)]) == status
    assert line in capsys.readouterr().out
    assert cli.main(["gate", str(before), str(lm_eval(tmp_path / "again", GOOD))]) == 0
    assert "noted" not in capsys.readouterr().out


@pytest.mark.parametrize("write", [lm_eval, lmms_eval, inspect_packed])
def test_two_runs_in_one_folder_are_no_epochs_of_one(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Harnesses put each run beside the one before, and its answers would hide what the new one lost."""
    (tmp_path / "runs").mkdir()
    before, after = write(tmp_path / "runs" / "before", GOOD), write(tmp_path / "runs" / "after", WORSE)
    assert cli.main(["gate", str(before), str(tmp_path / "runs")]) == 4
    assert "two logs of " in capsys.readouterr().err
    assert cli.main(["gate", str(before), str(after)]) == 1


def test_missing_samples_are_not_compared(tmp_path: Path) -> None:
    before, after = lm_eval(tmp_path / "before", GOOD), lm_eval(tmp_path / "after", GOOD[:-30])
    assert cli.main(["gate", str(before), str(after)]) == 7


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"doc_id": 1}', '{"doc_id": 1, "acc": 7.5}'])
def test_what_is_no_log_is_told_in_one_line(content: str, tmp_path: Path) -> None:
    file = tmp_path / "samples_x.jsonl"
    file.write_text(content)
    with pytest.raises(UsageError) as raised:
        logs.load(file, 2.0)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"doc_id": 1}, "no score by sample (lm-eval: --log_samples)"),
        ({"doc_id": 1, "acc": 7.5}, "--log_samples); no score from 0 to 1: acc of x"),
        ({"doc_id": 1, "wer": 0.5, "acc": -1.0}, "; no score from 0 to 1: acc of x, wer of x"),
    ],
)
def test_a_log_without_a_score_says_which_it_has(row: dict[str, Any], why: str, tmp_path: Path) -> None:
    file = tmp_path / "samples_x.jsonl"
    file.write_text(json.dumps(row))
    with pytest.raises(UsageError) as raised:
        logs.load(file, 2.0)
    assert str(raised.value).endswith(why)


def test_a_packed_log_that_is_none_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.eval").write_bytes(b"PK")
    with pytest.raises(UsageError, match="not a log of inspect_ai"):
        logs.load(tmp_path / "x.eval", 2.0)


def test_a_ci_job_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    summary, output = tmp_path / "summary.md", tmp_path / "output"
    monkeypatch.setenv(ci.SUMMARY, str(summary))
    monkeypatch.setenv(ci.OUTPUT, str(output))
    monkeypatch.setenv(ci.ACTIONS, "true")
    before, after = lm_eval(tmp_path / "before", GOOD), lm_eval(tmp_path / "after", WORSE)
    assert cli.main(["gate", str(before), str(after), "--markdown", str(tmp_path / "c.md")]) == 1
    errors = [line for line in capsys.readouterr().out.splitlines() if line.startswith("::error ")]
    assert len(errors) == 1 and errors[0].startswith("::error title=ipllvm::VIOLATED exact_match")
    told = dict(line.split("=", 1) for line in output.read_text().splitlines())
    assert told["verdict"] == "fail" and told["delta"] == "15" and float(told["p"]) < 0.001
    page = summary.read_text()
    assert page == (tmp_path / "c.md").read_text() and page.startswith(ci.MARK)
    assert page.count("\n- ") == ci.EXAMPLES, "the three worst samples"


@pytest.mark.parametrize(("undecided", "status"), [("pass", 0), ("fail", 6)])
def test_what_is_undecided_is_not_said_to_pass(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    undecided: str,
    status: int,
) -> None:
    """Ten equal answers show nothing, whatever the exit status is."""
    output = tmp_path / "output"
    monkeypatch.setenv(ci.OUTPUT, str(output))
    before, after = (lm_eval(tmp_path / name, [1.0] * 10) for name in ("ten", "again"))
    assert cli.main(["gate", str(before), str(after), f"--undecided={undecided}"]) == status
    assert capsys.readouterr().out.startswith("gate undecided: ")
    assert "verdict=undecided" in output.read_text()


def test_a_comment_that_can_not_be_written_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = lm_eval(tmp_path / "a", GOOD)
    assert cli.main(["gate", str(place), str(place), f"--markdown={tmp_path / 'none' / 'c.md'}"]) == 4
    told = capsys.readouterr().err
    assert told.startswith("ipllvm gate: --markdown ") and "no such folder" in told.lower()


def test_two_claims_of_a_property_are_told_apart() -> None:
    def change(claim: str, benchmark: str) -> Change:
        made = Claim(f"regression:{claim}", "d", "at_most", 2.0, "requirement", "s", "t")
        estimate = Estimate("d", "points", 0.0, 0.0, 0.0, "m", 1, 1, 1)
        return Change(
            ClaimKey("image_use", claim, benchmark), made, 1.0, 1.0, estimate, Verdict(Decision.HOLDS, "")
        )

    own, clean, other = (
        change(*each) for each in (("image_use", "a"), ("clean_score", "a"), ("clean_score", "b"))
    )
    gate = Gate((own, clean, other))
    assert [gate.measure(each) for each in gate.changes] == [
        "image_use (image use)", "image_use (clean score)", "image_use",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "name"), [(None, "acc"), ("", "acc"), ("none", "acc"), ("strict", "acc,strict")]
)
def test_a_metric_has_the_name_of_its_filter_where_there_is_one(
    rule: str | None, name: str, tmp_path: Path
) -> None:
    rows = [{"doc_id": i, "doc": {"q": i}, "target": "a", "filter": rule, "acc": 1.0} for i in range(3)]
    file = tmp_path / "samples_arc.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    (key,) = logs.load(file, 2.0).entries
    assert key == (name, "clean_score", "arc")


def test_unequal_epochs_are_told_by_their_most(tmp_path: Path) -> None:
    rows = [*samples_of_inspect([1.0, 0.0]), {**samples_of_inspect([0.0])[0], "epoch": 2}]
    file = tmp_path / "log.json"
    file.write_text(json.dumps({"version": 2, "eval": {"task": "t"}, "samples": rows}))
    (entry,) = logs.load(file, 2.0).entries.values()
    assert (entry.draws, entry.lattice, entry.values) == (2, 0.0, (0.5, 0.0))


LESS = (
    "perplexity", "word_perplexity", "bits_per_byte", "loss", "val_loss", "logLoss", "wer", "cer,none", "mer",
    "error_rate", "errorRate", "edit_distance", "brier_score", "hallucination_rate", "ece",
    "chair_i", "CHAIRs",
    "scorer/error", "rmse", "false_positive_rate", "normalized-edit-distance",
)  # fmt: skip
MORE = (
    "exact_match", "lossless_acc", "acc_norm", "glossary", "power", "lossless", "error_detection_acc",
    "hallucination_free_rate", "non_hallucination", "f1", "bleu", "anls", "mmmu_acc", "acc_per_image",
    "answer_error_f1", "chairman",
)  # fmt: skip


@pytest.mark.parametrize(("name", "less"), [*((m, True) for m in LESS), *((m, False) for m in MORE)])
def test_a_name_says_whether_less_is_better(name: str, less: bool) -> None:
    assert logs.less_is_better(name) is less


@pytest.mark.parametrize("name", ["error_rate", "hallucination_rate", "ece"])
def test_what_should_be_less_is_left_out_and_told(tmp_path: Path, name: str) -> None:
    rows = [
        {
            "doc_id": n,
            "doc": f"q{n}",
            "target": "a",
            "metrics": [name, "lossless_acc"],
            name: 0.1,
            "lossless_acc": 1,
        }
        for n in range(8)
    ]  # fmt: skip
    file = tmp_path / "samples_toy.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    found = logs.load(tmp_path, 2.0)
    assert [key[0] for key in found.entries] == ["lossless_acc"]
    assert found.about["left_out"] == [f"{name} of toy"]


def row_of(number: int, **more: Any) -> dict[str, Any]:
    return {"doc_id": number, "doc": f"q{number}", "target": "a", "metrics": ["acc"], "acc": 1.0, **more}


def log_of(folder: Path, rows: list[dict[str, Any]], name: str = "samples_toy.jsonl") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return folder


SAMPLE = samples_of_inspect([1.0])[0]


@pytest.mark.parametrize(
    "log",
    [
        [{"eval": {}, "version": 2}],
        {"version": 2, "eval": [1], "samples": [SAMPLE]},
        {"version": 2, "eval": {"task": "t"}, "samples": {"a": 1}},
        {"version": 2, "eval": {"task": "t"}, "samples": "text"},
        {"version": 2, "eval": {"task": "t"}, "samples": [SAMPLE, None]},
    ],
)
def test_a_log_of_another_shape_is_told_in_one_line(log: Any, tmp_path: Path) -> None:
    file = tmp_path / "log.json"
    file.write_text(json.dumps(log))
    with pytest.raises(UsageError, match=r"not a log of inspect_ai: .* is no JSON object"):
        logs.load(file, 2.0)


@pytest.mark.parametrize(
    ("header", "sample", "place", "value", "why"),
    [
        ("[1]", json.dumps(SAMPLE), 0, 0, "is no JSON object"),
        ("{}", "null", 0, 0, "is no JSON object"),
        ("{}", json.dumps(SAMPLE), 8, 93, "inspect log convert"),  # packed by Zstandard
        ("{}", json.dumps(SAMPLE), 6, 1, "encrypted"),
    ],
)
def test_a_packed_log_of_another_make_is_told_in_one_line(
    header: str, sample: str, place: int, value: int, why: str, tmp_path: Path
) -> None:
    file = tmp_path / "x.eval"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("header.json", header)
        archive.writestr("samples/1.json", sample)
    data = bytearray(file.read_bytes())
    for mark, shift in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):  # a member's own head, and the directory's
        for start in [n for n in range(len(data)) if data[n : n + 4] == mark]:
            data[start + place + shift] |= value
    file.write_bytes(data)
    with pytest.raises(UsageError, match="not a log of inspect_ai") as raised:
        logs.load(file, 2.0)
    assert why in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize("name", [None, [1], True, float("nan"), "left out"])
def test_a_sample_without_a_name_is_none(name: Any, tmp_path: Path) -> None:
    """All of them had been one sample called None, of which nothing is decided."""
    rows = [row_of(0), {key: value for key, value in row_of(1, doc_id=name).items() if value != "left out"}]
    with pytest.raises(UsageError, match=r"samples_toy.jsonl: sample 2 has no 'doc_id'"):
        logs.load(log_of(tmp_path / "a", rows), 2.0)
    file = tmp_path / "log.json"
    file.write_text(json.dumps({"version": 2, "eval": {"task": "t"}, "samples": [{**SAMPLE, "id": None}]}))
    with pytest.raises(UsageError, match="sample 1 has no 'id'"):
        logs.load(file, 2.0)


def test_a_sample_that_stands_twice_is_no_epoch(tmp_path: Path) -> None:
    """A run that was written behind another one hid half of what it lost."""
    twice = [row_of(n) for n in range(3)] + [row_of(1, acc=0.0)]
    with pytest.raises(UsageError, match="two answers to '1' by acc"):
        logs.load(log_of(tmp_path / "a", twice), 2.0)
    filters = [row_of(n, filter=name) for n in range(3) for name in ("strict", "flexible")]
    assert len(logs.load(log_of(tmp_path / "b", filters), 2.0).entries) == 2
    whole = [row_of(n, doc_id=float(n)) for n in range(3)]
    (entry,) = logs.load(log_of(tmp_path / "c", whole), 2.0).entries.values()
    assert entry.samples == ("0", "1", "2"), "a table's floats are the same names"


def test_what_is_graded_in_part_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where both runs lack the same scores they are compared without, and not in silence."""
    rows = [row_of(n, acc=[1.0, None, float("nan"), "1"][n % 4]) for n in range(400)]
    sides = [log_of(tmp_path / name, rows) for name in "ab"]
    assert cli.main(["gate", *map(str, sides)]) == 0
    assert "graded in part: acc of toy: 100 of 400 samples" in capsys.readouterr().out
    whole = log_of(tmp_path / "c", [row_of(n) for n in range(400)])
    assert cli.main(["gate", str(whole), str(sides[0])]) == 7
    told = capsys.readouterr().out
    assert "300 samples are in the baseline alone" in told
    assert "documents" not in told, "of other samples the documents are others"


@pytest.mark.parametrize("value", [["a", "b"], "1.0", None, {"kept": 1}])
def test_a_metric_that_is_no_number_is_left_out_and_told(value: Any, tmp_path: Path) -> None:
    rows = [row_of(n, metrics=["acc", "bleu"], bleu=value) for n in range(3)]
    assert logs.load(log_of(tmp_path / "a", rows), 2.0).about["left_out"] == ["bleu of toy"]


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("results_2026-01-01.json", b'{"results": {}}', "totals alone, and no scores by sample: "),
        ("20260101_results.json", b'{"results": {}}', "totals alone, and no scores by sample: "),
        ("samples_toy.jsonl.gz", b"\x1f\x8b", "it is packed: unpack it first"),
        ("samples_toy.jsonl", '{"doc_id": 1}'.encode("utf-16"), "not UTF-8 but UTF-16"),
        ("log.json", '{"eval": 1, "version": 2}'.encode("utf-16"), "not UTF-8 but UTF-16"),
    ],
)
def test_what_another_harness_left_instead_of_a_log_is_named(
    name: str, content: bytes, line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No baseline of ours was damaged, and no name misspelt."""
    log = log_of(tmp_path / "log", [row_of(0)])
    other = tmp_path / "other"
    other.mkdir()
    (other / name).write_bytes(content)
    for given in (other / name, *([] if name == "log.json" else [other])):
        assert cli.main(["gate", str(log), str(given)]) == 4
        told = capsys.readouterr().err
        assert line in told and told.count("\n") == 1
