"""What stands on a printed sheet, and which session a sheet is of."""

import string
from dataclasses import dataclass
from uuid import UUID

from django.utils import translation
from django.utils.safestring import SafeString

from alliance.asking.actions import version_to_ask
from alliance.asking.pages import is_supervised, who_reads
from alliance.measures.models import Item, MeasureVersion, Perspective
from alliance.ratings.models import Rating, RatingRequest
from sessions_app.access.models import Practice
from sessions_app.access.qr_codes import qr_code
from sessions_app.clients.models import Episode
from sessions_app.sessions.models import Session

# No I, L, O and U, so that nothing is read for something else.
SIGNS = string.digits + "ABCDEFGH" + "JKMN" + "PQRST" + "VWXYZ"
READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0"})
LENGTH = 8
BITS = 5 * LENGTH
# Beyond so many signs in all, a sheet is set closer, so that it stays one page.
ROOMY = 1400


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page for one session: nothing on it says of whom it is, or of when."""

    version: MeasureVersion
    items: list[Item]
    marks: list[str]
    code: str
    qr: SafeString
    readers: str
    audiences: list[str]
    practice: Practice
    language: str
    is_rtl: bool
    is_close: bool


def sessions_to_ask(user):
    """Keep the held sessions of clients whom `user` holds and has not handed over."""
    return (
        Session.objects.held_by(user)
        .held()
        .exclude(episode__ending=Episode.Ending.TRANSFERRED)
        .select_related("episode__client__practice", "episode__therapist__practice")
    )


def present_sheet(asked, address):
    """Say what stands on the sheet for `asked`, in its own language; `address` is its form's."""
    version = asked.measure_version
    practice = asked.session.episode.therapist.practice
    with translation.override(version.language):
        told = who_reads(asked)
        readers = " ".join([told.line, *told.more])
        items = list(version.items.all())
        crisis_note, _language = practice.crisis_note_in(version.language)
        written = [version.intro, crisis_note, readers, *(item.text for item in items)]
        return Sheet(
            version=version,
            items=items,
            marks=[] if version.is_a_line else marks_of(version),
            code=sheet_code(asked.pk),
            qr=qr_code(address),
            readers=readers,
            audiences=_audiences(asked),
            practice=practice,
            language=version.language,
            is_rtl=translation.get_language_bidi(),
            is_close=len(items) > 6 or sum(map(len, written)) > ROOMY,
        )


def marks_of(version):
    """Return the marks between the ends of a scale, as they are printed and read out."""
    steps = round((version.maximum - version.minimum) / version.step)
    return [f"{version.minimum + place * version.step:g}" for place in range(steps + 1)]


def _audiences(asked):
    """Return for whom a comment may be written: for a supervisor only where there is one."""
    choices = list(Rating.Audience)
    if not is_supervised(asked):
        choices.remove(Rating.Audience.SUPERVISOR)
    return [str(audience.label) for audience in choices]


def sheet_code(request_id):
    """Return the code on a sheet: the first 40 of the 122 random bits of its request's id.

    It means something only to staff who may look it up.
    """
    number = request_id.int >> (128 - BITS)
    signs = "".join(SIGNS[number >> (5 * place) & 31] for place in reversed(range(LENGTH)))
    return f"{signs[:4]}-{signs[4:]}"


def with_code(requests, typed):
    """Keep of these requests the one whose sheet has this code, however it was typed."""
    code = "".join(sign for sign in typed.upper() if sign.isalnum()).translate(READ_AS)
    if len(code) != LENGTH or set(code) - set(SIGNS):
        return requests.none()
    number = sum(SIGNS.index(sign) << (5 * place) for place, sign in enumerate(reversed(code)))
    first = number << (128 - BITS)
    last = first + (1 << (128 - BITS)) - 1
    return requests.filter(
        channel=RatingRequest.Channel.PAPER, id__range=(UUID(int=first), UUID(int=last))
    )


def version_on_paper(session, by):
    """Return the wording of the sheet that was last printed for a session, else today's."""
    printed = RatingRequest.objects.filter(
        session=session, respondent=Perspective.CLIENT, channel=RatingRequest.Channel.PAPER
    )
    last = printed.order_by("-asked_at").select_related("measure_version").first()
    return last.measure_version if last else version_to_ask(session, Perspective.CLIENT, by)
