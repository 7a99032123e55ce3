"""Gather the words to translate into locale/*/LC_MESSAGES, and compile them.

Needs GNU gettext (on Debian: apt-get install gettext). What is compiled is
kept with the project, so that nobody needs it to run.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ["ar"]
HOW = ["--no-location", "--no-wrap", "--ignore", ".venv", "--ignore", "var", "--ignore", "tests"]


def main():
    if shutil.which("msgfmt") is None:
        sys.exit("There is no GNU gettext: on Debian, apt-get install gettext.")
    manage = [sys.executable, str(ROOT / "manage.py")]
    environment = {**os.environ, "DEBUG": "1"}
    for language in LANGUAGES:
        subprocess.run(  # noqa: S603 - our own command
            [*manage, "makemessages", "--locale", language, *HOW],
            cwd=ROOT,
            env=environment,
            check=True,
        )
    subprocess.run(  # noqa: S603 - our own command
        [*manage, "compilemessages", "--ignore", ".venv"], cwd=ROOT, env=environment, check=True
    )


if __name__ == "__main__":
    main()
