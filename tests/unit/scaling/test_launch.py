"""What starts ranks, and what it says when it does not."""

import pytest

from hpc_twin.parallel import InputError, RunError
from hpc_twin.scaling.launch import check_launcher


@pytest.mark.parametrize(
    ("words", "kind", "message"),
    [
        ("There are not enough slots available in the system", InputError, "fewer cores than .* OMPI_MCA_rmaps"),
        ("set OMPI_ALLOW_RUN_AS_ROOT to 1", RunError, "starts no ranks for root"),
        ("error: no such option", RunError, "^no such option$"),
        ("what is that", RunError, "could not be started"),
    ],
)
def test_a_launcher_that_starts_nothing(tmp_path, words, kind, message):
    """One message of ours for thirty lines of theirs; it is asked for as many ranks as are wanted."""
    fake = tmp_path / "mpirun"
    fake.write_text(f'#!/bin/sh\n[ "$*" = "-n 9 true" ] && echo "{words}" >&2\nexit 1\n')
    fake.chmod(0o755)
    with pytest.raises(kind, match=message):
        check_launcher(f"{fake} -n", 9)
