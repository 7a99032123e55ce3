"""What a message says: short, in the client's language, and nothing that tells a stranger why."""

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from alliance.sending.links import link_to, message_id, secret_of
from alliance.sending.models import Message
from alliance.templatetags.writing import day


def letter_of(message, *, to):
    """Return the e-mail of a message, as text and as plain HTML, with ways to stop it."""
    request = message.request
    letter = _letter(
        to=to,
        link=link_to(secret_of(request.pk)),
        until=request.expires_at,
        language=request.measure_version.language,
        practice=request.session.episode.client.practice,
        is_reminder=message.kind == Message.Kind.REMINDER,
    )
    letter.extra_headers["Message-ID"] = message_id(message)
    return letter


def sample_letter(*, to, practice, until):
    """Return an e-mail like those that clients get, with a link to the start page."""
    return _letter(
        to=to,
        link=f"{settings.SERVED_AT}/",
        until=until,
        language=practice.language,
        practice=practice,
        is_reminder=False,
    )


def _letter(*, to, link, until, language, practice, is_reminder):
    with translation.override(language), practice.clock():
        context = {
            "link": link,
            "until": day(until),
            "is_reminder": is_reminder,
            "language": language,
            "direction": "rtl" if translation.get_language_bidi() else "ltr",
        }
        letter = EmailMultiAlternatives(
            subject=" ".join(render_to_string("emails/asking/subject.txt", context).split()),
            body=render_to_string("emails/asking/message.txt", context).strip() + "\n",
            to=[to],
            headers={
                "Auto-Submitted": "auto-generated",
                "X-Auto-Response-Suppress": "All",
                "List-Unsubscribe": f"<{link}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                "Content-Language": language,
            },
        )
        letter.attach_alternative(
            render_to_string("emails/asking/message.html", context), "text/html"
        )
        return letter


def text_of(message):
    """Return the text message of a message: as little as can be said."""
    request = message.request
    practice = request.session.episode.client.practice
    with translation.override(request.measure_version.language), practice.clock():
        said = {"link": link_to(secret_of(request.pk)), "until": day(request.expires_at)}
        if message.kind == Message.Kind.REMINDER:
            return _("Your short form is still open, until %(until)s: %(link)s") % said
        return _("A short form for you, open until %(until)s: %(link)s") % said
