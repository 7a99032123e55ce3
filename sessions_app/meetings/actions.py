"""Changes to circles and to what they share: who belongs to one, who leads it, and its meetings."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from sessions_app.access.actions import record
from sessions_app.access.models import Membership
from sessions_app.access.rows import rows_of_episode
from sessions_app.clients.actions import open_episode
from sessions_app.clients.models import Episode
from sessions_app.meetings.models import Circle, CircleMember, Meeting
from sessions_app.sessions.actions import correct_session, log_session
from sessions_app.sessions.models import Session

# What became of a meeting for one member: the status of their session, and who called it off.
BECAME = {
    "held": (Session.Status.HELD, ""),
    "missed": (Session.Status.MISSED, ""),
    "cancelled": (Session.Status.CANCELLED, Session.CalledOffBy.CLIENT),
}


@transaction.atomic
def make_circle(*, kind, code, episodes, by, joined_on=None):
    """Let the clients of these episodes, all of one therapist, come together.

    From today on, unless `joined_on` names another day.
    """
    therapist = episodes[0].therapist
    Membership.objects.select_for_update(of=("self",), no_key=True).get(pk=therapist.pk)
    circle = Circle(therapist=therapist, kind=kind, code=code)
    circle.full_clean()
    circle.save()
    record("circle.made", circle, by=by)
    add_to_circle(circle=circle, episodes=episodes, by=by, joined_on=joined_on)
    return circle


@transaction.atomic
def add_to_circle(*, circle, episodes, by, joined_on=None):
    """Let the clients of these episodes come to the meetings of `circle`: all of them, or none.

    Where two therapists lead it, an episode of each with the second begins.
    """
    circle = _lock(circle)
    return [
        _join(circle, episode, by, joined_on)
        for episode in sorted(episodes, key=lambda episode: episode.pk)
    ]


def _join(circle, episode, by, joined_on):
    if episode.therapist_id != circle.therapist_id:
        raise ValidationError(_("Only clients of the therapist who leads it can be added."))
    episode = Episode.objects.lock(episode)
    if episode.ended_on is not None:
        raise ValidationError(_("This episode has already ended."))
    member = CircleMember(
        circle=circle,
        client=episode.client,
        episode=episode,
        joined_on=joined_on or episode.therapist.practice.day(),
    )
    member.full_clean()
    member.save()
    record("circle.joined", member, by=by)
    if episode.modality != circle.kind:
        episode.modality = circle.kind
        episode.save(update_fields=["modality"])
        record("episode.corrected", episode, by=by, fields=["modality"])
    if circle.co_therapist_id:
        _begin_beside(member, circle, by)
    return member


@transaction.atomic
def leave_circle(*, member, by, left_on=None):
    """Let a client come to the meetings no more; nothing changes for the others.

    Their episode goes on until it is ended.
    """
    member = CircleMember.objects.select_for_update(of=("self",)).get(pk=member.pk)
    if member.left_on is not None:
        return member
    member.left_on = left_on or member.client.practice.day()
    member.full_clean(exclude=["co_episode"])  # A colleague's: it cannot be seen from here.
    member.save(update_fields=["left_on"])
    record("circle.left", member, by=by, fields=["left_on"])
    return member


@transaction.atomic
def lead_together(*, circle, co_therapist, by):
    """Let a second therapist lead `circle` too: an episode with each member begins."""
    circle = _lock(circle)
    if circle.co_therapist_id is not None:
        raise ValidationError(_("Two therapists lead it already."))
    circle.co_therapist = co_therapist
    circle.full_clean()
    circle.save(update_fields=["co_therapist"])
    record("circle.shared", circle, by=by, fields=["co_therapist"])
    # Not of whoever was handed over or has ended: they are this therapist's no longer.
    for member in circle.members.present().filter(episode__ended_on=None).select_related("client"):
        _begin_beside(member, circle, by)
    return circle


@transaction.atomic
def lead_alone(*, circle, by):
    """Let the second therapist lead `circle` no more: `by` leads it alone from today on.

    The colleague's own episodes with the members go on until they are ended. Each
    member leaves and comes in anew, so that what was shared stays as it was.
    """
    circle = _lock(circle)
    if circle.co_therapist_id is None:
        return circle
    circle.co_therapist = None
    circle.save(update_fields=["co_therapist"])
    record("circle.led_alone", circle, by=by, fields=["co_therapist"])
    for member in circle.members.present().exclude(co_episode=None).select_related("client"):
        left = leave_circle(member=member, by=by)
        if Episode.objects.open().filter(pk=left.episode_id).exists():
            anew = CircleMember.objects.create(
                circle=circle,
                client=left.client,
                episode_id=left.episode_id,
                joined_on=left.left_on,
            )
            record("circle.joined", anew, by=by)
    return circle


def _begin_beside(member, circle, by):
    """Open the episode of a member with the second therapist."""
    earlier = CircleMember.objects.filter(circle=circle, client=member.client).exclude(
        co_episode=None
    )
    for co_episode_id in earlier.order_by("-joined_on").values_list("co_episode_id", flat=True):
        with rows_of_episode(co_episode_id):
            goes_on = Episode.objects.open().filter(
                pk=co_episode_id, therapist=circle.co_therapist_id
            )
            if goes_on.exists():
                member.co_episode_id = co_episode_id
                member.save(update_fields=["co_episode"])
                return
    refusal = ValidationError(
        _("%(code)s has an open episode with this person already.") % {"code": member.client.code}
    )
    try:
        # What a colleague holds cannot be seen from here: only the table itself knows.
        with transaction.atomic():
            member.co_episode = open_episode(
                client=member.client,
                therapist=circle.co_therapist,
                by=by,
                modality=circle.kind,
            )
    except IntegrityError:
        raise refusal from None
    except ValidationError as error:
        if Episode.objects.open().filter(client=member.client_id, therapist=circle.co_therapist_id):
            raise refusal from None
        raise error
    member.save(update_fields=["co_episode"])


@transaction.atomic
def log_meeting(*, circle, starts_at, became, by, minutes=50, setting=Session.Setting.IN_PERSON):
    """Log a meeting of `circle` once: a session comes about in each episode of who was expected.

    `became` says for members, by id, one of BECAME; who is not named was not
    expected. All of it or nothing; the very same meeting again is stored once.
    """
    circle = _lock(circle)
    if not became:
        raise ValidationError(_("Somebody must have been expected."))
    meeting = Meeting.objects.filter(circle=circle, starts_at=starts_at).first()
    if meeting is None:
        meeting = Meeting(circle=circle, starts_at=starts_at, minutes=minutes, setting=setting)
        meeting.full_clean()
        meeting.save()
        record("meeting.logged", meeting, by=by)
    for episode_id, what in _by_episode(circle, became):
        status, called_off_by = BECAME[what]
        with rows_of_episode(episode_id):
            episode = Episode.objects.select_related("therapist__practice").get(pk=episode_id)
            if _is_over(episode, by):
                continue
            session = log_session(
                episode=episode,
                starts_at=starts_at,
                minutes=minutes,
                setting=setting,
                status=status,
                called_off_by=called_off_by,
                by=by,
            )
            Session.objects.filter(pk=session.pk, meeting=None).update(meeting=meeting)
    return meeting


@transaction.atomic
def correct_meeting(*, meeting, by, became, **changes):
    """Change what was logged of `meeting`, in the sessions of all members; all of it or nothing.

    `became` says for members, by id, one of BECAME; for who is not named it stays.
    """
    circle = _lock(meeting.circle)
    meeting = Meeting.objects.get(pk=meeting.pk)
    changed = [name for name, value in changes.items() if getattr(meeting, name) != value]
    for name in changed:
        setattr(meeting, name, changes[name])
    if changed:
        meeting.full_clean()
        meeting.save()
        record("meeting.corrected", meeting, by=by, fields=changed)
    for episode_id, what in _by_episode(circle, became, everybody=True):
        with rows_of_episode(episode_id):
            session = Session.objects.filter(meeting=meeting, episode=episode_id).first()
            if session is None:
                continue
            if what:
                status, called_off_by = BECAME[what]
                changes |= {"status": status, "called_off_by": called_off_by}
            else:
                changes |= {"status": session.status, "called_off_by": session.called_off_by}
            correct_session(session=session, by=by, **changes)
    return meeting


def _lock(circle):
    """Return `circle` as it is now; who else wants to change it waits for our commit."""
    circles = Circle.objects.select_for_update(of=("self",), no_key=True)
    return circles.select_related("therapist__practice", "co_therapist").get(pk=circle.pk)


def _by_episode(circle, became, *, everybody=False):
    """Say for each episode what became of it, in one order for all, so that nobody deadlocks."""
    members = circle.members.all() if everybody else circle.members.present()
    told: dict = {}  # Who left and came again is a member twice, of one episode.
    for one in members:
        for pk in one.episodes():
            told[pk] = became.get(one.pk) or told.get(pk)
    return [(pk, told[pk]) for pk in sorted(told) if told[pk] or everybody]


def _is_over(episode, by):
    """Whether it is a colleague's, and they see this client no more: nothing is logged there."""
    if episode.therapist.user_id == by.pk:
        return False
    places = Membership.objects.today().filter(is_clinician=True, pk=episode.therapist_id)
    return episode.ended_on is not None or not places.exists()
