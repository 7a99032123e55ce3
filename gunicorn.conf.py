"""How the server runs. No access log: addresses of clients' forms carry a secret."""

import os

wsgi_app = "alliance.wsgi"
bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
accesslog = None
loglevel = "warning"
graceful_timeout = 20
max_requests = 20_000
max_requests_jitter = 2_000
