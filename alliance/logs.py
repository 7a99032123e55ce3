"""What never reaches a log: the secret in the address of a client's form."""

import logging
import re

SECRET = re.compile(r"(/r/|/demo/|/password/reset/key/)[^/\s\"']+")


class MaskSecrets(logging.Filter):
    """Take secrets out of a record's message before any handler sees it."""

    def filter(self, record):
        record.msg = SECRET.sub(r"\1***", record.getMessage())
        record.args = ()
        return True
