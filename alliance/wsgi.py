"""The way in for a WSGI server: `gunicorn alliance.wsgi`."""

import os

from django.core.handlers.wsgi import WSGIRequest
from django.core.wsgi import get_wsgi_application
from django.utils.http import parse_header_parameters


class Request(WSGIRequest):
    """A request that takes no encoding from whoever sends it.

    Django would decode the query by the encoding claimed, before anything can
    answer that it is refused, and some encodings of Python are none of text.
    """

    def _set_content_type_params(self, meta):
        told = meta.get("CONTENT_TYPE", "")
        try:
            self.content_type, self.content_params = parse_header_parameters(told)
        except ValueError:
            self.content_type, self.content_params = "", {"charset": "unreadable"}


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "alliance.settings")
application = get_wsgi_application()
application.request_class = Request

from sessions_app.access.rows import refuse_holes  # noqa: E402 - settings are read by now

refuse_holes()
