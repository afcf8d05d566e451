"""Costs as sums of named terms, none of them negative, through what was measured."""

from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

import numpy as np

S = TypeVar("S")
Terms = Mapping[str, Callable[[S], float]]


class Law(Generic[S]):
    """y = sum_k c_k term_k(x), c >= 0, with the least squares of relative errors (Lawson & Hanson 1974, ch. 23).

    ``against``: what errors are relative to, if not to the values.
    """

    def __init__(
        self, terms: Terms[S], samples: Sequence[S], values: Sequence[float], against: Sequence[float] | None = None
    ):
        from scipy.optimize import nnls

        self.terms = terms
        table = np.array([[term(sample) for term in terms.values()] for sample in samples], float)
        weight = 1 / np.maximum(np.abs(values if against is None else against), 1e-12)
        scale = np.maximum(np.abs(table * weight[:, None]).max(axis=0), 1e-300)  # terms differ by ten orders
        found, _ = nnls(table * weight[:, None] / scale, np.asarray(values) * weight)
        self.coefficients = dict(zip(terms, found / scale, strict=True))

    def __call__(self, x: S) -> float:
        """The law at ``x``."""
        return sum(c * self.terms[name](x) for name, c in self.coefficients.items())

    def __getitem__(self, name: str) -> float:
        return self.coefficients[name]
