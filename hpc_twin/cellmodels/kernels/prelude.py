"""C text before each kernel: mathematical functions that every compiler can inline and vectorise.

They make up most of a cell model: inlined they neither spill all registers around a call nor need a vector library,
whatever the machine. All propagate NaN; P below are power series economised by Chebyshev polynomials.

exp(x) = 2^k exp(r) with k = round(x/ln 2) and |r| <= ln(2)/2, exp(r) = P(r), and 2^k by the exponent bits. One fused
multiply-add gives r = x - k ln 2 to |x| 3e-17, a quarter of the rounding that x itself has suffered; without it Cody &
Waite's two-part ln 2 does. Results below 1e-308 are 0, above 1.2e308 infinite.
log(x) = k ln 2 + log(1 + f) with 1 + f between sqrt(1/2) and sqrt(2); with s = f/(2 + f) the series of atanh gives
log(1 + f) = 2 atanh(s) = f - s (f - R), R = s^2 P(s^2).
x^y = exp(y log |x|), with the sign of x where y is odd, to 1e-16 (1 + |y log x|).
sin, cos, tan: r = x - q pi/2 with pi/2 in three parts, |r| <= pi/4; sin r = r P(r^2), cos r = P(r^2), exchanged and
negated by q mod 4. Beyond |x| = 2^50 the answer is NaN. asin, acos by half angles from
atan(x) = a + t P(t^2), |t| <= tan(pi/8), where (a, t) is (0, |x|), (pi/4, (|x| - 1)/(|x| + 1)) or (pi/2, -1/|x|).
"""

from fractions import Fraction
from math import factorial

_PLAIN = ("sqrt", "floor", "ceil", "fabs")  # single instructions


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


def _polynomial(series: list[Fraction], radius: str, degree: int, variable: str) -> str:
    """C text of the economised series in Horner's form; ``radius`` bounds the variable."""
    coefficients = _economised(series, Fraction(radius), degree)
    text = f"{coefficients[-1]!r}"
    for c in reversed(coefficients[:-1]):
        text = f"({text} * {variable} + {c!r})"
    return text


_EXP = _polynomial([Fraction(1, factorial(k)) for k in range(18)], "0.3466", 10, "r")  # ln(2)/2
_LOG = _polynomial([Fraction(2, 2 * k + 1) for k in range(1, 16)], "0.0295", 7, "z")  # (sqrt 2 - 1)^2/(sqrt 2 + 1)^2
_SIN = _polynomial([Fraction((-1) ** k, factorial(2 * k + 1)) for k in range(14)], "0.617", 7, "z")  # (pi/4)^2
_COS = _polynomial([Fraction((-1) ** k, factorial(2 * k)) for k in range(14)], "0.617", 8, "z")
_ATAN = _polynomial([Fraction((-1) ** k, 2 * k + 1) for k in range(30)], "0.1716", 13, "z")  # tan(pi/8)^2

PRELUDE = f"""\
{"".join(f"extern double {name}(double) __attribute__((const));" + chr(10) for name in _PLAIN)}\
#if defined(__FP_FAST_FMA) || defined(__FMA__)
#define TWIN_FMA(a, b, c) __builtin_fma(a, b, c)
#define TWIN_REDUCED(x, k) __builtin_fma(k, -0x1.62e42fefa39efp-1, x)
#else
#define TWIN_FMA(a, b, c) ((a) * (b) + (c))
#define TWIN_REDUCED(x, k) (((x) - (k) * 0x1.62e42fefa0000p-1) - (k) * 0x1.cf79abc9e3b3ap-40)
#endif
#define TWIN_INLINE static inline __attribute__((always_inline, unused))
#define TWIN_NAN __builtin_nan("")
typedef union {{ double value; long long bits; }} twin_bits;

TWIN_INLINE double twin_exp(double x)
{{
  const double shift = 0x1.8p52 + 1023.0; /* adding it leaves k + 1023, the bits of 2^k's exponent, in the low ones */
  const long long top = 0x43380000000007ffLL; /* shift + 1024: 2^1024 has the bits of infinity */
  const double held = x < -709.0 ? -709.0 : x; /* k >= -1023, which has the bits of 0 */
  twin_bits shifted = {{ TWIN_FMA(held, 0x1.71547652b82fep0, shift) }};
  shifted.bits = shifted.bits < top ? shifted.bits : top;
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
  return x > 0.0 ? (x < __builtin_inf() ? result : x) : x == 0.0 ? -__builtin_inf() : TWIN_NAN;
}}

TWIN_INLINE double twin_pow(double x, double y)
{{
  const double size = twin_exp(y * twin_log(fabs(x))), half = 0.5 * y;
  const double turned = floor(half) == half ? size : -size;
  const double result = x < 0.0 ? (floor(y) == y ? turned : TWIN_NAN) : size;
  return y == 0.0 ? 1.0 : x == 1.0 ? 1.0 : result;
}}

typedef struct {{ double sine, cosine; long long quadrant; }} twin_angle;

TWIN_INLINE twin_angle twin_turned(double x)
{{
  const twin_bits shifted = {{ TWIN_FMA(x, 0x1.45f306dc9c883p-1, 0x1.8p52) }};
  const double q = shifted.value - 0x1.8p52;
  const double near = TWIN_FMA(q, -0x1.921fb54442d18p0, x);
  const double exact = TWIN_FMA(q, 0x1.f1976b7ed8fbcp-110, TWIN_FMA(q, -0x1.1a62633145c07p-54, near));
  const double r = fabs(x) <= 0x1p50 ? exact : TWIN_NAN, z = r * r;
  const twin_angle found = {{ r * {_SIN}, {_COS}, shifted.bits }};
  return found;
}}

TWIN_INLINE double twin_sin(double x)
{{
  const twin_angle a = twin_turned(x);
  const double size = a.quadrant & 1 ? a.cosine : a.sine;
  return a.quadrant & 2 ? -size : size;
}}

TWIN_INLINE double twin_cos(double x)
{{
  const twin_angle a = twin_turned(x);
  const double size = a.quadrant & 1 ? a.sine : a.cosine;
  return (a.quadrant + 1) & 2 ? -size : size;
}}

TWIN_INLINE double twin_tan(double x)
{{
  const twin_angle a = twin_turned(x);
  const double above = a.quadrant & 1 ? -a.cosine : a.sine, below = a.quadrant & 1 ? a.sine : a.cosine;
  return above / below;
}}

TWIN_INLINE double twin_atan(double x)
{{
  const double size = fabs(x);
  const _Bool small = size <= 0.41421356237309503, large = size > 2.414213562373095;
  const double above = small ? size : large ? -1.0 : size - 1.0, below = small ? 1.0 : large ? size : size + 1.0;
  const double t = above / below, z = t * t;
  const double tail = small ? 0.0 : large ? 0x1.1a62633145c07p-54 : 0x1.1a62633145c07p-55; /* what pi/2 rounded lacks */
  const double result = (small ? 0.0 : large ? 0x1.921fb54442d18p0 : 0x1.921fb54442d18p-1) + (t * {_ATAN} + tail);
  return x < 0.0 ? -result : result;
}}

TWIN_INLINE double twin_asin(double x)
{{
  return 2.0 * twin_atan(x / (1.0 + sqrt((1.0 - x) * (1.0 + x))));
}}

TWIN_INLINE double twin_acos(double x)
{{
  return 2.0 * twin_atan(sqrt((1.0 - x) / (1.0 + x)));
}}
"""
