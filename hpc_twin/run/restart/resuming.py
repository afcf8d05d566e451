"""Which checkpoint a run goes on from, and whether it is one of this run."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from hpc_twin import __version__
from hpc_twin.case import Case
from hpc_twin.cellmodels import Kernel
from hpc_twin.io.checkpoint import Checkpoint, newest
from hpc_twin.mesh.digest import checksum, digest
from hpc_twin.mesh.part import Part
from hpc_twin.parallel import InputError, say, sum_over, warn

MAY_CHANGE = ("title", "tissue.until", "solver.", "partition.", "checkpoint.", "bidomain.rtol", "bidomain.options")
BEGIN_ANEW = "begin anew with --overwrite, or in another --out"


class Facts(BaseModel):
    """What a checkpoint says of its run: case by keys, start and time [ms], name, digest and code of each model.

    mesh, torso    checksums; torso: of the ECG's own mesh, empty without one
    sets, regions  of the mesh: name -> checksum of the nodes, tag -> name
    """

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    hpc_twin: str
    case: dict[str, Any]
    start: float
    time: float
    models: list[dict[Literal["name", "digest", "code"], str]]
    mesh: str
    nodes: int
    sets: dict[str, str]
    regions: dict[str, str]
    torso: str
    ranks: int


def facts_of(case: Case, start: float, kernels: Sequence[Kernel], whole: Part, torso: str) -> dict[str, Any]:
    """What a checkpoint says of its run; ``start`` [ms] is when step 0 was, ``torso`` as in Facts. Collective."""
    facts = {"hpc_twin": __version__, "case": flat(case), "start": start, "models": _models(kernels)}
    named = {"sets": _sets(whole), "regions": _regions(whole)}
    return {**facts, "mesh": whole.checksum, "nodes": whole.n_nodes, **named, "torso": torso}


def found_in(comm, folder: Path, case: Case) -> Checkpoint:
    """The newest good checkpoint in ``folder``, which is one of this ``case``; tells of those that are not good.

    Collective. Raises InputError where there is none, or it is of another case.
    """
    if case.tissue.model == "eikonal":
        raise InputError('tissue.model = "eikonal" is one solve: there is nothing to go on from; run it again')
    found, refused = newest(comm, folder)
    for words in refused:
        warn(comm, f"checkpoint refused: {words}")
    if found is None:
        why = "all are damaged" if refused else "there is none (a run that is done keeps one with checkpoint.at_end)"
        raise InputError(f"{folder}: no checkpoint to go on from, {why}; {BEGIN_ANEW}")
    _require_facts(found)
    _tell_version(comm, found)
    _require_case(found, case)
    _require_time_left(found, case)
    reached = found.facts["time"]
    say(comm, f"goes on from {found.folder}, t = {reached:g} ms, written by {found.facts['ranks']} ranks")
    return found


def require_models(comm, found: Checkpoint, kernels: Sequence[Kernel]) -> None:
    """Raise InputError where the cell models are not those of the checkpoint."""
    before = found.facts["models"]
    if len(before) != len(kernels):
        raise InputError(f"{found.folder}: is of {len(before)} cell models, not of {len(kernels)}; {BEGIN_ANEW}")
    for then, now in zip(before, _models(kernels), strict=True):
        if then["digest"] != now["digest"]:
            raise InputError(f"{found.folder}: is of {then['name']} with other states or parameters; {BEGIN_ANEW}")
        if then["code"] == now["code"]:
            continue
        if found.facts["hpc_twin"] == __version__:
            raise InputError(f"{found.folder}: is of {then['name']} with other equations; {BEGIN_ANEW}")
        warn(comm, f"hpc_twin {found.facts['hpc_twin']} began this run and computed {now['name']} a little otherwise")


def require_mesh(found: Checkpoint, whole: Part) -> None:
    """Raise InputError where the mesh is not that of the checkpoint, or has other names for its parts. Collective."""
    if (found.facts["mesh"], found.facts["nodes"]) != (whole.checksum, whole.n_nodes):
        raise InputError(
            f"{found.folder}: is of another mesh ({found.facts['nodes']:,} nodes, checksum {found.facts['mesh']}; "
            f"this one has {whole.n_nodes:,} nodes, {whole.checksum}); {BEGIN_ANEW}"
        )
    for what, now in (("sets", _sets(whole)), ("regions", _regions(whole))):
        then = found.facts[what]
        other = [f"{key}" for key in sorted({*then, *now}) if then.get(key) != now.get(key)]
        if other:
            kind = "node sets" if what == "sets" else "names of its regions"
            raise InputError(f"{found.folder}: is of a mesh with other {kind}: {', '.join(other[:3])}; {BEGIN_ANEW}")


def require_torso(found: Checkpoint, torso: str) -> None:
    """Raise InputError where the mesh of the ECG's torso has another checksum than that of the checkpoint."""
    if found.facts["torso"] != torso:
        raise InputError(
            f"{found.folder}: is of another torso (ecg.torso.file: checksum {found.facts['torso'] or 'none'}, this one "
            f"has {torso or 'none'}); {BEGIN_ANEW}"
        )


