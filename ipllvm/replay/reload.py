"""What a report names, loaded again: the model, the sample, and what its perturbation needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ipllvm.artifacts import Artifacts, Provider, saliency
from ipllvm.artifacts.synthetic import Synthesis, generator
from ipllvm.benchmarks import choice
from ipllvm.engine.captioning import captions
from ipllvm.engine.store.outcomes import forgetful
from ipllvm.errors import ModelUnavailable, UnknownName, UsageError
from ipllvm.judges import loading
from ipllvm.judges.cached import CachedJudge
from ipllvm.models.base import VisionLanguageModel
from ipllvm.models.load_options import LoadOptions
from ipllvm.models.loading import load
from ipllvm.models.sources import display_names, is_endpoint
from ipllvm.perturbations.parsing import parse
from ipllvm.records import Benchmark, Judge, NeedsArtifact, Sample
from ipllvm.replay import places
from ipllvm.replay.trial import Kept, Single
from ipllvm.reporting.replays import Found
from ipllvm.reporting.schema import Report
from ipllvm.reporting.text import visible
from ipllvm.scorers.base import Grading


@dataclass(frozen=True, slots=True)
class Allowed:
    """What whoever asks for a trial says himself; a report may be somebody else's and allows nothing.

    `checkpoint` is where its model is, if not where the report says, and `any_model` lets it be another one.
    The report's code is run and its pickles are read where that is said here too, and an address gets the
    user's key if it is named here: as the `checkpoint` or the `judge`.
    """

    checkpoint: str | None = None
    any_model: bool = False
    judge: str | None = None
    trust_remote_code: bool = False
    allow_pickle: bool = False

    def how(self, options: Mapping[str, Any]) -> LoadOptions:
        """How a report's model is read; raises UsageError for what it asks for and is not allowed here."""
        found = LoadOptions.of(options)
        for name in ("trust_remote_code", "allow_pickle"):
            if getattr(found, name) and not getattr(self, name):
                option = name.replace("_", "-")
                raise UsageError(
                    f"the report was made with --{option}: if you trust its checkpoint, give --{option} too"
                )
        return found


def reload(report: Report, found: Found, folder: Path, device: str, allowed: Allowed) -> Single:
    """The trial, ready to be answered.

    Raises UsageError where model or data are not those of the report, and for what is not allowed.
    """
    try:
        perturbation = parse(found.perturbation)
    except UnknownName as error:
        hint = "if it is of a property file of yours, give --property-file FILE, whose code is then run"
        raise UsageError(f"{error}; {hint}") from error
    data, sample = _sample(report, found, folder)
    report = places.found(report, folder)
    model = _model(report, found, device, allowed)
    artifacts = None
    if isinstance(perturbation, NeedsArtifact):
        one = data.part([sample])
        artifacts = _artifacts(
            perturbation, report["run"]["options"], model, one, folder.parent / "artifacts"
        )
    settings = found.row["settings"]
    answer = str(settings.get("answer", "generate"))
    grading = _grading(report["run"]["options"], device, folder.parent / "replies", allowed.judge)
    seed = settings.get("seed")
    if not isinstance(seed, int):
        raise UsageError(f"the report's setting 'seed' is not a whole number but {visible(repr(seed), 80)}")
    return Single(model, data, sample, perturbation, found.draw, seed, answer, artifacts, grading)


class UnaskedJudge:
    """An endpoint that only a report names: the user's key would go there, so kept replies have to do."""

    def __init__(self, identity: str) -> None:
        self.identity = identity

    def ask(self, prompt: str) -> str:
        """Raises UsageError."""
        name = visible(self.identity)
        raise UsageError(
            f"the report names {name} as its judge: to ask it, with your key, give --judge={name}"
        )


def _grading(options: dict[str, Any], device: str, replies: Path, judge: str | None) -> Grading:
    """Who graded the answers of the report: the judge that it names, with its replies, else rules."""
    name = str(options.get("judge") or "")
    if not name:
        return Grading()
    place, offline = replies if replies.is_dir() else None, bool(options.get("offline"))

    def load_judge() -> Judge:
        if loading.is_endpoint(name) and name != judge:
            return UnaskedJudge(name)
        return loading.load(name, device=device, offline=offline)

    return Grading(lambda: CachedJudge(load_judge(), place))


