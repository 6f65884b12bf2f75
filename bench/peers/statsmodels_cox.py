"""A stratified Cox fit by statsmodels; run by the peers' own interpreter, numbers in and out as JSON.

Standard input: {"columns": [[...]], "days": [...], "event": [...], "stratum": [...]}. Prints the
coefficients, ties by Efron's method.
"""

import json
import sys

import numpy as np
from statsmodels.duration.hazard_regression import PHReg

given = {name: np.array(value) for name, value in json.load(sys.stdin).items()}
model = PHReg(given["days"], given["columns"], status=given["event"], strata=given["stratum"], ties="efron")
print(json.dumps(model.fit(method="newton", tol=1e-14, disp=False).params.tolist()))
