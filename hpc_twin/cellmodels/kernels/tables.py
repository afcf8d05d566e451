"""Tables over V of a compiled model: C text that interpolates them, and their values for a step, error checked.

A row of the table holds, for each eight columns, four vectors of eight coefficients; a cell reads its row as whole
vectors, and eight cells' columns are transposed: no gathers.
"""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from hpc_twin.cellmodels.expressions.tables import HIGH, LOW, TOLERANCE, WIDTH, fitted, sample_points

LANES = 8  # columns in a group
TILE = 128  # cells whose states and columns stay in the cache
KEPT = 4  # tables for the last steps

INTERPOLATE = """
typedef double twin_lanes __attribute__((vector_size(64)));
typedef long long twin_mask __attribute__((vector_size(64)));
#ifdef __clang__
#define TWIN_MIX(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define TWIN_MIX(a, b, ...) __builtin_shuffle(a, b, (twin_mask){{__VA_ARGS__}})
#endif
#define GROUPS {groups}

TWIN_INLINE void twin_transpose(twin_lanes *r)
{{
  twin_lanes a[8], b[8];
  for (int k = 0; k < 8; k += 2) {{
    a[k] = TWIN_MIX(r[k], r[k + 1], 0, 8, 2, 10, 4, 12, 6, 14);
    a[k + 1] = TWIN_MIX(r[k], r[k + 1], 1, 9, 3, 11, 5, 13, 7, 15);
  }}
  for (int k = 0; k < 8; k += k % 4 ? 3 : 1) {{
    b[k] = TWIN_MIX(a[k], a[k + 2], 0, 1, 8, 9, 4, 5, 12, 13);
    b[k + 2] = TWIN_MIX(a[k], a[k + 2], 2, 3, 10, 11, 6, 7, 14, 15);
  }}
  for (int k = 0; k < 4; k++) {{
    r[k] = TWIN_MIX(b[k], b[k + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    r[k + 4] = TWIN_MIX(b[k], b[k + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }}
}}

/* Whether there is a table and it holds V of every cell; NaN is nowhere. */
TWIN_INLINE _Bool twin_within(long count, const double *v, const double *table)
{{
  double outside = 0;
  #pragma omp simd reduction(+ : outside)
  for (long i = 0; i < count; i++) outside += v[i] >= {low!r} && v[i] < {high!r} ? 0.0 : 1.0;
  return table && outside == 0;
}}

static __attribute__((noinline)) void twin_interpolate(long count, const double *v, const double *table,
                                                       double (*restrict columns)[TILE + 8])
{{
  for (long i = 0; i < count; i += 8) {{
    const double *row[8];
    double f[8];
    for (int j = 0; j < 8; j++) {{
      const double place = (v[i + j < count ? i + j : count - 1] - {low!r}) * {inverse!r};
      const int k = (int)place;
      row[j] = table + (long)k * (32 * GROUPS), f[j] = place - k;
    }}
    for (int g = 0; g < GROUPS; g++) {{
      twin_lanes r[8];
      for (int j = 0; j < 8; j++) {{
        const twin_lanes *c = (const twin_lanes *)(row[j] + 32 * g);
        r[j] = ((c[3] * f[j] + c[2]) * f[j] + c[1]) * f[j] + c[0];
      }}
      twin_transpose(r);
      for (int j = 0; j < 8; j++) *(twin_lanes *)&columns[8 * g + j][i] = r[j];
    }}
  }}
}}
"""


def interpolation(n_columns: int) -> str:
    """C text of twin_within and twin_interpolate."""
    return INTERPOLATE.format(groups=groups(n_columns), low=LOW, high=HIGH, inverse=1 / WIDTH)


def groups(n_columns: int) -> int:
    """How many groups of columns a row has, the last one filled up."""
    return -(-n_columns // LANES)


def with_tables(library: ctypes.CDLL) -> Callable[..., None]:
    """``advance`` of a library that has ``columns``, each call with the table of its step as the last argument."""
    advance, columns = library.advance, library.columns
    advance.argtypes = (*advance.argtypes, ctypes.c_void_p)
    columns.argtypes, columns.restype = (ctypes.c_long, ctypes.c_double, ctypes.c_void_p, ctypes.c_void_p), None
    tables = Tables(ctypes.c_long.in_dll(library, "n_columns").value, columns)

    def tabulated(n: int, stride: int, t: float, dt: float, substeps: int, *others: int | None) -> None:
        table = tables.at(dt / substeps)
        advance(n, stride, t, dt, substeps, *others, None if table is None else table.ctypes.data)

    return tabulated


@dataclass(eq=False)
class Tables:
    """The tables of one kernel, built where a step is new. ``sample`` is the library's function ``columns``."""

    n_columns: int
    sample: Callable[..., None] = field(repr=False)
    _kept: dict[float, np.ndarray | None] = field(default_factory=dict, repr=False)

    def at(self, step: float) -> np.ndarray | None:
        """The table for a step [ms], (n_rows, groups, 4, 8), or None where its error is above TOLERANCE."""
        kept = self._kept
        if step not in kept:
            self._kept = dict([*kept.items()][1 - KEPT :]) | {step: self._built(step)}
        return self._kept[step]

    def _built(self, step: float) -> np.ndarray | None:
        V = sample_points()
        samples = np.empty((self.n_columns, *V.shape))
        self.sample(V.size, step, V.ctypes.data, samples.ctypes.data)
        coefficients, errors = fitted(samples)
        if not (errors <= TOLERANCE).all():
            return None
        padding = groups(self.n_columns) * LANES - self.n_columns
        padded = np.pad(coefficients, ((0, padding), (0, 0), (0, 0)))
        table = _aligned((V.shape[1], groups(self.n_columns), 4, LANES))
        table[:] = padded.reshape(-1, LANES, 4, V.shape[1]).transpose(3, 0, 2, 1)
        return table


def _aligned(shape: tuple[int, ...]) -> np.ndarray:
    """An array that begins where a vector may: at a multiple of 64 bytes."""
    room = np.empty(int(np.prod(shape)) + 8)
    first = -room.ctypes.data % 64 // 8
    return room[first : first + room.size - 8].reshape(shape)
