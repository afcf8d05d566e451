"""One netCDF-4 file on disk, through netCDF, or through HDF5 itself where chunks are compressed already."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import netCDF4


class Handle:
    """The file ``path``, open by one of two libraries at a time, whichever was asked for last.

    how  netCDF4's keywords for a parallel file; HDF5 is for files that one rank alone writes
    Methods raise OSError or RuntimeError where the file cannot be opened or written.
    """

    def __init__(self, path: Path, how: Mapping[str, Any], again: bool):
        self._path, self._how = path, how
        self._hdf5: h5py.File | None = None
        self._known: dict[str, h5py.Dataset] = {}
        self._data: netCDF4.Dataset | None = self._opened("r+" if again else "w")

    @property
    def netcdf(self) -> netCDF4.Dataset:
        """The file as netCDF."""
        if self._data is None:
            self.close()
            self._data = self._opened("r+")
        return self._data

    def dataset(self, name: str) -> h5py.Dataset:
        """A variable of the file as HDF5's data set, looked up once."""
        if self._hdf5 is None:
            self.close()
            self._hdf5 = h5py.File(self._path, "r+")
        if name not in self._known:
            self._known[name] = self._hdf5[name]
        return self._known[name]

    def flush(self) -> None:
        """Hand everything to the operating system."""
        if self._data is not None:
            self._data.sync()
        if self._hdf5 is not None:
            self._hdf5.flush()

    def close(self) -> None:
        """Close; it is opened again when it is asked for."""
        data, self._data = self._data, None
        hdf5, self._hdf5 = self._hdf5, None
        self._known.clear()
        for file in (data, hdf5):
            if file is not None:
                file.close()

    def _opened(self, mode) -> netCDF4.Dataset:
        data = netCDF4.Dataset(self._path, mode, format="NETCDF4", **self._how)
        data.set_auto_maskandscale(False)
        return data
