"""Fast reactions: always in equilibrium, their rate law 0, whatever flux that takes (SBML level 3 version 1, 4.11.1).

The constraint g(x, t) = 0 is differentiated once: dg/dt = sum of dg/dx dx/dt + dg/dt = 0 is linear in the unknown
fluxes, which are solved for; the model starts where the fast reactions alone would end.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from hpc_twin.cellmodels.equations import TIME
from hpc_twin.cellmodels.expressions.algebra import add, call, div, mul, sub
from hpc_twin.cellmodels.expressions.calculus import NoDerivative, derivative
from hpc_twin.cellmodels.expressions.ir import Expr, depends, evaluate, num, var
from hpc_twin.cellmodels.reading.convert import Unsupported
from hpc_twin.cellmodels.reading.sbml.mathml import replaced

Matrix = list[list[Expr]]
STEPS, TOLERANCE = 400, 1e-13


def flux_of(reaction: str) -> str:
    """The name of the unknown flux of a fast reaction."""
    return f"{reaction}.flux"


class Equilibrium:
    """Fast reactions with laws g and unknown ``fluxes`` w, in which the ``rates`` of the ``states`` are linear."""

    def __init__(
        self, laws: Sequence[Expr], fluxes: Sequence[str], states: Sequence[str], rates: Sequence[Expr]
    ) -> None:
        """Differentiate what both tasks need. Raises Unsupported where a law has no derivative."""
        self._laws, self._fluxes, self._states, self._rates = laws, fluxes, states, rates
        try:
            self._slopes = [self._gradient(g) for g in laws]
        except NoDerivative as error:
            raise Unsupported(f"the law of a fast reaction has no derivative ('{error}')") from None

    @staticmethod
    def _gradient(g: Expr) -> dict[str, Expr]:
        return {name: derivative(g, var(name)) for name in sorted(depends([g])[g])}

    def rates(self) -> list[Expr]:
        """The rates of the states with the fluxes that keep the equilibrium."""
        by_name = dict(zip(self._states, self._rates, strict=True))
        zero = dict.fromkeys(self._fluxes, num(0))
        matrix, right = [], []
        for slopes in self._slopes:
            change = slopes.get(TIME, num(0))
            for name in slopes.keys() & by_name.keys():
                change = add(change, mul(slopes[name], by_name[name]))
            matrix.append([derivative(change, var(w)) for w in self._fluxes])
            right.append(call("neg", replaced(change, zero)))
        fluxes = dict(zip(self._fluxes, solved(matrix, right), strict=True))
        return [replaced(rate, fluxes) for rate in self._rates]

    def start(self, initial: Sequence[float], parameters: Mapping[str, float]) -> list[float]:
        """Where the fast reactions end that begin at ``initial``: implicit Euler steps of growing length."""
        x, values = np.array(initial), {**parameters, TIME: 0.0}
        values.update(zip(self._states, x, strict=True))
        effects = [derivative(rate, var(w)) for rate in self._rates for w in self._fluxes]
        effect = np.reshape(np.array(evaluate(effects, values), dtype=float), (len(x), len(self._fluxes)))
        extent, length = np.zeros(len(self._fluxes)), 1e-2
        for _ in range(STEPS):
            values.update(zip(self._states, x + effect @ extent, strict=True))
            law = np.array(evaluate(self._laws, values), dtype=float)
            if np.all(np.abs(law) <= TOLERANCE * (1 + np.abs(x).max(initial=0))):
                return list(x + effect @ extent)
            step = self._step(law, effect, values, length)
            if not np.isfinite(step).all():
                break
            extent, length = extent + step, min(2 * length, 1e12)
        raise Unsupported("its fast reactions find no equilibrium from the initial values")

    def _step(self, law: np.ndarray, effect: np.ndarray, values: Mapping[str, float], length: float) -> np.ndarray:
        slopes = [s.get(name, num(0)) for s in self._slopes for name in self._states]
        gradient = np.reshape(np.array(evaluate(slopes, dict(values)), dtype=float), (len(law), len(self._states)))
        matrix = np.eye(len(law)) / length - gradient @ effect
        return np.linalg.lstsq(matrix, law, rcond=None)[0] if np.isfinite(matrix).all() else law * np.nan


def solved(matrix: Matrix, right: list[Expr]) -> list[Expr]:
    """The solution of a linear system of expressions by elimination; 0 for an unknown that nothing determines."""
    matrix, right = [list(row) for row in matrix], list(right)
    n = len(right)
    for k in range(n):
        pivot = next((i for i in range(k, n) if matrix[i][k].value != 0), k)
        matrix[k], matrix[pivot], right[k], right[pivot] = matrix[pivot], matrix[k], right[pivot], right[k]
        for i in range(k + 1, n):
            if matrix[i][k].value != 0:
                factor = _ratio(matrix[i][k], matrix[k][k])
                matrix[i] = [sub(a, mul(factor, b)) for a, b in zip(matrix[i], matrix[k], strict=True)]
                matrix[i][k], right[i] = num(0), sub(right[i], mul(factor, right[k]))
    for k in reversed(range(n)):
        rest = right[k]
        for j in range(k + 1, n):
            rest = sub(rest, mul(matrix[k][j], right[j]))
        right[k] = _ratio(rest, matrix[k][k])
    return right


def _ratio(x: Expr, y: Expr) -> Expr:
    return call("select", call("eq", y, num(0)), num(0), div(x, y))
