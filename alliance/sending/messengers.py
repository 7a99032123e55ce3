"""Text messages: what a provider must be able to do, and one that only prints.

docs/messengers.md says how to add a provider.
"""

import sys
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string


class NumberRefused(Exception):
    """This number takes no messages, now or later: trying again is of no use."""


class Messenger(Protocol):
    """Whoever can send a text message. It gives up within half a minute."""

    def send(self, to: str, text: str) -> None:
        """Send `text` to the number `to`, or raise: NumberRefused where that is for good."""


class Console:
    """Prints messages instead of sending them, for development and the demonstration."""

    def send(self, to: str, text: str) -> None:
        sys.stdout.write(f"Text message to {to}: {text}\n")
        sys.stdout.flush()


def has_messenger() -> bool:
    """Whether text messages can be sent at all."""
    return bool(settings.MESSENGER)


def the_messenger() -> Messenger:
    """Return the one that `MESSENGER` names."""
    return import_string(settings.MESSENGER)()
