"""C text before each kernel: mathematical functions that a compiler can vectorise.

exp is ours, since it makes up most of a cell model and inlining it spares the spilling of all registers around a call:
exp(x) = 2^k exp(r) with k = round(x/ln 2), |r| <= ln(2)/2 by Cody & Waite's two-part ln 2, exp(r) by its Taylor
polynomial to r^13 (remainder below 5e-18), 2^k by the exponent bits; results below 3e-308 are 0.
The others come from the C library, whose vector variants (glibc's libmvec) the simd attribute announces.
"""

from math import factorial

_LIBMVEC_OLD = ("log", "sin", "cos")
_LIBMVEC_NEW = ("log10", "tan", "asin", "acos", "atan")
_PLAIN = ("sqrt", "floor", "ceil", "fabs")


def _polynomial() -> str:
    """Horner's form of sum r^k/k!, k = 0..13."""
    text = f"{1 / factorial(13)!r}"
    for k in range(12, -1, -1):
        text = f"({text} * r + {1 / factorial(k)!r})"
    return text


PRELUDE = f"""\
#if defined(__linux__)
#include <features.h>
#endif
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define TWIN_SIMD __attribute__((const, simd("notinbranch")))
#else
#define TWIN_SIMD __attribute__((const))
#endif
#if defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 35)
#define TWIN_SIMD_35 TWIN_SIMD
#endif
#endif
#ifndef TWIN_SIMD_35
#define TWIN_SIMD_35 __attribute__((const))
#endif
{"".join(f"extern double {name}(double) TWIN_SIMD;{chr(10)}" for name in _LIBMVEC_OLD)}\
extern double pow(double, double) TWIN_SIMD;
{"".join(f"extern double {name}(double) TWIN_SIMD_35;{chr(10)}" for name in _LIBMVEC_NEW)}\
{"".join(f"extern double {name}(double) __attribute__((const));{chr(10)}" for name in _PLAIN)}\

static inline __attribute__((always_inline)) double twin_exp(double x)
{{
  const double shift = 0x1.8p52; /* adding it leaves round(x/ln 2) in the low bits */
  const double shifted = x * 0x1.71547652b82fep0 + shift;
  const double k = shifted - shift;
  const double r = (x - k * 0x1.62e42fefa0000p-1) - k * 0x1.cf79abc9e3b3ap-40;
  const double tiny = {_polynomial()};
  union {{ double value; long long bits; }} power;
  power.value = shifted;
  power.bits = (power.bits + 1022) << 52; /* 2^(k - 1), so that k = 1024 is no overflow */
  const double result = tiny * power.value * 2.0;
  return x > 709.782712893384 ? __builtin_inf() : x < -708.0 ? 0.0 : result;
}}
"""
