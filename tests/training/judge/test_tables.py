import json

import pytest

from training.judge.tables import Value, cell, figures_table, from_json, pooled, summary, to_json


def test_a_summary_has_the_deviation_over_takes() -> None:
    found = summary([{"a": 1.0, "b": 5.0}, {"a": 3.0}])
    assert found == {"a": Value(2.0, pytest.approx(2**0.5))}
    assert summary([{"a": 1.0}])["a"].deviation is None


def test_people_count_the_same_and_those_without_a_figure_do_not_count() -> None:
    found = pooled([{"a": Value(1.0, 0.3), "b": Value(7.0)}, {"a": Value(3.0, 0.4)}])
    assert found["a"] == Value(2.0, pytest.approx(0.25))  # sqrt(.3^2 + .4^2) / 2
    assert found["b"] == Value(7.0)


def test_cells_show_error_bars_and_what_is_very_small() -> None:
    assert cell(Value(0.1234, 0.0051)) == "0.123 ± 0.005"
    assert cell(Value(-0.1234)) == "-0.123"
    assert cell(Value(0.0)) == "0.000"
    assert cell(Value(2.5e-7)) == "2.5e-07"
    assert cell(None) == ""
    table = figures_table({"one": {"a": Value(1.0)}, "other": {"b": Value(2.0)}})
    assert table.splitlines() == [
        "| figure | one | other |",
        "| --- | --- | --- |",
        "| a | 1.000 |  |",
        "| b |  | 2.000 |",
    ]


def test_json_comes_back() -> None:
    column = {"a": Value(1.5, 0.5), "b": Value(2.0)}
    assert from_json(json.loads(json.dumps(to_json(column)))) == column
