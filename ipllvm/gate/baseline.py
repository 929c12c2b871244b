"""Baselines: what a run found, sample by sample, kept so that a later checkpoint can be compared with it.

A gate pairs two runs by (property, claim, benchmark) and by sample id, never by test id: a new
checkpoint has a new name. The difference is signed so that positive is worse, and decided like any
claim: not worse by more than the regression margin. Imports no torch.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ipllvm.gate import answers, former
from ipllvm.records import EXACT, Claim, ClaimKey, Contrast, Failed, Result, Transcript
from ipllvm.verdicts import ratio_change

SCHEMA = "ipllvm-baseline/1"
UNSTABLE = ("perturbations", "self_check", "reused")
"""Settings that no baseline keeps."""
PAIRED = ("samples", "clusters", "values", "over")
"""What a file keeps by sample, compressed."""
ALIKE = ("bound", "lattice", "draws", "n_error", "weighted", "shared", "sample_count")
"""What an entry has of its contrast under the same name, beside what there is by sample."""


@dataclass(frozen=True, slots=True)
class BaselineEntry:
    """One claim's contrast in one run: `values` by sample id, `worse` is 1 where larger is worse, else -1.

    `floor` is how far a repetition of the same run may be off, in points, where there was one, `noise` how
    many of its clusters lost and won, of how many. A claim on a ratio has the values of its denominator,
    their bound and the share that is claimed. `failed`, `shared` and `sample_count` as in Contrast; older
    files do not say them: a `shared` of 0 is not known. A sequential gate has how many samples had given a
    value at each of its `analyses`, of how many, and how many were `planned`. `verdict` is what
    the run said of the claim, empty where that was not kept, as of clean scores and in older files.
    """

    key: ClaimKey
    claim: Claim
    worse: float
    settings: Mapping[str, Any]
    samples: tuple[str, ...]
    clusters: tuple[str, ...]
    values: tuple[float, ...]
    bound: float
    lattice: float
    draws: int
    n_error: int = 0
    floor: float | None = None
    noise: tuple[int, ...] = ()
    weighted: bool = False
    said: Mapping[str, Transcript] = field(default_factory=dict)
    over: tuple[float, ...] = ()
    over_bound: float = 1.0
    share: float = 0.0
    failed: tuple[Failed, ...] = ()
    shared: float = 1.0
    sample_count: int = 0
    analyses: tuple[tuple[int, int], ...] = ()
    planned: int = 0
    verdict: str = ""

    @classmethod
    def of(cls, key: ClaimKey, claim: Claim, contrast: Contrast) -> "BaselineEntry":
        """What would be kept of a contrast, without the settings that it was measured with."""
        below = contrast.over
        return cls(
            key=key,
            claim=claim,
            worse=claim.sign,
            settings={},
            samples=contrast.samples,
            clusters=contrast.clusters,
            values=tuple(map(float, contrast.values)),
            over=() if below is None else tuple(map(float, below.values)),
            over_bound=1.0 if below is None else below.bound,
            share=contrast.share,
            failed=contrast.failures[: len(contrast.failed)],
            **{name: getattr(contrast, name) for name in ALIKE},
        )

    @property
    def is_ratio(self) -> bool:
        """Whether the claim is on a ratio, whose denominator was kept."""
        return bool(self.over)

    @property
    def contrast(self) -> Contrast:
        """What was kept, as it was measured."""
        made = Contrast(
            self.claim.quantity,
            np.array(self.values, dtype=float),
            self.clusters,
            samples=self.samples,
            failed=self.failed,
            **{name: getattr(self, name) for name in ALIKE}
            | {"shared": self.shared or float(max(len(self.values), 1))},
        )
        if not self.over:
            return made
        values, failed = np.array(self.over, dtype=float), tuple(each.anywhere for each in self.failed)
        below = replace(made, values=values, bound=self.over_bound, weighted=True, failed=failed)
        return replace(made, over=below, share=self.share)

    @property
    def mean(self) -> float | None:
        """In points, of a ratio in %; None where nothing was measured or a denominator may be 0."""
        if self.over:
            return ratio_change.percent(self.contrast)
        return 100 * float(np.mean(self.values)) if self.values else None

    def of_samples(self, places: Sequence[int]) -> "BaselineEntry":
        """The entry of some of its samples, by their places, as if there were no others."""
        return replace(
            self,
            samples=tuple(self.samples[place] for place in places),
            clusters=tuple(self.clusters[place] for place in places),
            values=tuple(self.values[place] for place in places),
            over=tuple(self.over[place] for place in places if self.over),
        )


@dataclass(frozen=True, slots=True)
class Baseline:
    """What one run found; `about` says of which model and when."""

    about: Mapping[str, Any]
    entries: Mapping[ClaimKey, BaselineEntry]


def rows(result: Result) -> list[dict[str, Any]]:
    """What of a result a baseline keeps, in builtins; nothing for contrasts without sample ids."""
    settings = {
        **result.settings,
        "digest": result.benchmark.digest,
        **result.model.numerics,
    }
    made = []
    kept = {name: value for name, value in settings.items() if name not in UNSTABLE}
    for claim, contrast in result.paired:
        if len(contrast.samples) == len(contrast.values):
            made.append(
                {
                    "property": result.property,
                    "benchmark": result.benchmark.name,
                    "claim": {name: getattr(claim, name) for name in claim.__slots__},
                    "settings": kept if claim.agg == "mean" else {**kept, "agg": claim.agg},
                    "samples": list(contrast.samples),
                    "clusters": list(contrast.clusters),
                    "values": [float(value) for value in contrast.values],
                    **{name: getattr(contrast, name) for name in ALIKE},
                    "failed": [list(each[:4]) for each in contrast.failures[: len(contrast.failed)]],
                    "floor": result.floors.get(claim.name),
                    "noise": list(result.noise.get(claim.name, ())),
                    "analyses": [list(look) for look in result.analyses.get(claim.name, ())],
                    "planned": result.benchmark.n if result.analyses.get(claim.name) else 0,
                    "sample_count": _sample_count(result, claim, contrast),
                    **_denominator(contrast),
                    "said": answers.as_rows(result.said, contrast.samples, claim.name == CLEAN),
                }
            )
    return made


def _sample_count(result: Result, claim: Claim, contrast: Contrast) -> int:
    """How many samples were asked for a contrast's values; 0 where that is one each."""
    analyses = result.analyses.get(claim.name)
    count = analyses[-1][1] if analyses else result.benchmark.n
    return count if count > len(contrast.values) + contrast.n_error else 0


