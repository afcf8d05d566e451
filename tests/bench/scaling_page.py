"""``python tests/bench/scaling_page.py [--tiny] [--page FILE] [SECTION ...]``: measure anew what docs/scaling.md shows.

Text between ``<!-- NAME -->`` and ``<!-- end -->`` is replaced as soon as a section is done, pictures go to
``pictures`` beside the page. A section that fails is told, and the others go on. 15 minutes on an idle machine;
``--tiny`` tries all of it in some minutes and should write to a copy of the page. As root, mpirun wants
OMPI_ALLOW_RUN_AS_ROOT and OMPI_ALLOW_RUN_AS_ROOT_CONFIRM in the environment.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from hpc_twin.cli.main import main; main()", "scale"]
PARTS = ("--parts", "64,1024,4096,16384,100000")
SCALED = {"niederer": ("--set", 'mesh.shape.h="0.2 mm"', "--weak", *PARTS), "heartbeat": PARTS}
TINY = {"niederer": ("--weak", "--parts", "16,64"), "heartbeat": ("--set", 'mesh.shape.h="1 mm"', "--parts", "16,64")}
CHECK = [sys.executable, Path(__file__).with_name("plan_check.py")]
TINY_CHECK = "niederer at 0.25 mm"
LONGEST = 1800  # seconds of a section


def scaled(job: str, page: Path, tiny: bool) -> dict[str, str]:
    """Sections of the page for a job, by name of job and first word of the title."""
    with tempfile.TemporaryDirectory() as name:
        words = (TINY if tiny else SCALED)[job]
        subprocess.run([*COMMAND, ROOT / "jobs" / job, *words, "--out", name], check=True, cwd=ROOT, timeout=LONGEST)
        return kept(job, Path(name), page)


def kept(job: str, folder: Path, page: Path) -> dict[str, str]:
    """What ``hpc-twin scale`` left in ``folder``."""
    picture = page.parent / "pictures" / f"scaling_{job}.png"
    picture.parent.mkdir(exist_ok=True)
    picture.write_bytes((folder / "scaling.png").read_bytes())
    found = re.findall(r"## (.*?)\n(.*?)(?=\n## |\Z)", (folder / "scaling.md").read_text(), re.DOTALL)
    return {f"{job}: {title}": text.strip() for title, text in found}


def checked(tiny: bool) -> dict[str, str]:
    """The table of plan_check.py, whatever its verdict is."""
    words = [TINY_CHECK] if tiny else []
    done = subprocess.run([*CHECK, *words], stdout=subprocess.PIPE, text=True, cwd=ROOT, check=False, timeout=LONGEST)
    if "worst" not in done.stdout:
        raise subprocess.CalledProcessError(done.returncode, CHECK)
    return {"plan": done.stdout.strip()}


def put(page: Path, sections: dict[str, str]) -> list[str]:
    """Into the page, with the date of the measurements; the names that the page shows."""
    text, shown = page.read_text(), []
    for name, body in sections.items():
        pattern = rf"(<!-- {re.escape(name)} -->\n).*?(<!-- end -->)"
        new = f"Measured {date.today().isoformat()}.\n\n{body}" if name.endswith("measured") or name == "plan" else body
        text, n = re.subn(pattern, lambda match, new=new: f"{match[1]}{new}\n{match[2]}", text, flags=re.DOTALL)
        shown += [name] * n
    page.write_text(text)
    return shown


def tell(words: str) -> None:
    """With the time of day."""
    print(f"{time.strftime('%H:%M:%S')} {words}", flush=True)


def main() -> int:
    """1 if a section failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"{', '.join(SCALED)} or plan; default all")
    parser.add_argument("--tiny", action="store_true", help="try it out on small meshes")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "scaling.md", help="default docs/scaling.md")
    asked, failed = parser.parse_args(), []
    known = [*SCALED, "plan"]
    if unknown := [name for name in asked.sections if name not in known]:
        parser.error(f"sections are {', '.join(known)}, found {', '.join(unknown)}")
    os.environ.setdefault("OMPI_MCA_rmaps_base_oversubscribe", "1")
    for name in asked.sections or known:
        tell(f"section {name}")
        try:
            found = checked(asked.tiny) if name == "plan" else scaled(name, asked.page.resolve(), asked.tiny)
            tell(f"section {name} done: {', '.join(put(asked.page, found))}")
        except (OSError, subprocess.SubprocessError) as error:
            tell(f"section {name} failed: {error}")
            failed.append(name)
    tell(f"failed: {', '.join(failed)}" if failed else "all sections done")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
