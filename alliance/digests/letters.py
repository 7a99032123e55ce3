"""What the news say: counts and a link. No name, no code, and nothing that tells a stranger why."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation


def letter_of(digest, news):
    """Return the e-mail that tells a member of news, with the way to stop it."""
    user, practice = digest.member.user, digest.member.practice
    settings_at = f"{settings.SERVED_AT}{reverse('digest')}"
    context = {
        "news": news,
        "link": f"{settings.SERVED_AT}{reverse('caseload')}",
        "settings_at": settings_at,
    }
    with translation.override(user.language or practice.language):
        return EmailMessage(
            subject=" ".join(render_to_string("emails/news_subject.txt", context).split()),
            body=render_to_string("emails/news_message.txt", context).strip() + "\n",
            to=[user.email],
            headers={
                "Auto-Submitted": "auto-generated",
                "X-Auto-Response-Suppress": "All",
                "List-Unsubscribe": f"<{settings_at}>",
            },
        )