def _sample(report: Report, found: Found, folder: Path = Path()) -> tuple[Benchmark, Sample]:
    """The benchmark of the report, whole, and the sample; raises UsageError where the data are others."""
    known = next(each for each in report["benchmarks"] if each["id"] == found.row["benchmark"])
    name = known["name"]
    data: Benchmark = choice.load(places.file(name, folder))
    if data.digest != known["digest"]:
        raise UsageError(
            f"benchmark {data.name} is {data.digest[:12]} here, {known['digest'][:12]} in the report: "
            "install the data of the report"
        )
    sample = next((each for each in data.samples if each.id == found.sample), None)
    if sample is None:
        raise UnknownName(f"sample of {data.name}", found.sample, _near(found.sample, data))
    return data, sample


def _near(name: str, data: Benchmark) -> list[str]:
    """A few ids to choose from: those that are most like it."""
    ids = [sample.id for sample in data.samples]
    return get_close_matches(name, ids, n=5, cutoff=0.0)


def _model(report: Report, found: Found, device: str, allowed: Allowed) -> VisionLanguageModel:
    """The model of the report; raises UsageError where its weights are others."""
    known = next(each for each in report["models"] if each["id"] == found.row["model"])
    options = report["run"]["options"]
    asked = options.get("models") or [known["name"]]
    place = dict(zip(display_names(asked), asked, strict=True)).get(known["name"], known["name"])
    if allowed.checkpoint is None and is_endpoint(place):
        raise UsageError(
            f"the report was measured at {visible(place)}: to ask there, with your key, "
            f"give --checkpoint={visible(place)}"
        )
    try:
        model = load(
            allowed.checkpoint or place,
            device=device,
            dtype=known["dtype"],
            prompt=str(found.row["settings"].get("prompt", "checkpoint")),
            offline=bool(options.get("offline")),
            label=known["name"],
            how=allowed.how({} if allowed.checkpoint else options),
        )
    except (ModelUnavailable, UnknownName) as error:
        hint = "" if allowed.checkpoint else "; if the model lies elsewhere, give --checkpoint FOLDER"
        raise ModelUnavailable(f"{error}{hint}") from error
    if model.fingerprint != known["fingerprint"]:
        told = f"{known['name']} is {model.fingerprint[:12]} here, {known['fingerprint'][:12]} in the report"
        if not allowed.any_model:
            raise UsageError(f"{told}: give --checkpoint FOLDER, or --any-model to answer with this one")
        print(f"another model: {visible(told)}")
    return model


def _artifacts(
    perturbation: NeedsArtifact,
    options: dict[str, Any],
    model: VisionLanguageModel,
    one: Benchmark,
    kept: Path,
) -> Artifacts:
    """What the perturbation needs for a benchmark of one sample: kept beside the report, else made again."""
    makers: dict[str, Callable[[], Provider]] = {
        "saliency": lambda: _saliency(options),
        "synthetic": lambda: _synthesis(options, model, one),
    }
    provider = Kept(str(getattr(perturbation, "provider", "")), makers[perturbation.artifact])
    return Artifacts({perturbation.artifact: provider}, kept)


def _saliency(options: dict[str, Any]) -> Provider:
    made: Provider = saliency.load(options["saliency"], offline=bool(options.get("offline")))
    return made


def _synthesis(options: dict[str, Any], model: VisionLanguageModel, data: Benchmark) -> Provider:
    offline, place = bool(options.get("offline")), str(model.device)
    if is_endpoint(options["captioner"]):
        name = visible(options["captioner"])
        raise UsageError(f"the report names {name} as its captioner: it is not asked")
    author = load(options["captioner"], device=place, dtype=options["dtype"], offline=offline)
    found = captions(author, data, forgetful(), 1, lambda done: None)
    artist = generator(options["generator"], place, offline)
    return Synthesis(found, f"{author.name} {author.fingerprint[:12]}", artist)
