"""Habits that no linter knows: templates, vendored files, what is installed."""

import hashlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
ROOMS = [
    room
    for app in ("alliance", "sessions_app")
    for room in (ROOT / app).iterdir()
    if room.is_dir() and room.name not in {"__pycache__", "migrations", "management"}
]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_carries_script_or_style_of_its_own(template):
    text = template.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert "<style" not in text
    assert not re.search(r"\s(style|on\w+)=", text)
    assert "|safe" not in text
    assert "//cdn" not in text


def test_no_title_names_a_client():
    for template in TEMPLATES:
        for title in re.findall(r"block title %}(.*?){% endblock", template.read_text(), re.S):
            assert not re.search(r"{{\s*(episode|client|page|session)\b", title)


def test_each_vendored_file_is_what_its_readme_says():
    told = (ROOT / "static" / "vendor" / "README.md").read_text()
    files = [path for path in (ROOT / "static" / "vendor").iterdir() if path.name != "README.md"]
    assert len(files) == 3
    for path in files:
        assert hashlib.sha256(path.read_bytes()).hexdigest() in told, path.name


def test_rooms_hold_no_files_of_catch_all_names():
    never = re.compile(r"^(utils|helpers|common|misc|base|manager|service|signals)\.py$")
    found = [path for room in ROOMS for path in room.glob("*.py") if never.match(path.name)]
    assert found == []


def test_nothing_outside_actions_writes_a_row():
    """Rows are made and changed by actions only; views, pages and forms never save."""
    writes = re.compile(r"\.(save|create|bulk_create|update|delete|get_or_create)\(")
    for room in ROOMS:
        for name in ("views.py", "pages.py", "forms.py"):
            path = room / name
            if path.exists():
                assert not writes.search(path.read_text()), path


def test_the_requirements_are_pinned_with_hashes_and_name_no_other_driver():
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-semgrep.txt"):
        text = (ROOT / name).read_text()
        pins = re.findall(r"^([a-z0-9._-]+)(\[.*?\])?==", text, re.M)
        assert len(pins) > 10
        assert text.count("--hash=sha256:") >= len(pins)
        assert not {"psycopg", "psycopg-binary", "psycopg-c"} & {pin[0] for pin in pins}
