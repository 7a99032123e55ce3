"""What the Makefile says when something is missing: one plain sentence, and what to do."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OLD = "#!/bin/sh\nexec {python} -c 'import sys; sys.exit(1)'\n"
NO_VENV = """#!/bin/sh
case "$2" in *ensurepip*) exit 1 ;; *) exit 0 ;; esac
"""


@pytest.fixture
def bare(tmp_path):
    """A checkout on a machine where nothing has been installed."""
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def make(folder, *arguments):
    # As from a shell of one's own, also when these tests were started by make.
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    done = subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    said = [line for line in done.stderr.splitlines() if not line.startswith("make: ***")]
    return done, said


def script(folder, text):
    path = folder / "python"
    path.write_text(text.format(python=sys.executable))
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (OLD, "is older than Python 3.11: name a newer one, as in make PYTHON=python3.12."),
        (
            NO_VENV,
            "Python cannot make a virtual environment here: on Debian, "
            "apt-get install python3-venv.",
        ),
    ],
    ids=["too old", "no venv"],
)
def test_a_python_that_will_not_do_is_refused_in_one_sentence(bare, text, sentence):
    done, said = make(bare, "demo", f"PYTHON={script(bare, text)}")
    assert done.returncode != 0
    assert len(said) == 1
    assert said[0].endswith(sentence)
    assert not (bare / ".venv").exists()


def test_a_python_that_is_not_there_is_named(bare):
    _done, said = make(bare, "demo", "PYTHON=python-of-nowhere")
    assert said == ["There is no python-of-nowhere: install Python 3.11 or later."]


def test_a_taken_port_is_told_in_one_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "manage.py", "demo", "--port", str(port)],
            cwd=ROOT,
            env=os.environ | {"DEMO": "1", "DEBUG": "", "VAR": str(tmp_path)},
            capture_output=True,
            text=True,
        )
    assert done.returncode != 0
    assert done.stderr.splitlines() == [
        f"CommandError: Port {port} is taken: choose another by make demo PORT={port + 1}."
    ]
    assert done.stdout == ""


def test_help_is_what_make_does_by_itself(bare):
    done, _said = make(bare)
    assert "make demo" in done.stdout
    assert not (bare / ".venv").exists()
