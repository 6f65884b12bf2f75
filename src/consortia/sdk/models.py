"""A study's model as the front door gives it: an estimator that a notebook draws."""

from consortia.base.hashing import sha256
from consortia.engines.infer import Estimator
from consortia.sdk.notebook import shown
from consortia.sdk.views import Cell, Table

ROWS_MAX = 50
"""So many coefficients are drawn, the largest first."""


class Model(Estimator):
    """An `Estimator`, with a face for notebooks: what it was fitted for, and its coefficients."""

    def _repr_html_(self) -> str:
        names = [str(name) for name in self.feature_names_in_]
        facts: tuple[tuple[Cell, ...], ...] = (
            ("answers", " or ".join(str(one) for one in self.classes_) or "a number"),
            ("columns", ", ".join(names)),
            ("bytes", len(self.model)),
            ("SHA-256", sha256(self.model).hex()),
        )
        about = Table("Model", ("what", "value"), facts)
        if not hasattr(self, "coef_"):
            return shown(about)
        pairs = zip(self.design_names_, self.coef_[0], strict=True)
        largest = sorted(((str(name), float(value)) for name, value in pairs), key=lambda one: -abs(one[1]))
        note = "In the units of each column; the largest first."
        rows = (("(intercept)", float(self.intercept_[0])), *largest[:ROWS_MAX])
        return shown(about, Table("Coefficients", ("column", "coefficient"), rows, note))
