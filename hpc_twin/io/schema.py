"""The Exodus II schema on netCDF-4: dimensions, variables and the attributes that readers ask for.

Names and meaning after Schoof & Yarberry, "EXODUS II: A Finite Element Data Model", SAND92-2137 (1994), appendix A,
and the revision of 2016 by Sjaardema.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import netCDF4
import numpy as np

from hpc_twin.io.rounding import FRACTION
from hpc_twin.io.text import from_characters, to_characters

KINDS = {4: ("TETRA4", "TETRA10"), 3: ("TRI3", "TRI6"), 2: ("BAR2", "BAR3")}  # by corners, of order 1 and 2
NAME_LENGTH = 256
VALUES_PER_CHUNK = 1 << 18
CHUNKS, NARROWEST, WIDEST = 64, 1 << 13, 1 << 16  # of a frame; values of a chunk
STEPS_OF_MAPS = 64  # in a chunk of what does not change with time
VALUES_OF_MAPS = 1 << 17


@dataclass(frozen=True)
class Block:
    """Elements of one region and one kind. ``size`` is corners per element, ``count`` the elements on all ranks.

    columns  of the table of all nodes of elements, corners first, where those of this kind stand
    """

    name: str
    region: int
    size: int
    count: int
    columns: tuple[int, ...]

    @property
    def kind(self) -> str:
        """Exodus's name."""
        return KINDS[self.size][len(self.columns) > self.size]


@dataclass(frozen=True)
class Variable:
    """A named result: ``kind`` "nodal" or "element"; a static one does not change with time.

    bits  that are kept of a float32 behind its leading one
    """

    name: str
    units: str
    long_name: str
    kind: str = "nodal"
    static: bool = False
    bits: int = FRACTION


def define_mesh(data: netCDF4.Dataset, n_nodes: int, n_elements: int, blocks: Sequence[Block]) -> None:
    """Dimensions, coordinates, element blocks and the two numbering maps."""
    sizes = {"len_string": 33, "len_line": 81, "four": 4, "len_name": NAME_LENGTH, "time_step": None, "num_dim": 3}
    sizes |= {"num_nodes": n_nodes, "num_elem": n_elements, "num_el_blk": len(blocks)}
    for name, size in sizes.items():
        data.createDimension(name, size)
    time = data.createVariable("time_whole", "f8", ("time_step",), chunksizes=(1024,))
    time.setncatts({"units": "ms", "long_name": "time", "axis": "T"})
    for axis in "xyz":
        _packed(data, f"coord{axis}", "f8", "num_nodes").setncatts({"units": "mm", "long_name": f"{axis} coordinate"})
    _packed(data, "node_num_map", "i4", "num_nodes").long_name = "node number in the mesh as it was read, from 1"
    _packed(data, "elem_num_map", "i4", "num_elem").long_name = "element number in the mesh as it was read, from 1"
    _names(data, "coor_names", "num_dim", ["x", "y", "z"])
    _names(data, "eb_names", "num_el_blk", [block.name for block in blocks])
    data.createVariable("eb_status", "i4", ("num_el_blk",))[:] = np.ones(len(blocks), "i4")
    numbers = data.createVariable("eb_prop1", "i4", ("num_el_blk",))
    numbers.setncattr("name", "ID")
    numbers[:] = np.arange(1, len(blocks) + 1)
    for number, block in enumerate(blocks, start=1):
        _define_block(data, number, block)


def define_results(
    data: netCDF4.Dataset, variables: Sequence[Variable], n_blocks: int, double: bool, steps_of_maps: int
) -> None:
    """Result variables: float32 or float64, compressed.

    The schema keeps every result at every time. A static one is cut into chunks of ``steps_of_maps`` times and few
    values: a repeated row costs almost nothing after compression, so it is stored that often for the price of one.
    """
    code = "f8" if double else "f4"
    for kind, short in (("nodal", "nod"), ("element", "elem")):
        some = [v for v in variables if v.kind == kind]
        if not some:
            continue
        data.createDimension(f"num_{short}_var", len(some))
        _names(data, f"name_{short}_var", f"num_{short}_var", [v.name for v in some])
        length = len(data.dimensions["num_nodes" if kind == "nodal" else "num_elem"])
        for number, variable in enumerate(some, start=1):
            shape = (steps_of_maps, map_width(length, steps_of_maps)) if variable.static else (1, chunk_width(length))
            for name, axis in places(kind, number, n_blocks):
                _define_result(data, name, axis, variable, code, shape)


