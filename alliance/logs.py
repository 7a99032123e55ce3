"""What never reaches a log: secrets in addresses, and what a database says of a row."""

import logging
import re

SECRET = re.compile(r"(/r/|/demo/|/password/reset/key/)/*[^/\s\"']+")
CONTENTS = re.compile(r"^(DETAIL:|CONTEXT:).*$", re.MULTILINE)


class MaskSecrets(logging.Formatter):
    """Lays a record out, and takes the secrets out of all of it, tracebacks included."""

    def format(self, record):
        masked = SECRET.sub(r"\1***", super().format(record))
        return CONTENTS.sub(r"\1 ***", masked)
