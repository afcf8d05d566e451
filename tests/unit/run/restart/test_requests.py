"""Signals as wishes."""

import signal

import pytest

from hpc_twin.parallel import world
from hpc_twin.run.restart import FROM_SCHEDULERS, FROM_USERS, STOPS, Requests, Wish


def test_the_largest_wish_goes_first():
    before, requests = [signal.getsignal(number) for number in FROM_SCHEDULERS], Requests(world())
    with requests.hearing(FROM_SCHEDULERS), requests.hearing(FROM_USERS):
        assert requests.agreed(False) == Wish.NOTHING and requests.agreed(True) == Wish.CHECKPOINT
        signal.raise_signal(signal.SIGUSR2)
        assert requests.agreed(False) == Wish.CHECKPOINT == requests.agreed(False)
        requests.met()
        assert requests.agreed(False) == Wish.NOTHING
        signal.raise_signal(signal.SIGUSR1)
        signal.raise_signal(signal.SIGUSR1)
        assert requests.agreed(True) == Wish.HAND_OVER
        signal.raise_signal(signal.SIGTERM)
        requests.met()
        assert requests.agreed(True) == Wish.STOP
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    assert [signal.getsignal(number) for number in FROM_SCHEDULERS] == before
    assert (STOPS[Wish.HAND_OVER].exit_code, STOPS[Wish.STOP].exit_code) == (75, 130)
