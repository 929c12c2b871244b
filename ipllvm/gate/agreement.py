"""What must agree between two runs, for their numbers to be of the same thing judged by the same rule.

Each table names what may differ; all that it does not name must agree, so that a setting or a field
of a claim that nobody thought of is refused and not let through. Imports no torch.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from ipllvm.records import Claim
from ipllvm.safety.printing import visible
from ipllvm.verdicts.failing import NOT_MEASURED

if TYPE_CHECKING:
    from ipllvm.gate.baseline import Baseline, BaselineEntry

DOCUMENTS, PROMPTS = "documents", "prompts"
"""Settings of logs: digests of what was asked and is right, and of the words that the model got."""
IMMATERIAL: Final = frozenset(
    {
        "batch_size", "device", "self_check", "sequential", "perturbations",
        "judge_calls", "retention", "crossing", "clip_i", PROMPTS, "asked",
        "max_errors",
    }
)  # fmt: skip
"""Settings of a row that may differ: how it was run, and what was found beside the claim."""
SERVED: Final = "served"
"""The value of what a server does not say of a model behind it: what serving changed is the question."""
HIDDEN: Final = ("dtype", "attention", "template")
"""Settings that may have that value."""
_FOUND_WITH = " with "
"""In the name of a setting: what was found with another model, as alignment says of each."""
_OFFICIAL = "official "
"""How the names of settings begin that say what a benchmark's own script makes of the answers."""
WORDS: Final = frozenset({"text", "source", "meaning"})
"""Fields of a claim that no verdict depends on."""
SHAPE: Final = ("bound", "lattice", "draws", "weighted", "is_ratio", "share", "over_bound")
"""What an entry says of the range of its values."""
FAILED: Final = "failed"
UNMEASURED: Final = "unmeasured"
"""Under which names a baseline says which laws and tests failed in its run, and which gave nothing."""
VERSIONS: Final = ("transformers", "readings")
"""Of another version it is another model, or another reading of answers; others may differ, which is told."""
REMEDIES: Final = {
    "dtype": "give both runs the same --dtype; a model in memory is measured as it was loaded (dtype=...)",
    PROMPTS: "of logs: another chat template, or other examples before the questions",
}
"""What to do where a setting differs, if that is not plain."""
NAMED: Final = 3
_LONG: Final = 32


def material(setting: str) -> bool:
    """Whether a setting must agree.

    >>> [material(name) for name in ("noise", "an option of next year", "batch_size", "official total")]
    [True, True, False, False]
    """
    found = _FOUND_WITH in setting or setting.startswith(_OFFICIAL)
    return setting not in IMMATERIAL and not found


def disagreements(old: "BaselineEntry", new: "BaselineEntry") -> Iterator[str]:
    """Why two entries can't be compared, each with both values; nothing where they can."""
    settings = {**dict.fromkeys(old.settings), **new.settings}
    if set(old.samples) != set(new.samples) and not (old.n_error or new.n_error):
        settings.pop(DOCUMENTS, None)  # of other samples, which is told below, they are others
    found = [*foreseen(old, settings, new.claim)]
    yield from found or _differ(_values(old, SHAPE), _values(new, SHAPE), SHAPE, "the contrast's ")
    yield from _unmeasured(new, "this run")
    unasked = new.planned - len(new.samples) - new.n_error  # it stopped before it came to them
    yield from _unlike_samples(old.samples, old.n_error, new.samples, new.n_error, max(unasked, 0))
    yield from _unlike_clusters(old, new)
    if not (old.samples and new.samples):
        yield f"no sample was measured in {'this run' if old.samples else 'the baseline'}"


def foreseen(
    old: "BaselineEntry", settings: Mapping[str, Any], claim: Claim | None = None, samples: Sequence[str] = ()
) -> Iterator[str]:
    """Why an entry can't be compared with a run of these settings, claim and samples, whatever it measures.

    What is left out, None or empty, is not looked at.
    """
    yield from _unmeasured(old, "the baseline")
    hidden = _served(old.settings, settings)
    yield from _differ(old.settings, settings, (n for n in settings if material(n) and n not in hidden))
    if claim is not None:
        judged = [field.name for field in fields(Claim) if field.name not in WORDS]
        yield from _differ(_values(old.claim, judged), _values(claim, judged), judged, "the claim's ")
    if samples:
        yield from _unlike_samples(old.samples, old.n_error, samples, 0)


