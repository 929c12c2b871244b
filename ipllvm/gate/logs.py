"""Logs by sample of lm-eval, lmms-eval and inspect_ai, read as baselines: who measures there can gate here.

A log gives one entry for each of its tasks and metrics, paired by the harness's own ids and decided as a
clean score is. Metrics of which less is better, or that leave 0 to 1, are left out and told. Without torch.
"""

import hashlib
import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ipllvm.benchmarks.cells import row_name
from ipllvm.errors import UsageError
from ipllvm.gate import log_files
from ipllvm.gate.agreement import DOCUMENTS, PROMPTS
from ipllvm.gate.baseline import CLEAN, Baseline, BaselineEntry, clean_claim
from ipllvm.records import ClaimKey, Transcript
from ipllvm.safety.printing import visible

_LESS: Final = re.compile(
    r"(?<![a-z0-9])(?:perplexity|ppl|bits_per_byte|bpb|(?:log)?loss|nll|(?:cross_)?entropy|errors?|[wctmde]er|"
    r"mae|r?mse|s?mape|brier|ece|mce|ned|edit_dist(?:ance)?|levenshtein|distance|fpr|fnr|"
    r"false_(?:positive|negative)s?|hallucinat[a-z]*|chair_?[is]?|toxic[a-z]*|lpips|fid|attack_success|asr|"
    r"jailbr[a-z]*|harm(?:ful(?:ness)?|s)?|strong_?reject|unsafe|violations?|miss(?:_rate|es)|leak[a-z]*|"
    r"inconsisten[a-z]*|sycophan[a-z]*|stereotypes?|bias|(?:false|over)_?refusals?|latency|runtime)(?![a-z0-9])"
)
"""Whole words that name a metric of which less is better: "lossless_acc" is none."""
_MORE: Final = re.compile(
    r"(?<![a-z0-9])(?:acc(?:uracy)?|f1|precision|recall|auc|auroc|free)(?![a-z0-9])|^(?:no|non|without)[^a-z0-9]"
)
"""Words with which more is better after all, as in "error_detection_acc"."""
_KNOWN: Final = re.compile(
    r"(?<![a-z0-9])(?:exact_match|em|match|correct(?:ness)?|score|pass(?:@\d+|_at_\d+)?|bleu|rouge[a-z0-9]*|meteor|"
    r"cider|spice|anls|mcc|success|win|overall|average|includes?|judge[a-z_]*|model_graded_[a-z]+)(?![a-z0-9])"
)
"""Other words of scores of which more is better."""
_CAPITAL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
LETTERS: Final = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
"""Values of inspect_ai: correct, partially correct, incorrect, no answer."""
NOT_METRICS: Final = frozenset(
    [
        "doc_id",
        "doc",
        "doc_hash",
        "target",
        "target_hash",
        "prompt_hash",
        "arguments",
        "resps",
        "filtered_resps",
        "filter",
        "metrics",
        "input",
        "submission",
        "schema_version",
        "token_counts",
    ]
)
TEXT: Final = 2_000


@dataclass(slots=True)
class Logged:
    """What a log says of one task by one metric, by sample: scores by epoch, of several their mean.

    `documents` are digests of what was asked and what is right, `prompts` of the words that the model got.
    """

    scores: dict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(dict))
    documents: dict[str, str] = field(default_factory=dict)
    prompts: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Transcript] = field(default_factory=dict)


def is_log(place: Path) -> bool:
    """Whether a file or a folder is such a log, by its name."""
    return bool(log_files.files(place))


def load(place: Path, margin: float) -> Baseline:
    """The log as a baseline whose claims are that no score gets worse by more than `margin` points.

    Raises UsageError in one line for what can't be read or has no score by sample.
    """
    logs: dict[tuple[str, str], Logged] = defaultdict(Logged)
    seen: dict[str, Path] = {}
    samples: dict[str, set[str]] = defaultdict(set)
    for file in log_files.files(place):
        for number, (task, row) in enumerate(log_files.rows(file), start=1):
            if seen.setdefault(task, file) != file:
                both = f"{seen[task].name} and {file.name}"
                raise UsageError(f"{visible(str(place))}: two logs of {visible(f'{task}: {both}')}: name one")
            try:
                samples[task].add(_take(logs, task, row))
            except ValueError as error:
                raise UsageError(f"{visible(str(file))}: sample {number} {visible(str(error))}") from None
    entries, left = [], []
    for (task, metric), log in sorted(logs.items()):
        values = [value for each in log.scores.values() for value in each.values()]
        if not values or less_is_better(metric) or not all(0 <= value <= 1 for value in values):
            left.append(f"{metric} of {task}")
        else:
            entries.append(_entry(task, metric, log, margin))
    if not entries:
        why = f"; no score from 0 to 1: {', '.join(left)}" if left else ""
        raise UsageError(f"{visible(str(place))}: no score by sample (lm-eval: --log_samples){visible(why)}")
    guessed = sorted({each.key.property for each in entries if not more_is_better(each.key.property)})
    about = {"left_out": left, "guessed": guessed, "in_part": list(_in_part(entries, samples))}
    return Baseline(about, {each.key: each for each in entries})


