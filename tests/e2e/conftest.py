"""The command line in this process: what needs no start of Python and MPI, which costs more than most commands."""

import subprocess

import pytest

from hpc_twin.cli.main import obey, on_all_ranks


@pytest.fixture
def obeyed(capsys, monkeypatch):
    """A function like tools.twin, on the one rank that runs the tests."""
    monkeypatch.setenv("COLUMNS", "200")

    def obeyed(*words) -> subprocess.CompletedProcess:
        code = on_all_ranks(lambda: obey([str(word) for word in words]))
        said = capsys.readouterr()
        return subprocess.CompletedProcess(words, code, said.out, said.err)

    return obeyed
