"""What never reaches a log: the secret in the address of a client's form."""

import logging
import re

SECRET = re.compile(r"(/r/|/demo/|/password/reset/key/)[^/\s\"']+")


class MaskSecrets(logging.Formatter):
    """Lays a record out, and takes the secrets out of all of it, tracebacks included."""

    def format(self, record):
        return SECRET.sub(r"\1***", super().format(record))
