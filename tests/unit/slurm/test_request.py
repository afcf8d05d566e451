"""Options of submit: what sbatch gets, and what is refused."""

from pathlib import Path

import pytest

from hpc_twin.parallel import InputError
from hpc_twin.slurm.request import Request, default_warning, job_name, quoted, seconds, slurm_time


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4:00:00", 14400),
        ("90", 5400),  # minutes, as SLURM has it
        ("10:30", 660),  # minutes and seconds; SLURM counts whole minutes
        ("1-12", 36 * 3600),
        ("1-02:30", 95400),
        ("2-00:00:30", 172860),
        ("4 h", 14400),
        ("15 min", 900),
    ],
)
def test_wall_time(text, expected):
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "0", "soon", "1:2:3:4", "-5", "4 mm", "0:30", "1e9 h"])
def test_no_wall_time(text):
    with pytest.raises(InputError, match="--time: found"):
        seconds(text)


@pytest.mark.parametrize(("time", "words"), [(60, "00:01:00"), (14400, "04:00:00"), (95400, "1-02:30:00")])
def test_slurm_reads_the_time_back(time, words):
    assert slurm_time(time) == words and seconds(words) == time


def test_the_run_is_warned_a_tenth_before_the_end():
    assert [default_warning(time) for time in (60, 1200, 14400)] == [30, 120, 300]


def test_lines():
    request = Request(256, 14400, 4, 600, "heart", "main", "beat", "me@there.org", ("--qos=debug", "--exclusive"))
    assert list(request.lines(Path("/a b"))) == [
        "--job-name=beat",
        "--ntasks=256",
        "--time=04:00:00",
        "--signal=B:USR1@600",
        "--requeue",
        "--open-mode=append",
        '--output="/a b/slurm-%j.log"',
        "--nodes=4",
        "--account=heart",
        "--partition=main",
        "--mail-user=me@there.org",
        "--mail-type=END,FAIL",
        "--qos=debug",
        "--exclusive",
    ]


def test_lines_of_an_array():
    lines = list(Request(1, 60).lines(Path("/a"), 12))
    assert "--array=0-11" in lines and '--output="/a/%a/slurm-%A_%a.log"' in lines


WRONG = [
    ({"ranks": 0}, "--ranks: found 0"),
    ({"nodes": 0}, "--nodes: found 0"),
    ({"ranks": 10**8}, "--ranks: found 100000000, it must be at least 1, and 10,000,000 at most"),
    ({"nodes": 9}, "more than the 8 ranks"),
    ({"warning": 60}, "shorter than --time"),
    ({"account": "a b"}, "--account: found 'a b'"),
    ({"account": "-x"}, "--account"),
    ({"partition": "p;rm -r /"}, "--partition"),
    ({"name": "x\n#SBATCH --uid=0"}, "--name"),
    ({"name": "$(id)"}, "--name"),
    ({"mail": "a@b c"}, "--mail"),
    ({"options": ("qos=x",)}, "--option: found 'qos=x'"),
    ({"options": ("--qos=x y",)}, "--option"),
    ({"options": ("--qos=x\n",)}, "--option"),
    ({"options": ("--ntasks=3",)}, "that is what --ranks is for"),
    ({"options": ("--requeue",)}, "needs as it is"),
    ({"options": ("--wrap=ls",)}, "needs as it is"),
]


@pytest.mark.parametrize(("words", "message"), WRONG, ids=lambda x: str(x)[:30])
def test_nonsense_is_refused(words, message):
    with pytest.raises(InputError) as caught:
        Request(**{"ranks": 8, "time": 60, **words})
    assert message in str(caught.value)


def test_a_path_in_a_script():
    assert quoted(Path('/a "b" c 5%'), "%j") == '"/a \\"b\\" c 5%%/%j"'
    with pytest.raises(InputError, match="backslash"):
        quoted(Path("/a\\b"), "%j")


@pytest.mark.parametrize(("folder", "name"), [("heartbeat", "heartbeat"), ("o'x y%", "o_x_y"), ("--ü--", "hpc_twin")])
def test_a_job_has_a_plain_name(folder, name):
    assert job_name(Path("/x") / folder) == name
    Request(1, 60, name=name)


HOSTILE = (
    "$(touch hacked)",
    "`touch hacked`",
    "x;touch hacked",
    "x\ntouch hacked",
    'x" --wrap="touch hacked',
    "x'",
    "x #",
    "$x",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_a_line_for_sbatch_is_shell(text):
    for key in ("account", "partition", "name", "mail"):
        with pytest.raises(InputError, match=f"--{key}: found"):
            Request(8, 600, **{key: text})
    with pytest.raises(InputError, match="--option: found"):
        Request(8, 600, options=(f"--comment={text}",))
    with pytest.raises(InputError, match="--time"):
        seconds(text)
    assert set(job_name(Path(f"/results/{text}"))) <= set("touchackedwrp_x-")
