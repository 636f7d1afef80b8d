"""What `strangers` writes: figures for programs and people, and pictures."""

import json
from collections.abc import Mapping
from pathlib import Path

from training.judge.tables import Value, figures_table
from training.strangers.measure import Table


def write(folder: Path, tables: Mapping[str, Table]) -> None:
    """Write figures.json, by set, column and figure, and figures.md."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "figures.json").write_text(json.dumps(tables, indent=2) + "\n", encoding="utf-8")
    (folder / "figures.md").write_text("\n".join(markdown(name, tables[name]) for name in tables), encoding="utf-8")


def markdown(name: str, table: Table) -> str:
    """The figures of one set; a line that there are none if it has no recordings to judge by."""
    if not table:
        return f"### {name}\n\nNo recordings to judge by.\n"
    columns = {column: {figure: Value(value) for figure, value in each.items()} for column, each in table.items()}
    return f"### {name}\n\n{figures_table(columns)}"