def _unmeasured(entry: "BaselineEntry", where: str) -> Iterator[str]:
    """That more of its samples failed than may."""
    if entry.verdict == NOT_MEASURED:
        yield f"its property could not be measured in {where}"


def versions(old: "Baseline", new: "Baseline") -> tuple[list[str], list[str]]:
    """Of versions, machines and broken laws: what refuses every comparison, and what is told.

    What one side does not say agrees.
    """
    before, after = (
        {**each.about.get("versions", {}), **each.about.get("machine", {})} for each in (old, new)
    )
    both = [name for name in before if name in after]
    refused = _differ(before, after, (name for name in both if name in VERSIONS))
    broken = [f"{visible(test, 200)} failed in the baseline" for test in old.about.get(FAILED, ())]
    return [*broken, *refused], list(_differ(before, after, (name for name in both if name not in VERSIONS)))


def devices(old: "BaselineEntry", new: "BaselineEntry") -> Iterator[str]:
    """The kinds of device, prompts of logs and what a server hides, where they differ, which is told."""
    names = ("device", PROMPTS, *sorted(_served(old.settings, new.settings)))
    return _differ(old.settings, new.settings, names)


def _served(old: Mapping[str, Any], new: Mapping[str, Any]) -> set[str]:
    """The settings of which a server says nothing in one of two runs."""
    return {name for name in HIDDEN if SERVED in (old.get(name), new.get(name))}


def _values(holder: object, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(holder, name) for name in names}


def _differ(
    before: Mapping[str, Any], after: Mapping[str, Any], names: Iterable[str], whose: str = ""
) -> Iterator[str]:
    for name in names:
        if before.get(name) != after.get(name):
            told = _short(before.get(name)), _short(after.get(name))
            remedy = f": {REMEDIES[name]}" if name in REMEDIES else ""
            yield f"{whose}{name} is {told[0]} in the baseline and {told[1]} in this run{remedy}"


def _unlike_samples(
    before: Sequence[str], lost_before: int, after: Sequence[str], lost_after: int, unasked: int = 0
) -> Iterator[str]:
    """What of two runs can't be of the same data; `unasked` are the samples that the later did not reach."""
    yield from _unaccounted("the baseline", before, lost_before, after, lost_after + unasked)
    yield from _unaccounted("this run", after, lost_after, before, lost_before)


def _unaccounted(
    where: str, here: Sequence[str], lost_here: int, there: Sequence[str], lost_there: int
) -> Iterator[str]:
    """Samples that one side alone has, beyond those that the other lost, or errors of no sample at all.

    What failed on one side has a value on the other or is lost there too; more errors would only hide
    what got worse.
    """
    both = set(there)
    alone = [sample for sample in here if sample not in both]
    can = len(both.difference(here)) + lost_there
    if len(alone) > lost_there:
        named = ", ".join(map(_short, alone[:NAMED])) + (", ..." if len(alone) > NAMED else "")
        yield f"{_are(alone)} in {where} alone ({named}): give both runs the same --samples"
    elif lost_here > can:
        yield f"{_are(range(lost_here))} said to have failed in {where}, where {can} can have"


def _unlike_clusters(old: "BaselineEntry", new: "BaselineEntry") -> Iterator[str]:
    """Samples that the two runs count to other clusters, which the same data can't do."""
    before = dict(zip(old.samples, old.clusters, strict=True))
    after = zip(new.samples, new.clusters, strict=True)
    moved = [sample for sample, cluster in after if before.get(sample, cluster) != cluster]
    if moved:
        yield f"{_are(moved)} of other clusters in the baseline ({_short(moved[0])})"


def _are(samples: Sized) -> str:
    return "1 sample is" if len(samples) == 1 else f"{len(samples)} samples are"


def _short(value: object) -> str:
    return "not set" if value is None else visible(str(value), _LONG)
