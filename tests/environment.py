"""The surroundings that tests need, set before Django reads its settings.

Run them by `make test`, or one by one by `.venv/bin/python -m pytest tests/…`.
"""

import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("DEBUG", "1")
os.environ.setdefault("DEMO", "1")
os.environ.setdefault("VAR", tempfile.mkdtemp(prefix="alliance-tests-"))
os.environ.setdefault("SECRET_KEY", "for tests only")
# Tests run at noon, by the server's clock and by their practice's, at whatever hour: an hour
# ago is today. Where clocks differ is tested by tests that say so, and by the journeys.
os.environ["TIME_ZONE"] = f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"
os.environ["EMAIL_URL"] = "console:"
# WhiteNoise wants to see the folder; nothing is collected into it.
Path(os.environ["VAR"], "static").mkdir(parents=True, exist_ok=True)
