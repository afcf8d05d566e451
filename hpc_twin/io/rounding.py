"""Fewer significant bits, so that files are smaller: for values of which nobody needs the last digits."""

import numpy as np

FRACTION = 23  # bits of a float32 behind its leading one


def keep_bits(values: np.ndarray, bits: int) -> None:
    """Round float32 ``values`` in place to ``bits`` bits behind the leading one: an error of at most 2^-(bits + 1).

    To nearest, ties to even: Kloewer et al., Nat. Comput. Sci. 1 (2021) 713; netCDF calls it BitRound. Zeros, NaN and
    infinities stay.
    """
    drop = FRACTION - bits
    if drop == 0:
        return
    finite = np.isfinite(values)
    as_bits = values.view(np.uint32)
    odd = as_bits >> np.uint32(drop) & np.uint32(1)
    np.add(as_bits, odd + np.uint32((1 << (drop - 1)) - 1), out=as_bits, where=finite)
    np.bitwise_and(as_bits, np.uint32((1 << 32) - (1 << drop)), out=as_bits, where=finite)