def chunk_width(length: int) -> int:
    """Values in a chunk of one time, of ``length`` values in all.

    As many chunks as many ranks can compress at once, few enough for the file's index, and small: to read one node at
    all times takes one chunk a time.
    """
    return min(max(1 << (max(length, 1) // CHUNKS).bit_length(), NARROWEST), WIDEST)


def map_width(length: int, steps: int) -> int:
    """Values in a chunk of ``steps`` times; divides ``chunk_width``."""
    return min(1 << ((VALUES_OF_MAPS // steps).bit_length() - 1), chunk_width(length))


def steps_of_maps(data: netCDF4.Dataset) -> int:
    """Times in a chunk of the static results of a file."""
    return next((int(v.chunking()[0]) for v in data.variables.values() if "static" in v.ncattrs()), 1)


def frames_of(data: netCDF4.Dataset, variables: Sequence[Variable], n_nodes: int) -> int:
    """Number of frames in a file that holds these results. Raises KeyError where it holds others."""
    nodal = [v.name for v in variables if v.kind == "nodal"]
    there = from_characters(data.variables["name_nod_var"][:]) if nodal else []
    if there != nodal or len(data.dimensions["num_nodes"]) != n_nodes:
        raise KeyError(f"it holds {', '.join(there)} at {len(data.dimensions['num_nodes']):,} nodes")
    return len(data.dimensions["time_step"])


def places(kind: str, number: int, n_blocks: int) -> list[tuple[str, str]]:
    """(netCDF variable, dimension) pairs that hold the ``number``-th result of this kind, numbered from 1."""
    if kind == "nodal":
        return [(f"vals_nod_var{number}", "num_nodes")]
    return [(f"vals_elem_var{number}eb{b}", f"num_el_in_blk{b}") for b in range(1, n_blocks + 1)]


def define_attributes(data: netCDF4.Dataset, title: str, attributes: Mapping[str, object]) -> None:
    """The attributes that Exodus readers require, then the caller's."""
    required = {
        "api_version": np.float32(8.03),
        "version": np.float32(8.03),
        "floating_point_word_size": np.int32(8),
        "file_size": np.int32(1),
        "maximum_name_length": np.int32(NAME_LENGTH - 1),
        "int64_status": np.int32(0),
        "title": title[:80],
        "Conventions": "Exodus II",
    }
    data.setncatts(required)
    data.setncatts({key: value for key, value in attributes.items() if key not in required})


def _define_block(data: netCDF4.Dataset, number: int, block: Block) -> None:
    rows, columns = f"num_el_in_blk{number}", f"num_nod_per_el{number}"
    data.createDimension(rows, block.count)
    data.createDimension(columns, len(block.columns))
    chunks = (min(block.count, VALUES_PER_CHUNK // 4), len(block.columns))
    connect = data.createVariable(f"connect{number}", "i4", (rows, columns), zlib=True, complevel=1, chunksizes=chunks)
    connect.setncatts({"elem_type": block.kind, "region": np.int32(block.region), "long_name": block.name})


def _define_result(
    data: netCDF4.Dataset, name: str, axis: str, variable: Variable, code: str, shape: tuple[int, int]
) -> None:
    chunks = (shape[0], min(shape[1], len(data.dimensions[axis])))
    created = data.createVariable(
        name, code, ("time_step", axis), zlib=True, complevel=1, shuffle=True, chunksizes=chunks, fill_value=np.nan
    )
    created.set_auto_maskandscale(False)
    created.setncatts({"units": variable.units, "long_name": variable.long_name, "short_name": variable.name})
    if variable.static:
        created.static = "the same at every time"
    if variable.bits < FRACTION:
        created.setncattr("_QuantizeBitRoundNumberOfSignificantBits", np.int32(variable.bits))  # netCDF's own name


def _packed(data: netCDF4.Dataset, name: str, code: str, axis: str) -> netCDF4.Variable:
    chunks = (min(len(data.dimensions[axis]), VALUES_PER_CHUNK),)
    return data.createVariable(name, code, (axis,), zlib=True, complevel=1, shuffle=True, chunksizes=chunks)


def _names(data: netCDF4.Dataset, name: str, axis: str, texts: Sequence[str]) -> None:
    data.createVariable(name, "S1", (axis, "len_name"))[:] = to_characters(texts, NAME_LENGTH)
