"""Figures with error bars, as JSON for programs and as Markdown tables for people."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np


class Value(NamedTuple):
    """A figure."""

    mean: float
    deviation: float | None = None
    """Standard deviation over takes (n - 1), if there are several."""


Column = dict[str, Value]
"""Figures by name."""


def summary(takes: Sequence[Mapping[str, float]]) -> Column:
    """Mean and deviation over takes of each figure that all of them have."""
    column = {}
    for name in [name for name in takes[0] if all(name in take for take in takes)]:
        values = [take[name] for take in takes]
        column[name] = Value(float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else None)
    return column


def pooled(columns: Sequence[Column]) -> Column:
    """The mean over people of every figure that any of them has, each person with the same weight."""
    pool = {}
    for name in dict.fromkeys(name for column in columns for name in column):
        values = [column[name] for column in columns if name in column]
        deviations = [value.deviation for value in values if value.deviation is not None]
        # The takes of different people are independent.
        spread = float(np.sqrt(np.sum(np.square(deviations))) / len(values)) if deviations else None
        pool[name] = Value(float(np.mean([value.mean for value in values])), spread)
    return pool


def figures_table(columns: Mapping[str, Column]) -> str:
    """A Markdown table with a row for each figure."""
    names = list(dict.fromkeys(name for column in columns.values() for name in column))
    rows = [[name, *(cell(column.get(name)) for column in columns.values())] for name in names]
    return markdown(["figure", *columns], rows)


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def cell(value: Value | None, digits: int = 3) -> str:
    """A figure with its deviation; empty if there is none."""
    if value is None:
        return ""
    mean = f"{value.mean:.1e}" if 0 < abs(value.mean) < 0.5 * 10**-digits else f"{value.mean:.{digits}f}"
    return mean if value.deviation is None else f"{mean} ± {value.deviation:.{digits}f}"


def to_json(column: Column) -> dict[str, dict[str, float | None]]:
    """A column as JSON."""
    return {name: value._asdict() for name, value in column.items()}


def from_json(read: Mapping[str, Mapping[str, Any]]) -> Column:
    """The column that `to_json` wrote."""
    return {name: Value(**value) for name, value in read.items()}
