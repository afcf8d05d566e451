"""What hpc-twin view has drawn beside a result, by name, so that a new run there can remove it."""

from collections.abc import Iterable
from pathlib import Path

PICTURES, DRAWN = "pictures", "drawn.txt"  # the folder, and in it the file of names


def drawn(pictures: Path) -> list[Path]:
    """What view has drawn into the folder ``pictures``, as far as it is still there."""
    words = pictures / DRAWN
    names = words.read_text(encoding="utf-8").splitlines() if words.is_file() else []
    return [pictures / name for name in names if name == Path(name).name and (pictures / name).is_file()]


def remember(pictures: Path, written: Iterable[Path]) -> None:
    """Add the names of what was ``written`` there."""
    names = {path.name for path in (*drawn(pictures), *written)}
    (pictures / DRAWN).write_text("\n".join(sorted(names)) + "\n", encoding="utf-8")
