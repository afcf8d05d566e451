import netCDF4
import pytest
from ranks import run_ranks


@pytest.fixture(scope="session")
def sheets(tmp_path_factory):
    """The folder of write_sheet.py's files for 1, 2 and 3 ranks."""
    folders = {}
    for n in (1, 2, 3):
        folders[n] = tmp_path_factory.mktemp(f"ranks{n}")
        done = run_ranks(n, "write_sheet.py", str(folders[n]))
        assert done.returncode == 0, done.stderr
    return folders


@pytest.fixture
def dataset(sheets):
    with netCDF4.Dataset(sheets[1] / "sheet.exo") as data:
        data.set_auto_mask(False)
        yield data
