"""The arithmetic as a command: `python -m alliance.psychometrics --help`."""

import sys

from alliance.psychometrics.commands import main

if __name__ == "__main__":
    sys.exit(main())
