"""A real Chromium: the one on PATH, Debian's if it must be installed, never a stand-in."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_or_install():
    """Return the path of a Chromium, installing Debian's package as root if there is none."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found:
        return found
    if _is_root() and shutil.which("apt-get"):
        print("Installing Debian's chromium …", file=sys.stderr, flush=True)
        quiet = {"check": True, "stdout": subprocess.DEVNULL}
        subprocess.run(["apt-get", "update", "-qq"], **quiet)
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"],
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            **quiet,
        )
        found = shutil.which("chromium")
    if not found:
        sys.exit("There is no Chromium: install Debian's chromium, or Google Chrome.")
    return found


def launch(playwright, **options):
    """Start the browser; as root it cannot have its sandbox."""
    return playwright.chromium.launch(
        executable_path=find_or_install(),
        args=[
            *(["--no-sandbox"] if _is_root() else []),
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ],
        **options,
    )


def _is_root():
    return hasattr(os, "geteuid") and os.geteuid() == 0 and Path("/").exists()
