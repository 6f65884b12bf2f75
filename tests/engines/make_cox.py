"""Write cox.json: small strata made here, and the fits of two libraries that the tests do not install.

    python -m venv oracle && oracle/bin/pip install lifelines==0.30.3 statsmodels==0.15.0
    oracle/bin/python tests/engines/make_cox.py

Columns are on a coarse grid of standard deviations, so that both sides fit the same numbers; ties are many.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter
from lifelines.utils import concordance_index
from statsmodels.duration.hazard_regression import PHReg

SITES = {"east": 60, "north": 35, "west": 24}


def main() -> None:
    draw = np.random.default_rng(11)
    rows = []
    for site, (name, records) in enumerate(SITES.items()):
        a, b = draw.integers(-16, 17, records) / 8, draw.integers(0, 2, records)
        days = 1 + np.floor((10 + 10 * site) * draw.exponential(size=records) * np.exp(-0.6 * a + 0.4 * b))
        event = draw.random(records) < 0.7
        rows += [
            (name, float(x), int(y), int(t), int(e)) for x, y, t, e in zip(a, b, days, event, strict=True)
        ]
    frame = pd.DataFrame(rows, columns=["site", "a", "b", "days", "event"])
    columns = frame[["a", "b"]].astype(float)
    standard = (columns - columns.mean()) / columns.std(ddof=0)
    data = pd.concat([standard, frame[["site", "days", "event"]]], axis=1)
    fitter = CoxPHFitter().fit(
        data, "days", "event", strata=["site"], fit_options={"precision": 1e-14, "max_steps": 100}
    )
    plain = PHReg(frame["days"], standard, status=frame["event"], strata=frame["site"], ties="breslow")
    one = CoxPHFitter().fit(
        data[data["site"] == "west"].drop(columns="site"), "days", "event", fit_options={"precision": 1e-14}
    )
    found = {
        "lifelines": version("lifelines"),
        "statsmodels": version("statsmodels"),
        "rows": rows,
        "efron": fitter.params_.tolist(),
        "breslow": plain.fit(method="newton", tol=1e-14).params.tolist(),
        "west_alone_efron": one.params_.tolist(),
        "concordance_of_a": concordance_index(frame["days"], -frame["a"], frame["event"]),
    }
    Path(__file__).with_name("cox.json").write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
