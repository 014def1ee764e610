"""Predictions of several images as a table, as text and as JSON."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from convline.runtime.files import fresh_file

SHOWN = 3  # classes per image in the text


def tabulate(files: Sequence[Path], rows: Sequence[np.ndarray], classes: list[str]) -> pd.DataFrame:
    """Return a row per image: `file`, `predicted`, and `probability_<class>` for each class."""
    p = np.array(rows, np.float64).reshape(len(files), len(classes))
    table = pd.DataFrame({"file": [str(file) for file in files]})
    table["predicted"] = [classes[i] for i in p.argmax(axis=1)]
    columns = [f"probability_{name}" for name in classes]
    return pd.concat([table, pd.DataFrame(p.round(6), columns=columns)], axis="columns")


def as_text(table: pd.DataFrame) -> str:
    """Return a line per image: file, and the most probable classes with their probabilities."""
    lines = []
    width = max(map(len, table["file"]), default=0)
    for row in table.to_dict("records"):
        p = {name.removeprefix("probability_"): row[name] for name in table.columns[2:]}
        likeliest = sorted(p, key=p.__getitem__, reverse=True)[:SHOWN]
        lines.append(f"{row['file']:<{width}}  " + "  ".join(f"{x} {p[x]:.3f}" for x in likeliest))
    return "\n".join(lines)


def as_records(table: pd.DataFrame, bad: dict[Path, str]) -> list[dict[str, object]]:
    """Return an object per image for JSON; those that cannot be decoded have `error`."""
    names = table.columns[2:]
    found: list[dict[str, object]] = [
        {
            "file": row["file"],
            "predicted": row["predicted"],
            "probabilities": {name.removeprefix("probability_"): row[name] for name in names},
        }
        for row in table.to_dict("records")
    ]
    return found + [{"file": str(file), "error": why} for file, why in bad.items()]


def write_csv(table: pd.DataFrame, file: Path) -> None:
    """Write the table, or print it if the file is `-`."""
    if str(file) == "-":
        print(table.to_csv(index=False), end="")
        return
    with fresh_file(file) as partial:
        table.to_csv(partial, index=False)