def _sets(whole: Part) -> dict[str, str]:
    """Checksum of the nodes of each set. Collective."""
    owned = [nodes[nodes < whole.n_owned] for nodes in whole.node_sets.values()]
    own = [digest("set", whole.node_ids[nodes], np.ones(len(nodes))) for nodes in owned]
    total = sum_over(whole.comm, np.array(own, np.uint64))  # modulo 2^64
    return {name: checksum(int(value)) for name, value in zip(whole.node_sets, total, strict=True)}


def _regions(whole: Part) -> dict[str, str]:
    return {str(tag): name for tag, name in whole.region_names.items()}


def flat(case: Case) -> dict[str, Any]:
    """All keys of a case with their values, as JSON keeps them."""
    found: dict[str, Any] = {}

    def walk(key: str, value: Any) -> None:
        if isinstance(value, Mapping) and value:
            for name, inner in value.items():
                walk(f"{key}.{name}" if key else name, inner)
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            for number, inner in enumerate(value):
                walk(f"{key}[{number}]", inner)
        else:
            found[key] = value

    walk("", json.loads(json.dumps(case.model_dump(mode="json"))))
    return found


def _require_facts(found: Checkpoint) -> None:
    try:
        Facts.model_validate(found.facts)
    except ValidationError as error:
        words = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:3])
        raise InputError(f"{found.folder}: its manifest is not that of a run: {words}") from None


def _tell_version(comm, found: Checkpoint) -> None:
    """Another version may write the same format, and then goes on; of another minor one the numbers may differ."""
    then, now = found.facts["hpc_twin"], __version__
    words = f"{found.folder}: was written by hpc_twin {then}, this is {now}"
    if then == now:
        return
    if then.split(".")[:2] == now.split(".")[:2]:
        say(comm, f"{words}: goes on")
    else:
        warn(comm, f"{words}: goes on, but from here on its numbers may be those of another program")


def _require_case(found: Checkpoint, case: Case) -> None:
    then, now = found.facts["case"], flat(case)
    other = [key for key in sorted({*then, *now}) if then.get(key) != now.get(key)]
    wrong = [key for key in other if not key.startswith(MAY_CHANGE)]
    if wrong:
        words = "; ".join(f"{key} was {then.get(key)} and is {now.get(key)}" for key in wrong[:3])
        raise InputError(
            f"{found.folder}: is of another case: {words}. Only tissue.until, [solver], [partition], [checkpoint], "
            f"bidomain.rtol and bidomain.options may change; {BEGIN_ANEW}"
        )
    if "tissue.until" in other and "dominant_frequency" in case.output.measures:
        raise InputError("tissue.until: cannot change, since dominant_frequency has its window over the whole run")


def _require_time_left(found: Checkpoint, case: Case) -> None:
    start, dt, until = found.facts["start"], case.tissue.dt, case.tissue.until
    if found.step >= round((until - start) / dt):
        raise InputError(
            f"tissue.until: found {until:g} ms, but {found.folder} is of t = {start + found.step * dt:g} ms: to go on, "
            'say --set tissue.until="..." with a later time'
        )


def _models(kernels: Sequence[Kernel]) -> list[dict[str, str]]:
    return [{"name": kernel.name, "digest": kernel.digest, "code": kernel.code} for kernel in kernels]
