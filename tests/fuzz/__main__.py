"""Bad input at every address, on SQLite and on a real PostgreSQL: `make fuzz`."""

import os
import subprocess
import sys

from tests.postgres import running_postgres


def run(**environment):
    """Run it once; say whether something broke."""
    pytest = [sys.executable, "-m", "pytest", "-q", "-s", "--tb=short", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*pytest, "tests/fuzz/every_address.py"],
        env={**os.environ, "DATABASE_URL": "", **environment},
    )
    return done.returncode != 0


if __name__ == "__main__":
    broke = run()
    with running_postgres() as address:
        broke |= run(DATABASE_URL=address)
    sys.exit(broke)
