"""What a mail provider tells us of messages that came back."""

import hmac
import json

from django.conf import settings
from django.http import Http404, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from alliance.asking.actions import digest
from alliance.ratings.models import RatingRequest
from alliance.sending.actions import note_bounce
from alliance.sending.links import request_id_in, secret_of
from sessions_app.access.doors import public
from sessions_app.access.limits import limits_guesses
from sessions_app.access.rows import rows_of_form

LONGEST = 10_000  # bytes


# A provider's server sends this: it has no cookie that somebody else could ride on, but a key.
@csrf_exempt
@public
@require_POST
@limits_guesses("bounce")
def bounces(request):
    """Take a provider's word that a message came back, known by its Message-ID.

    Whose address it was need not be told. What is not ours is answered alike,
    so that nobody learns which messages there are.
    """
    given = request.headers.get("Authorization", "").encode()
    expected = f"Bearer {settings.BOUNCE_KEY}".encode()
    if not settings.BOUNCE_KEY or not hmac.compare_digest(given, expected):
        raise Http404
    try:
        told = json.loads(request.body) if len(request.body) <= LONGEST else {}
        request_id = request_id_in(told["message_id"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return HttpResponse(status=400)
    if request_id:
        with rows_of_form(digest(secret_of(request_id))):
            asked = RatingRequest.objects.filter(pk=request_id).first()
            if asked:
                note_bounce(request=asked, by=None)
    return HttpResponse(status=204)
