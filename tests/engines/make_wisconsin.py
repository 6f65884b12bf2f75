"""Writes src/consortia/data/wisconsin.csv from the copy that scikit-learn packages."""

import csv
import io
from importlib.resources import files
from pathlib import Path

TARGET = Path(__file__).parents[2] / "src" / "consortia" / "data" / "wisconsin.csv"


def wisconsin_csv() -> str:
    """The file's text: scikit-learn's values as they are spelled there, a header, the diagnosis as a word."""
    from sklearn.datasets import load_breast_cancer

    names = list(load_breast_cancer().feature_names)
    rows = list(
        csv.reader(files("sklearn.datasets.data").joinpath("breast_cancer.csv").read_text().splitlines())
    )
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*names, "diagnosis"])
    # In the source 0 is malignant and 1 benign.
    writer.writerows([*row[:-1], ("malignant", "benign")[int(row[-1])]] for row in rows[1:])
    return out.getvalue()


if __name__ == "__main__":
    TARGET.write_text(wisconsin_csv(), encoding="utf-8")
