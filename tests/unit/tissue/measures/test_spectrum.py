import numpy as np
import pytest

from hpc_twin.tissue.measures import Spectrum, hertz

DT, N = 5.0, 400  # 2 s


def dominant(*signals, n: int = N) -> np.ndarray:
    spectrum = Spectrum(len(signals), hertz(1.0, 20.0, 0.25), DT, N, -40.0)
    for k in range(n):
        spectrum.update(np.array([signal(k * DT / 1000) for signal in signals]))
    return spectrum.dominant()


def test_frequencies():
    assert hertz(1.0, 2.0, 0.25).tolist() == [1, 1.25, 1.5, 1.75, 2]


@pytest.mark.parametrize("f", [3.0, 4.11, 9.87, 17.4])
def test_a_sine_between_the_frequencies(f):
    found = dominant(lambda t: -30 + 50 * np.sin(2 * np.pi * f * t + 1))
    assert found == pytest.approx((f,), abs=0.02)


def test_action_potentials_and_not_their_harmonics_or_mean():
    """Every 265 ms an upstroke and a fall in 200 ms, on a level of -80 mV: 3.774 Hz."""
    found = dominant(lambda t: -80 + 100 * max(0.0, 1 - (t % 0.265) / 0.2))
    assert found == pytest.approx((1 / 0.265,), abs=0.03)


def test_the_stronger_of_two():
    assert dominant(lambda t: 10 * np.sin(14 * np.pi * t) + 30 * np.sin(22 * np.pi * t)) == pytest.approx(
        (11,), abs=0.02
    )


def test_quiet_nodes_have_none():
    found = dominant(lambda t: -85.0, lambda t: -85 + 0.1 * np.sin(30 * t))
    assert np.isnan(found).all()


def test_what_has_not_filled_a_batch_counts_and_what_comes_late_does_not():
    """As a discrete Fourier transform with the same window of all samples gives, after 390 and after 500."""
    rng = np.random.default_rng(3)
    V = rng.normal(size=(500, 2)) * 20 - 40
    for n in (390, 500):
        spectrum = Spectrum(2, hertz(1.0, 20.0, 0.25), DT, N, -40.0)
        for k in range(n):
            spectrum.update(V[k])
        used = min(n, N)
        window = np.sin(np.pi * (np.arange(used) + 0.5) / N) ** 2
        kernel = window[:, None] * np.exp(-2j * np.pi * np.outer(np.arange(used) * DT / 1000, hertz(1.0, 20.0, 0.25)))
        mean = window @ V[:used] / window.sum()
        power = np.abs(kernel.T @ (V[:used] - mean))
        largest = hertz(1.0, 20.0, 0.25)[power.argmax(axis=0)]
        assert np.abs(spectrum.dominant() - largest).max() <= 0.125 + 1e-6


def test_a_rank_without_nodes():
    assert dominant(n=40).shape == (0,)
