"""The level of each of many gates in a row, so that all of them together raise few false alarms.

Either so many false alarms per so many checkpoints (the same share for each, which bounds their expected
number whatever depends on what), or a bounded share of false ones among the alarms raised (LORD++).
"""

from collections.abc import Sequence

import numpy as np

_TERMS = 10_000
_FIRST = 0.5
"""The share of the level that LORD++ may spend before its first discovery (Ramdas et al. 2017)."""


def per_checkpoint(alarms: float, checkpoints: int) -> float:
    """The level of one gate where so many false alarms are allowed in so many gates, in (0, 1].

    Raises ValueError where fewer than none or more than all may alarm.

    >>> per_checkpoint(1, 100)
    0.01
    """
    if not 0 < alarms <= checkpoints:
        raise ValueError(f"no budget: {alarms} false alarms per {checkpoints} checkpoints")
    return alarms / checkpoints


def lord(alarmed: Sequence[bool], alpha: float) -> float:
    """The level of the next gate, after gates that alarmed or not: at most `alpha` of alarms are false.

    LORD++ (Ramdas, Yang, Wainwright & Jordan 2017): it falls while nothing is found and rises with each
    alarm; the false discovery rate is kept where the p-values are independent or the later gates' nulls
    stay valid given the earlier ones.

    >>> first = lord([], 0.05); fifth = lord([False] * 4, 0.05); after = lord([False] * 3 + [True], 0.05)
    >>> first > fifth, after > first, round(first, 5)
    (True, True, 0.00349)
    """
    gamma = _gamma()
    place = len(alarmed)
    found = [i for i, alarm in enumerate(alarmed) if alarm]
    level = _FIRST * alpha * gamma[place]
    shares = [1 - _FIRST, *(1.0 for _ in found[1:])]
    level += sum(alpha * share * gamma[place - i - 1] for share, i in zip(shares, found, strict=False))
    return float(level)


def _gamma() -> "np.ndarray":
    """How the level is spread over time, adding up to 1 (Javanmard & Montanari 2018)."""
    time = np.arange(1, _TERMS + 1)
    shape = np.log(np.maximum(time, 2)) / (time * np.exp(np.sqrt(np.log(time))))
    return np.asarray(shape / shape.sum())


def combined_e(values: Sequence[float], fresh: Sequence[bool]) -> float:
    """The evidence of several runs about one claim: multiplied where a run had `fresh` samples.

    An e-value on samples that an earlier run had too may not be multiplied; the mean of both is one
    (Vovk & Wang 2021). 1 without a run.

    >>> combined_e([4.0, 5.0], [True, True]), combined_e([4.0, 6.0], [True, False]), combined_e([], [])
    (20.0, 5.0, 1.0)
    """
    products: list[float] = []
    for value, new in zip(values, fresh, strict=True):
        if new and products:
            products = [each * value for each in products]
        else:
            products.append(value)
    return float(np.mean(products)) if products else 1.0