def _in_part(entries: Iterable[BaselineEntry], samples: Mapping[str, set[str]]) -> Iterator[str]:
    """The metrics that not all samples of their task have a score by."""
    for entry in entries:
        task, there = entry.key.benchmark, len(entry.samples)
        if there < len(samples[task]):
            yield f"{entry.key.property} of {task}: {there:,} of {len(samples[task]):,} samples"


def less_is_better(metric: str) -> bool:
    """Whether a metric's name says that less of it is better.

    >>> [less_is_better(name) for name in ("error_rate", "CHAIR_i", "wer,none", "attack_success_rate")]
    [True, True, True, True]
    >>> [less_is_better(name) for name in ("lossless_acc", "f1", "bias_free")]
    [False, False, False]
    """
    name = _CAPITAL.sub("_", metric).casefold()
    return bool(_LESS.search(name)) and not _MORE.search(name)


def more_is_better(metric: str) -> bool:
    """Whether a metric's name says that more of it is better; of others that is taken to be so, and told.

    >>> [more_is_better(name) for name in ("exact_match,none", "relaxed_acc", "pass@1", "refusal_rate")]
    [True, True, True, False]
    """
    name = _CAPITAL.sub("_", metric.partition(",")[0]).casefold()
    return bool(_MORE.search(name) or _KNOWN.search(name))


def _take(logs: dict[tuple[str, str], Logged], task: str, row: Mapping[str, Any]) -> str:
    """Take in one sample of a log, and return its name; raises ValueError without one, or a second time."""
    of_inspect = "scores" in row or ("epoch" in row and "doc_id" not in row)
    sample = _name(row, "id" if of_inspect else "doc_id")
    epoch = str(row.get("epoch"))
    for metric, value in _inspect_values(row) if of_inspect else _harness_values(row):
        log = logs[task, metric]
        if value is None or math.isnan(value):
            continue
        if epoch in log.scores[sample]:
            raise ValueError(f"is one of two answers to '{sample}' by {metric}: leave in those of one run")
        log.scores[sample][epoch] = value
        document = row.get("doc_hash") or row.get("input") or row.get("doc")
        log.documents[sample] = _digest([document, row.get("target")])
        log.prompts[sample] = _digest(row.get("prompt_hash") or row.get("arguments"))
        log.answers[sample] = Transcript(_question(row), _answer(row))
    return sample


def _name(row: Mapping[str, Any], column: str) -> str:
    """By what a sample is paired; raises ValueError where it is no name."""
    value = row.get(column)
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value != value:
        raise ValueError(f"has no '{column}' to be paired by")
    return row_name(value)


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _of_all(digests: Mapping[str, str]) -> str:
    return hashlib.sha256("".join(digests[each] for each in sorted(digests)).encode()).hexdigest()[:16]


def _harness_values(row: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
    """The metrics of a line of lm-eval or lmms-eval; one under a filter has the filter's name too.

    One that is named and no number is None.
    """
    named = row.get("metrics")
    others = (name for name in row if name not in NOT_METRICS)
    names: Iterable[str] = named if isinstance(named, list) else others
    rule = row.get("filter")
    for name in map(str, names):
        value = row.get(name)
        if isinstance(value, dict):  # lmms-eval hands each sample's score on with what it belongs to
            value = next((value[key] for key in ("score", "accuracy", "correct") if key in value), None)
        number = float(value) if isinstance(value, int | float) else None
        if number is not None or isinstance(named, list):
            yield f"{name},{rule}" if rule and rule != "none" else name, number


def _inspect_values(row: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
    scores = row.get("scores")
    for name, score in scores.items() if isinstance(scores, dict) else ():
        value = score.get("value") if isinstance(score, dict) else score
        parts = value.items() if isinstance(value, dict) else [("", value)]
        for part, each in parts:
            number = LETTERS.get(each) if isinstance(each, str) else each
            known = float(number) if isinstance(number, int | float) else None
            yield f"{name}/{part}" if part else str(name), known


def _question(row: Mapping[str, Any]) -> str:
    content = row.get("input")
    if not isinstance(content, str):
        arguments = row.get("arguments")
        first = arguments[0] if isinstance(arguments, list) and arguments else ""
        content = first[0] if isinstance(first, list) and first else first
    return str(content)[:TEXT] if content else ""


def _answer(row: Mapping[str, Any]) -> str:
    output = row.get("output")
    if isinstance(output, dict):
        return str(output.get("completion", ""))[:TEXT]
    found = row.get("filtered_resps", row.get("resps", ""))
    while isinstance(found, list) and found:
        found = found[0]
    return str(found)[:TEXT]


def _entry(task: str, metric: str, log: Logged, margin: float) -> BaselineEntry:
    samples = tuple(log.scores)
    values = tuple(sum(each.values()) / len(each) for each in log.scores.values())
    epochs = {len(each) for each in log.scores.values()}
    whole = {value for each in log.scores.values() for value in each.values()} <= {0.0, 1.0}
    return BaselineEntry(
        key=ClaimKey(metric, CLEAN, task),
        claim=clean_claim(margin),
        worse=-1.0,
        settings={
            DOCUMENTS: _of_all(log.documents),
            PROMPTS: _of_all(log.prompts),
            "epochs": str(sorted(epochs)),
        },
        samples=samples,
        clusters=samples,
        values=values,
        bound=1.0,
        lattice=1.0 / max(epochs) if whole and len(epochs) == 1 else 0.0,
        draws=max(epochs),
        said=log.answers,
    )
