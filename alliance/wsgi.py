"""The way in for a WSGI server: `gunicorn alliance.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "alliance.settings")
application = get_wsgi_application()

from sessions_app.access.rows import refuse_holes  # noqa: E402 - settings are read by now

refuse_holes()
