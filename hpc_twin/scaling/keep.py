"""What ``hpc-twin scale`` leaves: scaling.md, scaling.json, scaling.png."""

import json
from dataclasses import asdict
from pathlib import Path

from hpc_twin.parallel import InputError
from hpc_twin.scaling.pages import network_line, sections
from hpc_twin.scaling.picture import draw
from hpc_twin.scaling.scale import Scaling


def keep(found: Scaling, folder: Path) -> dict[str, str]:
    """Write the files; the sections of scaling.md. Raises InputError where the folder cannot be written."""
    pages = sections(found)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "scaling.json").write_text(json.dumps(_data(found), indent=1))
        (folder / "scaling.md").write_text("\n\n".join(f"## {title}\n{text}" for title, text in pages.items()) + "\n")
        draw(found, folder / "scaling.png")
    except OSError as error:
        raise InputError(f"--out: cannot write {folder} ({error.strerror})") from None
    return {**pages, "Assumed": "\n".join(network_line(n) for n in found.networks)}


def _data(found: Scaling) -> dict:
    curves = {
        network.name: {
            kind: [{"ranks": p.load.ranks, "efficiency": p.efficiency, **p.parts} for p in points]
            for kind, points in (("strong", found.strong_curve(network)), ("weak", found.weak_curve(network)))
        }
        for network in found.networks
    }
    return {
        "case": found.source,
        "strong": [asdict(s) for s in found.strong],
        "weak": [asdict(s) for s in found.weak],
        "others": [asdict(s) for s in found.others],
        "partitions": [asdict(p) for p in found.counts],
        "units": {name: asdict(getattr(found.model, name)) for name in ("cells", "solve", "measures")},
        "frames": found.model.frames and asdict(found.model.frames),
        "phases": {name: law.coefficients for name, law in found.model.phases.items()},
        "networks": [asdict(n) for n in found.networks],
        "predicted": curves,
    }
