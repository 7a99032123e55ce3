"""What the README names exists, and what it says to run runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
PATHS = sorted(
    set(re.findall(r"\]\((?!https?:)([^)#]+)\)", README))
    | set(re.findall(r"(?:srcset|src)=\"([^\"]+)\"", README))
)
WALK = re.search(r"```\n(sessions_app/sessions .*?)```", README, re.S).group(1)
TREE = re.search(r"```\n(alliance/ .*?)```", README, re.S).group(1)


def tree():
    """Yield every folder of the README's tree, whole."""
    top = ""
    for line in TREE.splitlines():
        names = re.match(r"\s*((?:\w+/ ?)+)", line).group(1).split()
        if not line.startswith(" "):
            top = names[0]
            yield from names
        else:
            yield from (top + name for name in names)


@pytest.mark.parametrize("path", [*PATHS, *tree()])
def test_each_path_of_the_readme_exists(path):
    assert (ROOT / path).exists()


def test_each_room_stands_in_the_tree_of_the_readme():
    rooms = {
        f"{app}/{room.name}/"
        for app in ("alliance", "sessions_app")
        for room in (ROOT / app).iterdir()
        if room.is_dir() and room.name not in {"__pycache__", "migrations", "management"}
    }
    assert rooms <= set(tree())


def test_each_make_target_of_the_readme_is_one():
    named = set(re.findall(r"`?make ([a-z]+)", README + OPERATIONS))
    assert {"demo", "test", "check", "bench", "screenshots"} <= named
    assert named <= TARGETS


@pytest.mark.parametrize(
    "command", sorted(set(re.findall(r"manage\.py (\w+)", README + OPERATIONS)))
)
def test_each_command_of_the_manuals_can_be_asked_for_help(command):
    done = subprocess.run(
        [sys.executable, "manage.py", command, "--help"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_walk_is_a_dozen_lines_at_most():
    assert 6 <= len(WALK.splitlines()) <= 12


def test_each_function_of_the_walk_is_where_it_says():
    for line in WALK.splitlines():
        room, name, *_words = line.split()
        sources = "".join(source.read_text() for source in (ROOT / room).glob("*.py"))
        assert re.search(rf"^(def|class) {name}\b", sources, re.M), line


def test_each_variable_that_the_settings_read_is_in_the_manual():
    settings = (ROOT / "alliance" / "settings.py").read_text()
    read = set(re.findall(r"(?:environ\.get|_is_on|_split)\(\"([A-Z_]+)\"", settings))
    assert len(read) > 8
    assert all(f"`{name}`" in OPERATIONS for name in read)


def test_the_make_targets_say_what_they_do():
    told = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("demo", "test", "check", "bench", "screenshots", "help"):
        assert f"make {target}" in told.stdout
