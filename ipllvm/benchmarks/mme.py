"""`mme`: MME, 2,374 yes-no questions in pairs on 1,187 pictures, 14 tasks, 2,800 points.

Source: C. Fu et al., MME (2023), data set lmms-lab/MME.
"""

from ipllvm.benchmarks.cells import Row, filled, one_of, optional, text
from ipllvm.benchmarks.definition import OWN_RULE, PAPER, STANDARD, Definition, Protocol
from ipllvm.benchmarks.prompts import SHORT
from ipllvm.benchmarks.questions import YES_NO
from ipllvm.records import Sample

REQUEST = " Please answer yes or no."


def sample(row: Row) -> Sample:
    """A row of the hub's columns; both questions on a picture share their cluster."""
    answer = one_of(text(row, "answer").strip().lower().replace(".", ""), "answer", YES_NO)
    labels = (("category", filled(row, "category")),)
    return Sample("", optional(row, "question_id"), (), "", answer, YES_NO, labels=labels)


def worded(row: Row, sample: Sample) -> str:
    """The question in LLaVA's form: its own request gives way to the one for a word or phrase."""
    return f"{text(row, 'question').strip().replace(REQUEST, '')}\n{SHORT}"


MME = Definition(
    name="mme",
    title="MME: yes-no questions in pairs, 14 tasks, 2,800 points",
    size=2374,
    licence="academic research only; no redistribution without approval of Xiamen University",
    sample=sample,
    protocols={
        STANDARD: Protocol(worded, 16, "lmms", "lmms-eval mme"),
        PAPER: Protocol(worded, 5, "official", "TroL / Meteor evaluator, MME's own rule"),
    },
    rules={
        "official": "mme_official",
        "lmms": "mme_lmms",
        "vlmeval": "mme_vlmeval",
        OWN_RULE: "yes_no",
    },
    total="mme_points",
    key=("question_id",),
)
