"""The provider of text messages that the manual shows does what a provider must."""

import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import ModuleType

import pytest
from django.conf import settings as real_settings

from alliance.ratings.models import RatingRequest
from alliance.sending.actions import ask_by_message
from alliance.sending.delivery import deliver
from alliance.sending.models import Message
from sessions_app.clients.models import ClientIdentity
from tests.conftest import hold

MANUAL = (real_settings.BASE_DIR / "docs" / "messengers.md").read_text()
EXAMPLE = re.search(r"```python\n(.*?)```", MANUAL, re.S).group(1)
NUMBER = "+43 660 1234567"


@pytest.fixture
def provider(monkeypatch):
    """A provider on this machine, which answers as it is told and keeps what it got."""

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            server.got.append((self.headers, body))
            self.send_response(server.answer)
            self.end_headers()

        def log_message(self, *told):
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answering)
    server.got, server.answer = [], 202
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("PROVIDER_AT", f"http://127.0.0.1:{server.server_port}/messages")
    monkeypatch.setenv("PROVIDER_KEY", "a key")
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def message(cast, settings, monkeypatch):
    """A text message that waits, to be sent by the example of the manual."""
    module = ModuleType("our_messenger")
    exec(EXAMPLE, module.__dict__)  # noqa: S102 - our own manual
    monkeypatch.setitem(sys.modules, "our_messenger", module)
    settings.MESSENGER = "our_messenger.OurProvider"
    identity = ClientIdentity.objects.get(client=cast.cleo.client_id)
    identity.phone = NUMBER
    identity.save()
    return ask_by_message(session=hold(cast.cleo), way="sms", by=cast.theo).messages.get()


def test_the_example_sends_a_message_with_a_key_against_doubles(provider, message):
    assert deliver(message.pk)
    ((headers, body),) = provider.got
    assert NUMBER in body
    assert "A short form for you" in body
    assert headers["Authorization"] == "Bearer a key"
    assert len(headers["Idempotency-Key"]) == 64
    assert RatingRequest.objects.get().sent_at


@pytest.mark.parametrize(("answer", "closing"), [(422, "failed"), (503, ""), (429, "")])
def test_the_example_tells_a_wrong_number_from_a_provider_that_is_away(
    provider, message, answer, closing, caplog
):
    provider.answer = answer
    deliver(message.pk)
    assert Message.objects.get().closing == closing
    assert NUMBER not in caplog.text
