"""What a message carries: a link whose secret nobody keeps, and an id that leads back to it."""

import base64
import re
import uuid
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import salted_hmac

from alliance.ratings.models import RatingRequest

MESSAGE_ID = re.compile(r"<?([0-9a-f]{32})\.(?:invitation|reminder)@[^@<>\s]{1,255}>?")
BY_MESSAGE = {RatingRequest.Channel.EMAIL, RatingRequest.Channel.SMS}


def secret_of(request_id):
    """Return the secret of a request that is sent: 256 bits, the same each time it is asked for.

    So the invitation, a second try and the reminder carry one link, and no
    table holds it. Whoever has the tables lacks the key; whoever has a link
    learns nothing of another.
    """
    made = salted_hmac("alliance.sending", request_id.hex, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def link_to(secret):
    """Return the address of a form, for a message: there is no page from which to take the host."""
    served_at = settings.FORMS_AT or settings.SERVED_AT
    return f"{served_at}{reverse('rate', args=[secret])}"


def message_id(message):
    """Return the Message-ID of an e-mail: the same at each try, so that a double is known as one.

    It holds the request's id, which opens nothing, and no address.
    """
    host = urlsplit(settings.FORMS_AT or settings.SERVED_AT).hostname
    return f"<{message.request_id.hex}.{message.kind}@{host}>"


def request_id_in(text):
    """Return the request's id that a Message-ID of ours holds, or None."""
    found = MESSAGE_ID.fullmatch(text.strip())
    return uuid.UUID(found.group(1)) if found else None
