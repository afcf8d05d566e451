"""``python tests/bench/scaling_page.py [niederer heartbeat plan]``: measure anew what docs/scaling.md shows.

Text between ``<!-- NAME -->`` and ``<!-- end -->`` is replaced; pictures go to docs/pictures. 40 minutes.
"""

import re
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "scaling.md"
COMMAND = [sys.executable, "-c", "from hpc_twin.cli.main import main; main()", "scale"]
SCALED = {"niederer": ["--set", 'mesh.shape.h="0.2 mm"', "--weak"], "heartbeat": []}
CHECK = Path(__file__).with_name("plan_check.py")


def scaled(job: str) -> dict[str, str]:
    """Sections of scaling.md of a job, by name of job and first word of the title."""
    with tempfile.TemporaryDirectory() as name:
        subprocess.run([*COMMAND, ROOT / "jobs" / job, *SCALED[job], "--out", name], check=True, cwd=ROOT)
        return kept(job, Path(name))


def kept(job: str, folder: Path) -> dict[str, str]:
    """What ``hpc-twin scale`` left in ``folder``."""
    (ROOT / "docs" / "pictures" / f"scaling_{job}.png").write_bytes((folder / "scaling.png").read_bytes())
    found = re.findall(r"## (.*?)\n(.*?)(?=\n## |\Z)", (folder / "scaling.md").read_text(), re.DOTALL)
    return {f"{job}: {title}": text.strip() for title, text in found}


def checked() -> dict[str, str]:
    """The table of plan_check.py, whatever its verdict is."""
    done = subprocess.run([sys.executable, CHECK], capture_output=True, text=True, cwd=ROOT, check=False)
    return {"plan": done.stdout.strip()}


def put(sections: dict[str, str]) -> None:
    """Into the page, with the date of the measurements; a section that the page does not show is left out."""
    text = PAGE.read_text()
    for name, body in sections.items():
        pattern = rf"(<!-- {re.escape(name)} -->\n).*?(<!-- end -->)"
        new = f"Measured {date.today().isoformat()}.\n\n{body}" if name.endswith("measured") or name == "plan" else body
        text = re.sub(pattern, lambda match, new=new: f"{match[1]}{new}\n{match[2]}", text, flags=re.DOTALL)
    PAGE.write_text(text)


if __name__ == "__main__":
    for wanted in sys.argv[1:] or [*SCALED, "plan"]:
        put(checked() if wanted == "plan" else scaled(wanted))
