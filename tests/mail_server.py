"""A real mail server on this machine, which can be told to be slow, unwilling or down."""

import contextlib
import threading
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller

from tests.demo_server import free_port


class Inbox:
    """Takes letters, and answers at each step what it was told to."""

    def __init__(self):
        self.envelopes = []
        self.at_recipient = "250 OK"
        self.at_data = "250 OK"
        self.asked = threading.Event()  # A recipient was named.
        self.took = threading.Event()  # A letter was given.
        self.holds_at = ""  # "recipient" or "data": there it says nothing until it goes on.
        self.goes_on = threading.Event()

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.asked.set()
        await self._hold(server, "recipient")
        if self.at_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.at_recipient

    async def handle_DATA(self, server, session, envelope):
        if self.at_data.startswith("250"):
            self.envelopes.append(envelope)
        self.took.set()
        await self._hold(server, "data")
        return self.at_data

    async def _hold(self, server, step):
        if self.holds_at == step:
            await server.loop.run_in_executor(None, self.goes_on.wait, 60)

    @property
    def letters(self):
        return [
            message_from_bytes(envelope.content, policy=policy.default)
            for envelope in self.envelopes
        ]


@contextlib.contextmanager
def running_mail_server():
    """Yield an inbox that is reached at `inbox.port`; it goes down at the end, or by `stop`."""
    inbox = Inbox()
    inbox.port = free_port()
    controller = Controller(inbox, hostname="127.0.0.1", port=inbox.port)
    controller.start()
    try:
        yield inbox
    finally:
        inbox.goes_on.set()
        controller.stop()
