"""The batch script: its templates, its quoting, and what it does with each exit code, against a SLURM of paper."""

import os
import shlex
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

from hpc_twin.parallel import InputError
from hpc_twin.slurm.cases import Task
from hpc_twin.slurm.script import JOB, OPTIONS, batch_script, template

TEMPLATES = ("apptainer", "array", "cluster", "marenostrum5", "single_node")
NASTY = 'a\'b "c" $(touch broken) `touch broken` \\ ; & | > x * ~ ü #'


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_make_scripts_that_bash_reads(name):
    text = batch_script(template(name), ["--ntasks=2"], Path("/out"), [Task("/c", ("a=1",), {})] * 2)
    assert text.startswith("#!/bin/bash\n") and "\n#SBATCH --ntasks=2\n" in text and "HPC-TWIN" not in text
    assert text.index("#SBATCH --ntasks=2") < text.index("\nlauncher=(")  # sbatch stops at the first command
    assert subprocess.run(["bash", "-n"], input=text, text=True, check=False).returncode == 0


def test_there_are_no_other_templates():
    own = files("hpc_twin.slurm") / "templates"
    assert sorted(entry.name for entry in own.iterdir()) == [f"{name}.sbatch" for name in TEMPLATES]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "allowed are apptainer, array, cluster"),
        ("#!/bin/bash\n" + OPTIONS, f"needs the line '{JOB}' once"),
        ("#!/bin/bash\n" + JOB, f"needs the line '{OPTIONS}' once"),
        (f"#!/bin/bash\n{JOB}\n{JOB}\n{OPTIONS}\n", "once"),
        (f"{OPTIONS}\n{JOB}\n", "must begin with #!/bin/bash"),
    ],
)
def test_a_file_that_is_no_template_is_refused(tmp_path, text, message):
    if text is not None:
        (tmp_path / "t").write_text(text)
    with pytest.raises(InputError, match=message):
        template(str(tmp_path / "t"))


@pytest.mark.parametrize("name", ["$(touch hacked)", "x;touch hacked", "../../../etc/passwd", "/dev", "x\n", ""])
def test_the_name_of_a_template_is_a_name(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="--template"):
        template(name)
    assert not list(tmp_path.iterdir())


def test_the_nearest_template_is_named():
    with pytest.raises(InputError, match="did you mean 'cluster'"):
        template("clustre")


PROGRAM = """#!/bin/bash
printf '%s\\n' "$@" >> "$TRACE/words"
mkdir -p "$TRACE/run/checkpoints"
for step in $(cat "$TRACE/steps" 2>/dev/null); do mkdir -p "$TRACE/run/checkpoints/$step"; done
[ ! -e "$TRACE/signal" ] || kill -s "$(cat "$TRACE/signal")" "$PPID"
[ ! -e "$TRACE/signal" ] || sleep 0.3
exit "$(cat "$TRACE/code")"
"""
SCONTROL = """#!/bin/bash
if [ "$1" = --oneliner ]; then echo "JobId=12 JobName=run $(cat "$TRACE/facts" 2>/dev/null) Power="; exit; fi
echo "$@" >> "$TRACE/requeued"
[ ! -e "$TRACE/harsh" ] || kill -s TERM "$$" "$PPID"
exit "$(cat "$TRACE/refusal" 2>/dev/null || echo 0)"
"""
SBATCH = '#!/bin/bash\necho "$@" >> "$TRACE/handed"\necho "99;local"\n'
SQUEUE = '#!/bin/bash\ncat "$TRACE/reason" 2>/dev/null || echo None\n'
PLAIN = f"#!/bin/bash\n{OPTIONS}\nlauncher=(env)\n"


class Paper:
    """A job in ``place``: its program, and a SLURM that only notes what it is asked for."""

    def __init__(self, place: Path, override: str = "", array: bool = False):
        self.place, self.array = place, array
        (place / "bin").mkdir(parents=True)
        for name, text in (("scontrol", SCONTROL), ("sbatch", SBATCH), ("squeue", SQUEUE), ("program", PROGRAM)):
            (place / "bin" / name).write_text(text)
            (place / "bin" / name).chmod(0o755)
        task = Task(str(place / "case.toml"), (override,) if override else (), {})
        plain = PLAIN + f"program=({shlex.quote(f'{place}/bin/program')})\n{JOB}\n"
        self.script = batch_script(plain, [], place / "run", [task, task] if array else task)
        (place / "run" / "1").mkdir(parents=True)

    def run(self, code: int = 0, **files: str) -> tuple[int, str]:
        """Exit code and words of the script when the program ends with ``code``."""
        for name, text in {"code": str(code), **files}.items():
            (self.place / name).write_text(text)
        env = {**os.environ, "PATH": f"{self.place}/bin:{os.environ['PATH']}", "TRACE": str(self.place)}
        env |= {"SLURM_JOB_ID": "12", "SLURM_NTASKS": "2", "SLURM_JOB_NODELIST": "n1"}
        env |= {"SLURM_RESTART_COUNT": files.get("restarts", "")}
        env |= {"SLURM_ARRAY_JOB_ID": "12", "SLURM_ARRAY_TASK_ID": "1"} if self.array else {}
        words = ["bash", "-c", self.script]
        done = subprocess.run(words, cwd=self.place, env=env, capture_output=True, text=True, timeout=30, check=False)
        return done.returncode, done.stdout

    def asked(self, what: str) -> list[str]:
        path = self.place / what
        return path.read_text().splitlines() if path.exists() else []


