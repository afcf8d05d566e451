"""What ``hpc-twin cell`` does on rank 0: run the experiments, print their table, write the files."""

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from hpc_twin.case import LABELS
from hpc_twin.cli.cell_tables import header, show, states_of, table_of
from hpc_twin.cli.main import INTERRUPTED
from hpc_twin.parallel import InputError, nearest
from hpc_twin.run.cells import initial_state, save_state, save_traces
from hpc_twin.singlecell.experiment import Experiment, Outcome, perform, read, reference
from hpc_twin.singlecell.quantities import check_names
from hpc_twin.units import parse


@dataclass(frozen=True)
class Wishes:
    """Files to read and write, and whether to compare with CVODE."""

    initial: Path | None = None
    save: Path | None = None
    picture: Path | None = None
    out: Path | None = None
    variables: str = ""
    reference: bool = False

    @property
    def names(self) -> list[str]:
        """The variables, one by one."""
        return [name.strip() for name in self.variables.split(",") if name.strip()]


def milliseconds(text: str, option: str) -> float:
    """A time of the command line. Raises InputError naming the option."""
    try:
        value = parse(text, "time")
    except InputError as error:
        raise InputError(f"{option}: {error}") from None
    if not value > 0:
        raise InputError(f"{option}: found {text}, it must be greater than 0")
    return value


def pairs(settings: Sequence[str], option: str) -> dict[str, str]:
    """NAME=VALUE words as a table. Raises InputError."""
    found = {}
    for setting in settings:
        name, equals, value = (part.strip() for part in setting.partition("="))
        if not (name and equals and value):
            raise InputError(f"{option}: found '{setting}', write NAME=VALUE")
        found[name] = value
    return found


def chosen_labels(settings: Sequence[str]) -> dict[str, str]:
    """Label -> variable, from words such as v=membrane.V. Raises InputError."""
    found = {}
    for short, variable in pairs(settings, "--fix-labels").items():
        label = LABELS.get(short.lower(), short)
        if label not in LABELS.values():
            known = ", ".join(LABELS)
            raise InputError(f"--fix-labels: unknown label '{short}'{nearest(short, LABELS)} (known: {known})")
        found[label] = variable
    return found


def changes(settings: Sequence[str]) -> dict[str, float | str]:
    """Parameters: numbers, or factors such as 0.5x."""
    found: dict[str, float | str] = {}
    for name, value in pairs(settings, "--set").items():
        try:
            found[name] = float(value)
        except ValueError:
            found[name] = value
    return found


def work(experiments: Sequence[Experiment], wishes: Wishes) -> int:
    """Do it all; the exit code."""
    _check(experiments, wishes)
    if wishes.initial is not None:
        experiments = [replace(experiments[0], initial=initial_state(wishes.initial))]
    outcomes: dict[str, Outcome] = {}
    with stoppable() as stop:
        for experiment in experiments:
            with _progress(experiment) as tell:
                outcomes[_label(experiment, outcomes)] = perform(experiment, tell, stop)
            if stop():
                break
    _tell(outcomes, wishes)
    _write(outcomes, wishes)
    return INTERRUPTED if stop() else 0


def _check(experiments: Sequence[Experiment], wishes: Wishes) -> None:
    """What is wrong with the wishes is told before the work, not after it."""
    if len(experiments) > 1 and (wishes.save or wishes.initial):
        raise InputError("--save and --initial: give one MODEL, the state belongs to it")
    if wishes.names and wishes.out is None:
        raise InputError("--variables: say with --out where they go")
    for path, option in ((wishes.save, "--save"), (wishes.out, "--out"), (wishes.picture, "--picture")):
        if path is not None and not path.parent.is_dir():
            raise InputError(f"{option}: there is no folder {path.parent}")
        if path is not None and path.is_dir() and option != "--out":
            raise InputError(f"{option}: {path} is a folder, give the name of a file")
    if wishes.out is not None and wishes.out.suffix != ".nc" and wishes.out.exists() and not wishes.out.is_dir():
        raise InputError(f"--out: {wishes.out} is a file, give a folder or a name that ends in .nc")
    for experiment in experiments if wishes.names else ():
        check_names(read(experiment), wishes.names)


def _label(experiment: Experiment, taken: Mapping) -> str:
    name = Path(str(experiment.model)).stem
    return name if name not in taken else f"{name} ({len(taken) + 1})"


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """The first Ctrl-C lets the beat end and its results be told; a second one ends everything."""
    heard: list[int] = []
    usual = signal.getsignal(signal.SIGINT)

    def hear(number: int, frame) -> None:
        heard.append(number)
        signal.signal(signal.SIGINT, usual)

    signal.signal(signal.SIGINT, hear)
    try:
        yield lambda: bool(heard)
    finally:
        signal.signal(signal.SIGINT, usual)


@contextmanager
def _progress(experiment: Experiment) -> Iterator[Callable[[int, float], None]]:
    """A bar with an estimate on a terminal, nothing in a file."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[words]}"), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(Path(str(experiment.model)).stem, total=experiment.beats, words="compiling")

        def tell(beat: int, change: float) -> None:
            bar.update(task, completed=beat, words=f"beat {beat} of {experiment.beats}, change {change:.1e}")

        yield tell


def _tell(outcomes: Mapping[str, Outcome], wishes: Wishes) -> None:
    for label, outcome in outcomes.items():
        exact = reference(outcome)[0] if wishes.reference and outcome.beats else ()
        show(header(label, outcome))
        if outcome.beats:
            show(table_of(outcome, exact[-1] if exact else None))
        else:
            show(states_of(outcome))
        for note in outcome.equations.notes:
            show(f"note: {note}")


def _write(outcomes: Mapping[str, Outcome], wishes: Wishes) -> None:
    if wishes.save is not None:
        save_state(next(iter(outcomes.values())), wishes.save)
        print(f"state in {wishes.save}")
    if wishes.out is not None:
        path = wishes.out
        if path.suffix != ".nc":
            path.mkdir(exist_ok=True)
            path = path / "traces.nc"
        save_traces(outcomes, path, wishes.names)
        print(f"traces in {path}")
    if wishes.picture is not None:
        from hpc_twin.view import draw_cells

        print(f"picture in {draw_cells(outcomes, wishes.picture)}")
