"""C text before each kernel: mathematical functions that a compiler can vectorise.

exp and log are ours: they make up most of a cell model, and inlined they neither spill all registers around a call nor
need a vector library, whatever the machine. The others come from the C library, whose vector variants (glibc's libmvec)
the simd attribute announces.

exp(x) = 2^k exp(r) with k = round(x/ln 2) and |r| <= ln(2)/2 by Cody & Waite's two-part ln 2, exp(r) by its Taylor
polynomial, economised to degree 11, and 2^k by the exponent bits. Results below 3e-308 are 0.
log(x) = k ln 2 + log(1 + f) with 1 + f between sqrt(1/2) and sqrt(2); with s = f/(2 + f) the series of atanh gives
log(1 + f) = 2 atanh(s) = f - s (f - R), R = 2 (s^2/3 + s^4/5 + ...).
"""

from fractions import Fraction
from math import factorial

EXP_DEGREE, EXP_RADIUS = 11, Fraction(3466, 10000)  # ln(2)/2 = 0.34657...
LOG_TERMS = 11  # the next term is below 4e-18

_LIBMVEC_2_22 = ("sin", "cos")
_LIBMVEC_2_35 = ("log10", "tan", "asin", "acos", "atan")
_PLAIN = ("sqrt", "floor", "ceil", "fabs")


def _chebyshev(n: int) -> list[int]:
    """Coefficients of T_n, lowest first."""
    before, last = [1], [0, 1]
    for _ in range(n - 1):
        shifted = [0, *(2 * c for c in last)]
        before, last = last, [a - b for a, b in zip(shifted, [*before, 0, 0], strict=True)]
    return last


def _economised(series: list[Fraction], radius: Fraction, degree: int) -> list[float]:
    """A power series cut to ``degree`` by taking off multiples of T_n(r/radius): nearly the best polynomial."""
    scaled = [c * radius**k for k, c in enumerate(series)]
    while len(scaled) > degree + 1:
        n = len(scaled) - 1
        factor = scaled[n] / 2 ** (n - 1)
        scaled = [c - factor * t for c, t in zip(scaled, _chebyshev(n), strict=True)][:n]
    return [float(c / radius**k) for k, c in enumerate(scaled)]


def _horner(coefficients: list[float], variable: str) -> str:
    text = f"{coefficients[-1]!r}"
    for c in reversed(coefficients[:-1]):
        text = f"({text} * {variable} + {c!r})"
    return text


_EXP = _horner(_economised([Fraction(1, factorial(k)) for k in range(18)], EXP_RADIUS, EXP_DEGREE), "r")
_LOG = _horner([2 / (2 * k + 1) for k in range(1, LOG_TERMS)], "z")


def _declared(functions: tuple[str, ...], attribute: str) -> str:
    return "".join(f"extern double {name}(double) {attribute};\n" for name in functions)


PRELUDE = f"""\
#if defined(__linux__)
#include <features.h>
#endif
#define TWIN_CONST __attribute__((const))
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define TWIN_SIMD __attribute__((const, simd("notinbranch")))
#if __GLIBC_PREREQ(2, 35)
#define TWIN_SIMD_35 TWIN_SIMD
#else
#define TWIN_SIMD_35 TWIN_CONST
#endif
#else
#define TWIN_SIMD TWIN_CONST
#define TWIN_SIMD_35 TWIN_CONST
#endif
{_declared(_PLAIN, "TWIN_CONST")}{_declared(_LIBMVEC_2_22, "TWIN_SIMD")}{_declared(_LIBMVEC_2_35, "TWIN_SIMD_35")}\
extern double pow(double, double) TWIN_SIMD;
#define TWIN_INLINE static inline __attribute__((always_inline))
typedef union {{ double value; unsigned long long bits; }} twin_bits;

TWIN_INLINE double twin_exp(double x)
{{
  const double shift = 0x1.8p52; /* adding it leaves round(x/ln 2) in the low bits */
  const twin_bits shifted = {{ x * 0x1.71547652b82fep0 + shift }};
  const double k = shifted.value - shift;
  const double r = (x - k * 0x1.62e42fefa0000p-1) - k * 0x1.cf79abc9e3b3ap-40;
  const double grown = {_EXP};
  const twin_bits half = {{ .bits = (shifted.bits + 1022) << 52 }}; /* 2^(k - 1), so that k = 1024 is no overflow */
  const double result = grown * half.value * 2.0;
  return x > 709.782712893384 ? __builtin_inf() : x < -708.0 ? 0.0 : result;
}}

TWIN_INLINE double twin_log(double x)
{{
  const _Bool subnormal = x < 0x1p-1022;
  const twin_bits scaled = {{ subnormal ? x * 0x1p54 : x }};
  const unsigned long long root = 0x3fe6a09e667f3bcdULL; /* bits of sqrt(1/2) */
  const unsigned long long biased = (scaled.bits - root + (1024ULL << 52)) >> 52; /* k + 1024 */
  const twin_bits count = {{ .bits = biased | 0x4330000000000000ULL }}; /* the double 2^52 + k + 1024 */
  const double k = count.value - (0x1p52 + 1024.0) - (subnormal ? 54.0 : 0.0);
  const twin_bits part = {{ .bits = scaled.bits - ((biased - 1024) << 52) }};
  const double f = part.value - 1.0, s = f / (2.0 + f), z = s * s;
  const double R = z * {_LOG};
  const double result = k * 0x1.62e42fefa0000p-1 + (f - (s * (f - R) - k * 0x1.cf79abc9e3b3ap-40));
  return x > 0.0 ? (x < __builtin_inf() ? result : x) : x == 0.0 ? -__builtin_inf() : __builtin_nan("");
}}
"""
