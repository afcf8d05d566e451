"""The frequency that dominates V at each node, from a bank of running Fourier sums."""

import numpy as np
from scipy.linalg.blas import sgemm

from hpc_twin.fem.memory import Memory, common, nodal
from hpc_twin.mesh.part import Part

BATCH = 32  # samples that enter the sums together
BLOCK = 1 << 14  # nodes whose sums are looked at together
TINY = 1e-30
QUIET = 1.0  # mV; a node that oscillates less has no frequency


def hertz(low: float, high: float, step: float) -> np.ndarray:
    """(n,) frequencies from ``low`` to ``high``."""
    return low + step * np.arange(int(np.floor((high - low) / step + 1e-9)) + 1)


class Spectrum:
    """Fourier sums of V - offset under a Hann window over the whole time, at given frequencies and at 0:

        S(f) = sum_k w_k (V_k - offset) exp(-2 pi i f t_k),   w_k = sin^2(pi (k + 1/2) / n_samples)

    The dominant frequency is where |S(f) - mean W(f)| is largest, W the window's own sum: that of Ng, Kadish &
    Goldberger, Heart Rhythm 3 (2006) 1295, without a history. A parabola through the logarithms of the largest value
    and its neighbours tells it finer than the bank's step.

    Memory: 8 bytes per node and frequency, and 4 BATCH bytes per node.
    """

    def __init__(self, n_nodes: int, frequencies: np.ndarray, dt: float, n_samples: int, offset: float):
        """``frequencies`` in Hz, equally spaced; ``dt`` ms between samples; ``n_samples`` 0: see ``expect``."""
        self.frequencies = np.concatenate(([0.0], frequencies))
        self._dt, self._offset = dt, np.float32(offset)
        self._n_samples, self._seen = np.array(n_samples), np.array(0)
        self._sums = np.zeros((2 * len(self.frequencies), n_nodes), np.float32)
        self._window = np.zeros(2 * len(self.frequencies))
        self._batch = np.zeros((BATCH, n_nodes), np.float32)
        self._factors = np.zeros((2 * len(self.frequencies), BATCH), np.float32, order="F")

    @property
    def begun(self) -> bool:
        """Whether it is known how many samples there will be."""
        return bool(self._n_samples > 0)

    def expect(self, n_samples: int) -> None:
        """So many samples will come."""
        self._n_samples[...] = n_samples

    def memory(self, part: Part) -> Memory:
        """The sums, and the samples that are to enter them."""
        small = common(seen=self._seen, n_samples=self._n_samples, window=self._window, factors=self._factors)
        return {**nodal(part, sums=self._sums, batch=self._batch), **small}

    def update(self, V: np.ndarray) -> None:
        """See the next sample of V; what comes after ``n_samples`` is not looked at."""
        if self._seen == self._n_samples:
            return
        row = int(self._seen) % BATCH
        np.subtract(V, self._offset, out=self._batch[row], casting="unsafe")
        angle = -2e-3 * np.pi * self.frequencies * int(self._seen) * self._dt
        factors = np.concatenate((np.cos(angle), np.sin(angle))) * self._weight(int(self._seen))
        self._factors[:, row] = factors
        self._window += factors
        self._seen += 1
        if row == BATCH - 1:
            self._add(BATCH)

    def dominant(self) -> np.ndarray:
        """(n_nodes,) Hz of what was seen so far; NaN where V is quiet."""
        n_nodes = self._sums.shape[1]
        found = np.full(n_nodes, np.nan)
        for first in range(0, n_nodes, BLOCK):
            block = slice(first, first + BLOCK)
            found[block] = _peak(self._amplitudes(block), self.frequencies[1:])
        return found

    def _weight(self, k: int) -> float:
        return float(np.sin(np.pi * (k + 0.5) / self._n_samples) ** 2)

    def _add(self, n: int) -> None:
        """sums += factors batch, in place: BLAS sees the transposes, which are in its own order."""
        if self._sums.size:  # a rank may own no node
            sgemm(1.0, self._batch[:n].T, self._factors[:, :n].T, beta=1.0, c=self._sums.T, overwrite_c=1)

    def _amplitudes(self, block: slice) -> np.ndarray:
        """(n_frequencies, n) mV of some nodes."""
        waiting, half = int(self._seen) % BATCH, len(self.frequencies)
        sums = self._sums[:, block] + self._factors[:, :waiting] @ self._batch[:waiting, block].astype(float)
        sums -= self._window[:, None] * (sums[0] / max(self._window[0], TINY))
        return 2 * np.hypot(sums[1:half], sums[half + 1 :]) / max(self._window[0], TINY)


def _peak(amplitude: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """(n,) Hz where ``amplitude`` (n_frequencies, n) is largest, by a parabola through three logarithms."""
    largest = amplitude.argmax(axis=0)
    inner = np.clip(largest, 1, len(amplitude) - 2)
    low, mid, high = (np.log(np.take_along_axis(amplitude, (inner + k)[None], 0)[0] + TINY) for k in (-1, 0, 1))
    bend = low - 2 * mid + high
    shift = np.divide(low - high, 2 * bend, out=np.zeros_like(bend), where=(bend < 0) & (largest == inner))
    found = frequencies[largest] + shift * (frequencies[1] - frequencies[0])
    return np.where(amplitude.max(axis=0) < QUIET, np.nan, found)
