"""All tests: on SQLite, on PostgreSQL, and in a real browser. One closing line."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.postgres import running_postgres  # noqa: E402

# Those that walk what guards the doors are traced, which slows them; so the others are not.
TRACED = [
    "tests/sessions_app",
    "tests/test_access_matrix.py",
    "tests/test_guards.py",
    "tests/test_second_wall.py",
    "tests/alliance/test_asking.py",
    "tests/alliance/test_client_form.py",
    "tests/alliance/test_handing_over.py",
    "tests/alliance/test_public_side.py",
    "tests/alliance/test_comments.py",
    "tests/alliance/test_reception.py",
    "tests/alliance/test_second_thoughts.py",
    "tests/alliance/test_tablets.py",
]
REST = ["tests", "--ignore=tests/journeys", *(f"--ignore={path}" for path in TRACED)]
UNITS = ["-n", "2"]
# Each engine walks what the other cannot, so what is missing is judged at the end, from both.
COVERED = ["--cov", "--cov-report=", "--cov-fail-under=0"]


def main():
    arguments = sys.argv[1:]
    counts = dict.fromkeys(("passed", "failed", "skipped"), 0)
    with tempfile.TemporaryDirectory() as folder:
        reports = Path(folder)
        walked = [Path(folder, f"coverage-{engine}") for engine in ("sqlite", "postgresql")]
        with running_postgres() as address:
            for engine, at, coverage in zip(
                ("SQLite", "PostgreSQL"), ("", address), walked, strict=True
            ):
                on = {"DATABASE_URL": at, "COVERAGE_FILE": str(coverage)}
                traced = [*TRACED, *UNITS, *COVERED, *arguments]
                run(f"{engine}, what guards the doors", traced, reports, counts, **on)
                run(f"{engine}, the rest", [*REST, *UNITS, *arguments], reports, counts, **on)
            run("Browser, on SQLite", ["tests/journeys", *arguments], reports, counts)
            run(
                "Browser, on PostgreSQL",
                ["tests/journeys/test_main_job.py", "-k", "phone and light", *arguments],
                reports,
                counts,
                JOURNEY_DATABASE_URL=address,
            )
        if not arguments:  # Of a part of the tests nothing can be asked.
            counts["failed"] += not is_all_walked(walked)
    if os.environ.get("CI") and counts["skipped"]:
        print(f"{counts['skipped']} tests were skipped; in CI that is a failure.")
        counts["failed"] += counts["skipped"]
    print(f"{counts['passed']} passed, {counts['failed']} failed")
    sys.exit(bool(counts["failed"]))


def is_all_walked(walked):
    """Put together what each engine walked, and say what nobody did."""
    print("\n=== What guards the doors, branch by branch", flush=True)
    environment = {**os.environ, "COVERAGE_FILE": str(walked[0].parent / "coverage")}
    for command in (["combine", "--quiet", *map(str, walked)], ["report"]):
        done = subprocess.run(
            [sys.executable, "-m", "coverage", *command], cwd=ROOT, env=environment
        )
        if done.returncode:
            return False
    return True


def run(title, arguments, reports, counts, **environment):
    """Run pytest once and add up what it reports; no report at all is a failure."""
    print(f"\n=== {title}", flush=True)
    report = reports / f"{len(list(reports.iterdir()))}.xml"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", f"--junit-xml={report}", *arguments],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": "", **environment},
    )
    suite = ElementTree.parse(report).find("testsuite").attrib if report.exists() else {}
    failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
    skipped = int(suite.get("skipped", 0))
    passed = int(suite.get("tests", 0)) - failed - skipped
    if (done.returncode and not failed) or not passed:
        failed += 1
    counts["passed"] += passed
    counts["failed"] += failed
    counts["skipped"] += skipped


if __name__ == "__main__":
    main()
