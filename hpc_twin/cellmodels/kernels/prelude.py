"""C text before each kernel: mathematical functions that a compiler can vectorise.

exp and log are ours: they make up most of a cell model, and inlined they neither spill all registers around a call nor
need a vector library, whatever the machine. The others come from the C library, whose vector variants (glibc's libmvec)
the simd attribute announces.

exp(x) = 2^k exp(r) with k = round(x/ln 2) and |r| <= ln(2)/2, exp(r) by its Taylor polynomial, economised to degree 10,
and 2^k by the exponent bits. One fused multiply-add gives r = x - k ln 2 to |x| 3e-17, a quarter of the rounding that
x itself has suffered; without it Cody & Waite's two-part ln 2 does. Results below 1e-308 are 0, above 1.2e308 infinite.
log(x) = k ln 2 + log(1 + f) with 1 + f between sqrt(1/2) and sqrt(2); with s = f/(2 + f) the series of atanh gives
log(1 + f) = 2 atanh(s) = f - s (f - R), R = 2 (s^2/3 + s^4/5 + ...).
"""

from fractions import Fraction
from math import factorial

EXP_DEGREE, EXP_RADIUS = 10, Fraction(3466, 10000)  # ln(2)/2 = 0.34657...
LOG_DEGREE, LOG_RADIUS = 7, Fraction(295, 10000)  # (sqrt(2) - 1)^2/(sqrt(2) + 1)^2 = 0.02943...

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
_LOG = _horner(_economised([Fraction(2, 2 * k + 1) for k in range(1, 16)], LOG_RADIUS, LOG_DEGREE), "z")


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
#if defined(__FP_FAST_FMA) || defined(__FMA__)
#define TWIN_FMA(a, b, c) __builtin_fma(a, b, c)
#define TWIN_REDUCED(x, k) __builtin_fma(k, -0x1.62e42fefa39efp-1, x)
#else
#define TWIN_FMA(a, b, c) ((a) * (b) + (c))
#define TWIN_REDUCED(x, k) (((x) - (k) * 0x1.62e42fefa0000p-1) - (k) * 0x1.cf79abc9e3b3ap-40)
#endif
#define TWIN_INLINE static inline __attribute__((always_inline))
typedef union {{ double value; long long bits; }} twin_bits;
#define TWIN_TOP 0x43380000000007ffLL

TWIN_INLINE double twin_exp(double x)
{{
  const double shift = 0x1.8p52 + 1023.0; /* adding it leaves k + 1023, the bits of 2^k's exponent, in the low ones */
  const double held = x < -709.0 ? -709.0 : x; /* k >= -1023: the bits of 0 */
  twin_bits shifted = {{ TWIN_FMA(held, 0x1.71547652b82fep0, shift) }};
  shifted.bits = shifted.bits < TWIN_TOP ? shifted.bits : TWIN_TOP; /* k <= 1024: the bits of infinity */
  const double k = shifted.value - shift;
  const double r = TWIN_REDUCED(held, k);
  const twin_bits power = {{ .bits = (long long)((unsigned long long)shifted.bits << 52) }};
  return {_EXP} * power.value;
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
