"""What never reaches a log: secrets in addresses, and what a database says of a row."""

import logging
import re
import time

from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

SECRET = re.compile(r"(/r/|/s/|/c/|/join/|/pair/|/demo/|/password/reset/key/)/*[^/\s\"']+")
CONTENTS = re.compile(r"^(DETAIL:|CONTEXT:).*$", re.MULTILINE)


def mask(text):
    """Take out of a text what no log and no mail may hold."""
    return CONTENTS.sub(r"\1 ***", SECRET.sub(r"\1***", text))


class MaskSecrets(logging.Formatter):
    """Lays a record out, and takes the secrets out of all of it, tracebacks included.

    Times are UTC, so that records of several machines can be laid side by side.
    """

    converter = time.gmtime  # type: ignore[assignment]
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def format(self, record):
        return mask(super().format(record))


class HideContents(SafeExceptionReporterFilter):
    """Lets a report say where something broke, and nothing that was typed, stored or worked out."""

    def get_post_parameters(self, request):
        given = super().get_post_parameters(request)
        return dict.fromkeys(given, self.cleansed_substitute) if self.is_active(request) else given

    def get_traceback_frame_variables(self, request, tb_frame):
        if self.is_active(request):
            return [(name, self.cleansed_substitute) for name in tb_frame.f_locals]
        return super().get_traceback_frame_variables(request, tb_frame)


class Report(ExceptionReporter):
    """A report of an error, as it would be mailed, masked like the log."""

    def get_traceback_text(self):
        return mask(super().get_traceback_text())

    def get_traceback_html(self):
        return mask(super().get_traceback_html())
