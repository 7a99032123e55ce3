"""Look through every file of the repository for secrets; first show that one would be found."""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOOK = Path(sys.executable).parent / "detect-secrets-hook"
# Digests of packages and of vendored files, and what is compiled.
NOT_LOOKED_AT = r"^(requirements.*\.txt|static/vendor/.*|locale/.*|.*\.(png|ico|woff2))$"
# Passwords in examples of an address, how often something may be tried, and our own classes.
EXAMPLES = r"^(password|pass|p%2Fw|[0-9]+/[0-9]*m/.*|sessions_app\.[a-zA-Z.]+)$"
# A name in the tests that begins like somebody's token.
LINES = "weighs_components"
# Tests and prose are full of words beside “password”: there only what looks like a secret by
# itself counts.
IN_WORDS = ["--disable-plugin", "KeywordDetector"]


def search(files, *options):
    """Return what was found in these files, empty if nothing."""
    done = subprocess.run(
        [
            *(HOOK, "--no-verify", "--exclude-files", NOT_LOOKED_AT),
            *("--exclude-secrets", EXAMPLES, "--exclude-lines", LINES),
            *options,
            *files,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode not in {0, 1}:
        sys.exit(f"The search did not run:\n{done.stderr}")
    return done.stdout if done.returncode else ""


def main():
    with tempfile.NamedTemporaryFile("w", suffix=".py") as planted:
        planted.write('KEY = "AKIA' + "IOSFODNN7" + 'EXAMPL1"\n')
        planted.flush()
        if not search([planted.name], *IN_WORDS):
            sys.exit("A planted secret was not found.")
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    files = [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    words = [
        name for name in files if name.startswith(("tests/", "bench/")) or name.endswith(".md")
    ]
    found = search(words, *IN_WORDS) + search(sorted(set(files) - set(words)))
    print(found, end="")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
