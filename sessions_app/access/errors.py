"""What is answered where nothing is to be shown, in the words of whoever reads it."""

from functools import wraps

from django.conf import settings
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views import csrf, defaults


def readers_language(request):
    """Return the first language of a browser that clients are asked in, else English.

    Members of staff read on in the language of their pages.
    """
    if getattr(request, "memberships", None):
        return translation.get_language()
    known = dict(settings.FORM_LANGUAGES)
    wanted = parse_accept_lang_header(request.headers.get("Accept-Language", "").lower())
    for code, _weight in wanted:
        for language in (code, code.partition("-")[0]):
            if language in known:
                return language
    return settings.LANGUAGE_CODE


def in_readers_words(view):
    """Let a page be in the language of whoever gets it: they may have come by a link alone."""

    @wraps(view)
    def answered(request, *args, **kwargs):
        with translation.override(readers_language(request)):
            return view(request, *args, **kwargs)

    return answered


not_understood = in_readers_words(defaults.bad_request)
not_open = in_readers_words(defaults.permission_denied)
not_found = in_readers_words(defaults.page_not_found)
gone_wrong = in_readers_words(defaults.server_error)
came_too_late = in_readers_words(csrf.csrf_failure)

# Each list of addresses takes them over under the names by which Django looks for them.
handler400 = "sessions_app.access.errors.not_understood"
handler403 = "sessions_app.access.errors.not_open"
handler404 = "sessions_app.access.errors.not_found"
handler500 = "sessions_app.access.errors.gone_wrong"
__all__ = ["handler400", "handler403", "handler404", "handler500"]
