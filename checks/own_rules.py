"""Run our own rules: first each on its planted mistake, then on the project.

A planted line ends in `# bad: rule` where the rule must fire; it must fire
nowhere else.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SEMGREP = ROOT / ".venv-semgrep" / "bin" / "semgrep"
RULES = ROOT / "checks" / "semgrep.yml"
PLANTED = {
    "room/views.py": """
from django.views.decorators.csrf import csrf_exempt

def view(request, pk):
    row = Episode.objects.get(pk=pk)  # bad: unscoped-row
    row = get_object_or_404(Episode, pk=pk)  # bad: unscoped-row
    rows = Session.objects.all()  # bad: unscoped-row
    row = get_object_or_404(Episode.objects, pk=pk)  # bad: unscoped-row
    row = get_object_or_404(Episode.objects.held_by(request.user), pk=pk)
    row.save()  # bad: write-outside-actions
    row.delete()  # bad: write-outside-actions
    Episode.objects.create(pk=pk)  # bad: write-outside-actions
    Episode.objects.held_by(request.user).update(ended_on=None)  # bad: write-outside-actions
    Episode.objects.filter(pk=pk).update(ended_on=None)  # bad: write-outside-actions
    context.update(row=row)

@csrf_exempt  # No cookie is used.
def sent(request):
    request.session.save()

x = 1  # bad: no-token-without-a-reason
@csrf_exempt
def forged(request): ...

# Nothing can be forged here, because no cookie is used.
@csrf_exempt
def open_to_all(request): ...
""",
    "room/forms.py": """
def save(self):
    self.instance.save(update_fields=["name"])  # bad: write-outside-actions
    Client.objects.get_or_create(code=1)  # bad: write-outside-actions
""",
    "room/pages.py": """
def present(page):
    x = 1  # bad: trusted-text
    a = mark_safe(page)
    x = 2  # bad: trusted-text
    b = SafeString(page)
    x = 3
    # It is drawn from numbers.
    c = mark_safe(page)
    d = mark_safe(page)  # drawn from numbers
    with connection.cursor() as cursor:  # bad: write-outside-actions
        pass
""",
    "room/rows.py": """
def enter(run, who):
    run("SELECT set_config('app.user', %s, false)", [who])  # bad: setting-for-the-whole-session
    run("SET app.user = 1")  # bad: setting-for-the-whole-session
    run("SET SESSION app.user = 1")  # bad: setting-for-the-whole-session
    run("SET ROLE somebody")  # bad: setting-for-the-whole-session
    run("SELECT set_config('app.user', %s, true)", [who])
    run("SET LOCAL app.user = 1")
    Episode.objects.create(pk=who)
""",
    "templates/page.html": """
{{ note|safe }}  {# bad: trusted-text-in-template #}
{{ note | safe }}  {# bad: trusted-text-in-template #}
{% autoescape off %}  {# bad: trusted-text-in-template #}
{{ note }}
""",
}


def run(folder, *places):
    """Return what was found: the file, the line and the rule."""
    done = subprocess.run(
        [
            *(SEMGREP, "scan", "--config", RULES, "--json", "--quiet", "--metrics=off"),
            *("--disable-version-check", "--no-git-ignore", "--disable-nosem", "--strict"),
            *places,
        ],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    told = json.loads(done.stdout or "{}")
    if done.returncode or told.get("errors") or "results" not in told:
        sys.exit(f"The rules did not run:\n{told.get('errors')}\n{done.stderr}")
    return [
        (found["path"], found["start"]["line"], found["check_id"].rpartition(".")[2], found)
        for found in told["results"]
    ]


def rules():
    return set(re.findall(r"^  - id: (\S+)", RULES.read_text(), re.M))


def check_planted():
    """Fail unless each rule fires where a mistake is planted, and only there."""
    expected = set()
    with tempfile.TemporaryDirectory() as name:
        for path, text in PLANTED.items():
            file = Path(name, path)
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
            for number, line in enumerate(text.splitlines(), start=1):
                if told := re.search(r"# bad: ([\w-]+)(?: #}|$)", line):
                    expected.add((path, number, told.group(1)))
        found = {tuple(told[:3]) for told in run(name, ".")}
    found = {(path.removeprefix("./"), line, rule) for path, line, rule in found}
    unshown = rules() - {rule for _path, _line, rule in expected}
    if unshown or found != expected:
        missed, wrong = sorted(expected - found), sorted(found - expected)
        sys.exit(f"Planted mistakes: missed {missed}, wrongly found {wrong}, unshown {unshown}")


def main():
    check_planted()
    found = run(ROOT, "alliance", "sessions_app", "templates")
    for path, line, rule, told in found:
        print(f"{path}:{line}: {rule}: {' '.join(told['extra']['message'].split())}")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