def _denominator(contrast: Contrast) -> dict[str, Any]:
    """What of the denominator of a ratio is kept."""
    below = contrast.over
    if below is None:
        return {}
    values = [float(value) for value in below.values]
    return {"over": values, "over_bound": below.bound, "share": contrast.share}


def dumps(about: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> str:
    """The text of a baseline file; the samples are compressed."""
    entries = []
    for row in found:
        paired = {name: row[name] for name in PAIRED if name in row}
        packed = answers.pack({**paired, "perturbed": answers.perturbed(row)})
        mean = 100 * float(np.mean(row["values"])) if row["values"] else None
        kept = {k: v for k, v in row.items() if k not in (*paired, "said")}
        entries.append({**kept, "mean": mean, "paired": packed})
    asked = {name: answers.pack(each) for name, each in answers.shared(found).items()}
    made = {"schema": SCHEMA, "about": dict(about), "entries": entries, "asked": asked}
    return json.dumps(made, indent=1) + "\n"


def of(about: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> Baseline:
    """The baseline that a run's rows would make."""
    entries = [entry(row, row) for row in found]
    return Baseline(about, {each.key: each for each in entries})


def entry(row: Mapping[str, Any], paired: Mapping[str, Any]) -> BaselineEntry:
    """The entry of a row in builtins, with what it has by sample."""
    claim = Claim(**row["claim"])
    return BaselineEntry(
        key=ClaimKey(row["property"], claim.name, row["benchmark"]),
        claim=claim,
        worse=claim.sign,
        settings=former.settings(row["property"], row["settings"]),
        samples=tuple(paired["samples"]),
        clusters=tuple(paired["clusters"]),
        values=tuple(paired["values"]),
        **{name: row[name] for name in ("bound", "lattice", "draws", "n_error")},
        floor=row.get("floor"),
        noise=tuple(row.get("noise") or ()),
        weighted=row.get("weighted", False),
        said=answers.of_rows(row.get("said", {})),
        over=tuple(paired.get("over", ())),
        over_bound=row.get("over_bound", 1.0),
        share=row.get("share", 0.0),
        failed=tuple(Failed(*each) for each in row.get("failed", ())),
        shared=row.get("shared") or former.shared(row["property"]),
        sample_count=row.get("sample_count", 0),
        analyses=tuple((values, asked) for values, asked in row.get("analyses", ())),
        planned=row.get("planned", 0),
        verdict=row.get("verdict", ""),
    )


def difference(old: BaselineEntry, new: BaselineEntry) -> Contrast:
    """New minus old contrast by sample id, positive is worse.

    A difference in differences lies in twice the contrast's range. Samples that one run lacks count
    as errors, which may lie as far as what either run says of them leaves open. How much the samples share,
    and how many were asked for them, is what the new run says.
    """
    after, before = new.contrast, old.contrast
    shared, there = after.paired_with(before)
    moved = new.worse * (after.values[shared] - before.values[there])
    planned = max(len(old.samples) + old.n_error, len(new.samples) + new.n_error)
    bound = 2 * new.bound if new.claim.name != CLEAN else new.bound
    failed = tuple(_unpaired(old, new, bound))
    return Contrast(
        name="regression",
        values=np.round(moved, 12),
        clusters=tuple(new.clusters[i] for i in shared),
        bound=bound,
        lattice=new.lattice,
        draws=new.draws,
        n_error=max(planned - len(shared), len(failed)),
        samples=tuple(new.samples[i] for i in shared),
        weighted=new.weighted,
        failed=failed,
        shared=after.shared,
        sample_count=after.sample_count,
    )


def _unpaired(old: BaselineEntry, new: BaselineEntry, bound: float) -> Iterator[Failed]:
    """How much worse each sample may be that not both runs have a value of, as far as any names it."""
    before, after = _known(old), _known(new)
    paired = set(old.samples).intersection(new.samples)
    for sample in {**after, **before}:
        if sample in paired:
            continue
        ends = [side.get(sample, Failed(sample, "")) for side in (after, before)]
        now, then = (
            each.within(0.0 if new.claim.name == CLEAN else -entry.bound, entry.bound)
            for each, entry in zip(ends, (new, old), strict=True)
        )
        low, high = sorted((new.worse * (now.low - then.high), new.worse * (now.high - then.low)))
        cluster = (after if sample in after else before)[sample].cluster
        yield Failed(sample, cluster, low, high).within(-bound, bound)


def _known(entry: BaselineEntry) -> dict[str, Failed]:
    """What a run says of each of its samples, with a value or without."""
    rows = zip(entry.samples, entry.clusters, entry.values, strict=True)
    own = {sample: Failed(sample, cluster, value, value) for sample, cluster, value in rows}
    return {**{each.sample: each for each in entry.failed}, **own}


CLEAN = "clean_score"


def clean_claim(margin: float, exact: str = EXACT[0]) -> Claim:
    """The claim that stands for the clean score itself: it is gated, and has no margin of its own."""
    return Claim(
        name=CLEAN,
        quantity=CLEAN,
        direction="at_least",
        margin=0.0,
        kind="requirement",
        source="not in the paper: a checkpoint must not get worse at the benchmark itself",
        text="The clean score.",
        regression_margin=margin,
        exact=exact,
    )