def test_values_of_users_never_become_shell(tmp_path):
    paper = Paper(tmp_path / NASTY, override=f"title={NASTY}")
    assert paper.run()[0] == 0
    own = str(paper.place)
    assert paper.asked("words") == [
        "run", f"{own}/case.toml", "--set", f"title={NASTY}", "--out", f"{own}/run", "--continue",
    ]  # fmt: skip
    assert not list(tmp_path.rglob("broken")) and not Path("broken").exists()


@pytest.mark.parametrize("code", [0, 2, 3])
def test_what_is_done_or_wrong_is_not_queued_again(tmp_path, code):
    paper = Paper(tmp_path)
    assert paper.run(code)[0] == code and not paper.asked("requeued") and not paper.asked("handed")


@pytest.mark.parametrize("code", [75, 137, 139, 1])
def test_what_was_stopped_or_lost_is_queued_again(tmp_path, code):
    paper = Paper(tmp_path)
    assert paper.run(code, steps="000000100")[0] == code
    assert paper.asked("requeued") == ["requeue 12"] and not paper.asked("handed")


def test_without_a_new_checkpoint_it_gives_up(tmp_path):
    paper = Paper(tmp_path)
    told = [paper.run(137)[1] for _ in range(3)]
    assert len(paper.asked("requeued")) == 2 and "gives up: 3 starts in a row from checkpoint none" in told[2]
    (paper.place / "words").unlink()
    code, words = paper.run(137)  # SLURM queues it again by itself after the loss of a node
    assert code == 1 and "gives up" in words and not paper.asked("words")


def test_with_a_new_checkpoint_it_goes_on_for_ever(tmp_path):
    paper = Paper(tmp_path)
    for n in range(1, 6):
        paper.run(137, steps=f"{100 * n:09d}")
    assert len(paper.asked("requeued")) == 5


def test_where_a_job_may_not_be_queued_again_another_one_takes_over(tmp_path):
    paper = Paper(tmp_path)
    code, words = paper.run(75, refusal="1", steps="000000100")
    assert code == 0 and "job 99 goes on" in words
    assert paper.asked("handed") == [f"--parsable --dependency=afterany:12 {tmp_path}/run/job.sbatch"]
    assert paper.asked("run/jobs") == ["99"]


def test_a_task_of_an_array_hands_over_itself_alone(tmp_path):
    """Its number, 12, may be that of the whole array."""
    paper = Paper(tmp_path, array=True)
    paper.run(75, refusal="1")
    assert paper.asked("requeued") == ["requeue 12_1"]
    assert paper.asked("handed") == [f"--parsable --dependency=afterany:12_1 --array=1 {tmp_path}/run/job.sbatch"]
    assert paper.asked("run/1/jobs") == ["99_1"]
    assert f"{tmp_path}/run/1" in paper.asked("words")


def test_a_cancelled_job_is_not_queued_again(tmp_path):
    paper = Paper(tmp_path)
    code, words = paper.run(130, signal="TERM", steps="000000100")
    assert code == 130 and "stopped at checkpoint 000000100" in words and not paper.asked("requeued")


@pytest.mark.parametrize("code", [75, 130, 143])
def test_what_slurm_has_queued_again_is_left_to_it(tmp_path, code):
    """By ``scontrol requeue`` or for a job that goes first: another job beside it would compute the same."""
    paper = Paper(tmp_path)
    for _ in range(5):
        told = paper.run(code, signal="TERM", facts="Requeue=1 Restarts=1 BatchFlag=1")[1]
    assert "SLURM has queued it again" in told and not paper.asked("requeued") and not paper.asked("handed")
    assert "gives up" not in told, "none of the five was a failure"


def test_a_job_that_is_asked_to_make_room_is_queued_again(tmp_path):
    """SLURM does not do that for a job that ends within its time of grace."""
    paper = Paper(tmp_path)
    words = paper.run(130, facts="Restarts=0 PreemptTime=2026-11-21T14:26:18", steps="000000100")[1]
    assert paper.asked("requeued") == ["requeue 12"] and "for a job that goes first" in words
    paper.run(130, facts="Restarts=0 PreemptTime=None")
    assert paper.asked("requeued") == ["requeue 12"]


@pytest.mark.parametrize("facts", ["PreemptTime=None", "PreemptTime=2026-11-21T14:26:18"])
def test_the_end_that_it_asked_for_makes_no_second_job(tmp_path, facts):
    """SLURM ends what is queued again by SIGTERM to all of its processes, scontrol among them."""
    paper = Paper(tmp_path)
    words = paper.run(75, facts=facts, harsh="")[1]
    assert words.count("queued again") == 1 and "to go on: sbatch" not in words and not paper.asked("handed")


def test_a_full_disk_does_not_let_it_go_round_for_ever(tmp_path):
    paper = Paper(tmp_path)
    (paper.place / "run" / ".starts").mkdir()  # which nobody can write
    assert "cannot write in" in paper.run(137)[1] and paper.asked("requeued") == ["requeue 12"]
    code, words = paper.run(137, restarts="3")
    assert code == 1 and "gives up: 3 starts" in words and len(paper.asked("requeued")) == 1


def test_at_the_end_of_the_wall_time_it_is_queued_again_once(tmp_path):
    paper = Paper(tmp_path)
    assert paper.run(130, signal="TERM", reason="TimeLimit")[0] == 130
    assert paper.asked("requeued") == ["requeue 12"]


def test_a_signal_reaches_the_program(tmp_path):
    paper = Paper(tmp_path)
    (paper.place / "bin" / "program").write_text(
        "#!/bin/bash\ntrap 'exit 75' USR1\nsleep 0.2\nkill -s USR1 $PPID\nfor _ in $(seq 100); do sleep 0.05; done\n"
    )
    assert paper.run()[0] == 75 and paper.asked("requeued")
