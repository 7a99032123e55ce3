"""How the server runs.

No access log: addresses of clients' forms carry a secret. What gunicorn itself
has to say goes to standard error, masked as everything else.
"""

import os

wsgi_app = "alliance.wsgi"
bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
graceful_timeout = 20
max_requests = 20_000
max_requests_jitter = 2_000
accesslog = None
logconfig_dict = {
    "root": {"level": "WARNING", "handlers": ["stderr"]},
    "loggers": {
        "gunicorn.error": {"level": "WARNING", "handlers": ["stderr"], "propagate": False},
        # A configured log would switch this one on.
        "gunicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "masked"}},
    "formatters": {
        "masked": {
            "()": "alliance.logs.MaskSecrets",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        }
    },
}
