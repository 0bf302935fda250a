"""How figures are put down: medians with their spread, quantiles, and whether a goal is met."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


def spread(values: Sequence[float], digits: int = 0) -> str:
    """The median, with the least and the greatest."""
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f}–{max(values):,.{digits}f})"


def quantile(values: Sequence[float], share: float) -> float:
    """Of values in any order; 0 of none."""
    ordered = sorted(values)
    return ordered[int((len(ordered) - 1) * share)] if ordered else 0


@dataclass(frozen=True)
class Figure:
    """One thing measured, once a round."""

    name: str
    unit: str
    values: Sequence[float]
    #: What it must not exceed; None for what only explains the others.
    goal: float | None = None
    digits: int = 0

    @property
    def verdict(self) -> str:
        if self.goal is None:
            return "–"
        if max(self.values) <= self.goal:
            return "met"
        return "met by the median" if statistics.median(self.values) <= self.goal else "missed"

    def row(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        goal = "–" if self.goal is None else f"≤ {self.goal:g}{unit}"
        values = f"{spread(self.values, self.digits)}{unit}"
        return f"| {self.name} | {values} | {len(self.values)} | {goal} | {self.verdict} |"


def table(figures: Sequence[Figure]) -> str:
    head = "| Figure | Median (least–greatest) | Rounds | Goal | |\n| --- | --- | --- | --- | --- |\n"
    return head + "\n".join(figure.row() for figure in figures)
