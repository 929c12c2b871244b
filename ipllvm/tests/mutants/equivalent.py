"""Mutants that change nothing that anybody could see: left out by name, each with the reason."""

from functools import cache

from ipllvm.tests.mutants.rooms import ROOT, Mutant

Place = tuple[str, str, str]
"""Module, the line as it stands there, and the change."""
_END = "asked where its magnitude is at least 1"
_FAR = "the far end of a bracket that holds one root"
_LONGER = "takes the longer way, which decides alike, as a law of the score test says"
_OPEN = "open_ = abs(t) < 1 and not self.too_little and not self.concordant"
REASONS: dict[Place, str] = {
    ("ipllvm/engine/store/inspection.py", "self._left = 0", "0 -> 1"):
        "counted down by thousands: either is used up at the first look",
    ("ipllvm/engine/store/outcome_file.py",
     "return sqlite3.connect(uri, timeout=LOCK_SECONDS, isolation_level=None, uri=True)", "True -> False"):
        "where SQLite is built to take every name for a URI (SQLITE_USE_URI), as Debian's is",
    ("ipllvm/engine/store/outcome_file.py",
     "self._connection.execute(added, (digest, json.dumps(context.as_row(), sort_keys=True)))",
     "True -> False"): "the order of a JSON object's names, at which nobody looks",
    ("ipllvm/gate/log_files.py", "content = stream.read(MEMBER + 1)", "1 -> 2"):
        "a member has no more bytes than its header says, which are MEMBER at most",
    ("ipllvm/engine/store/schema.py", "SCHEMA: Final = MIGRATIONS[-1].version", "-1 -> 1"):
        "there are two: the last is the second",
    ("ipllvm/metrics/influence.py",
     "below = [float(parts[1].values.mean()), float(parts[3].values.mean())] "
     "if len(parts[0].values) else [0, 0]",
     "0 -> 1"): "all parts have the same samples; without any, one denominator of 0 is enough",
    ("ipllvm/metrics/influence.py", "samples=parts[0].samples,", "0 -> 1"): "all parts have the same samples",
    ("ipllvm/metrics/weighted.py",
     "bound=max(float(weights[weights > 0].sum()), float(-weights[weights < 0].sum())),",
     "weights < 0 -> weights <= 0"): "a weight of 0 adds nothing",
    ("ipllvm/perturbations/occlusion.py",
     "share = self.ratio if self.lowest else round(1 - self.ratio, 12)", "12 -> 13"):
        "undoes the rounding of 1 - ratio, which is in the 16th digit",
    ("ipllvm/scorers/numeric.py",
     'reply = unretracted(unwrapped(_NEXT_QUESTION.split(text, maxsplit=1)[0]))', "1 -> 2"):
        "what stands before the first of them is the same however often it is split",
    ("ipllvm/scorers/judge.py",
     "def question(self, text: str, sample: Sample, attempt: int = 0) -> JudgeQuestion | None:", "0 -> 1"):
        "the default of a method that is abstract: each rule has its own",
    ("ipllvm/gate/budget.py",
     'return json.dumps({**about, "gates": [asdict(each) for each in entries]}, indent=1) + "\\n"',
     "1 -> 2"): "white space in a file that is read as JSON",
    ("ipllvm/verdicts/group_sequential.py",
     "return repeated_p([kept.get(look, 1.0) for look in range(1, self.look + 1)], self.shares)",
     "1.0 -> 1.5"): "a look that was not asked is no evidence, as whatever is beyond the end of the table",
    ("ipllvm/verdicts/outlook.py", "_MOST, _LEAST = 1e4, 1e-300", "1e-300 -> 1.5e-300"):
        "a floor under the logarithm of a p-value that is below the level either way",
    ("ipllvm/verdicts/noise_floor.py", 'worse = 1.0 if claim.direction == "at_most" else -1.0', "1.0 -> 1.5"):
        "clusters are counted by the sign of what they lost",
    ("ipllvm/stats/betting.py",
     "return float(brentq(gap, -1.0, last, xtol=1e-13)) if gap(last) > 0 else 1.0",
     "1e-13 -> 1.5000000000000002e-13"): "a bound is written with 17 digits and read with 4",
    ("ipllvm/stats/detectable.py", "needed = float(brentq(short, least, 1.0))", "1.0 -> 1.5"):
        _FAR,
    ("ipllvm/stats/detectable.py", "shares = (sizes / sizes.max())[:, None] * np.ones(kinds)",
     "(sizes / sizes.max())[:, None] * np.ones(kinds) -> (sizes / sizes.max())[:, None] / np.ones(kinds)"):
        "divided by ones",
    ("ipllvm/stats/dirichlet.py", "if abs(v) < _FLAT:", "abs(v) < _FLAT -> abs(v) <= _FLAT"):
        "a computed number is never exactly there, and both forms agree where they meet",
    ("ipllvm/stats/dirichlet.py", "return 0.0 if theta > 0 else 1.0", "theta > 0 -> theta >= 0"): _END,
    ("ipllvm/stats/score_interval.py", "return 0.0 if t < 0 else 1.0", "t < 0 -> t <= 0"): _END,
    ("ipllvm/stats/score_interval.py", "return 0.0 if t > 0 else 1.0", "t > 0 -> t >= 0"): _END,
    ("ipllvm/stats/score_interval.py", _OPEN, "not self.too_little -> self.too_little"): _LONGER,
}  # fmt: skip


def place(mutant: Mutant) -> Place:
    """Where a mutant is and what it changes, in words that other lines do not alter."""
    line = _lines(mutant.module)[mutant.change.line - 1].strip()
    return mutant.module, line, f"{mutant.change.before} -> {mutant.change.after}"


def why(mutant: Mutant) -> str:
    """Why a mutant is no other program; empty where it is one."""
    return REASONS.get(place(mutant), "")


@cache
def _lines(module: str) -> list[str]:
    return (ROOT / module).read_text(encoding="utf-8").splitlines()
