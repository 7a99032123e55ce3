"""Changes to clients and to the courses of therapy they are in."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from sessions_app.access.actions import record
from sessions_app.access.models import Membership, Practice
from sessions_app.access.rows import rows_of_episode
from sessions_app.clients.models import Client, ClientIdentity, Episode
from sessions_app.hooks import episode_changed


@transaction.atomic
def add_client(
    *,
    therapist,
    code,
    by,
    name="",
    email="",
    phone="",
    language="",
    birth_year=None,
    modality=Episode.Modality.INDIVIDUAL,
    started_on=None,
):
    """Add a client to the practice of `therapist` and open their first episode.

    What says who the client is goes into a table of its own, and only if
    something was given.
    """
    # Of two who choose the same code at once, the second waits here and is told.
    Practice.objects.select_for_update(no_key=True).get(pk=therapist.practice_id)
    started_on = started_on or therapist.practice.day()
    client = Client(practice=therapist.practice, code=code.strip(), opened_on=started_on)
    client.full_clean()
    client.save()
    given = {
        key: value
        for key, value in {
            "name": name,
            "email": email,
            "phone": phone,
            "language": language,
            "birth_year": birth_year,
        }.items()
        if value
    }
    record("client.added", client, by=by, fields=["code", *given])
    episode = open_episode(
        client=client, therapist=therapist, by=by, modality=modality, started_on=started_on
    )
    if given:
        ClientIdentity.objects.create(client=client, **given)
    return episode


@transaction.atomic
def open_episode(
    *, client, therapist, by, modality=Episode.Modality.INDIVIDUAL, started_on=None, follows=None
):
    """Begin a course of therapy between `client` and `therapist`."""
    if client.practice_id != therapist.practice_id:
        raise ValidationError(_("Client and therapist must belong to the same practice."))
    # Whoever lets this place end waits for us, or we for them.
    place = Membership.objects.select_for_update(of=("self",), no_key=True).get(pk=therapist.pk)
    if not place.is_clinician or place.ended_on is not None or place.locked_at is not None:
        raise ValidationError({"therapist": _("This person takes no clients here.")})
    episode = Episode(
        client=client,
        therapist=therapist,
        modality=modality,
        started_on=started_on or therapist.practice.day(),
        follows=follows,
    )
    episode.full_clean()
    episode.save()
    record("episode.opened", episode, by=by)
    episode_changed(episode)
    return episode


@transaction.atomic
def end_episode(*, episode, ending, by, ended_on=None):
    """End a course of therapy, and say how it ended. What was planned after it is dropped."""
    episode = Episode.objects.lock(episode)
    if episode.ended_on is not None:
        raise ValidationError(_("This episode has already ended."))
    episode.ended_on = ended_on or episode.therapist.practice.day()
    episode.ending = ending
    last = episode.sessions.filter(status="held").order_by("starts_at").last()
    if last and last.held_on > episode.ended_on:
        raise ValidationError({"ended_on": _("A session was held after this day.")})
    episode.full_clean()
    episode.save(update_fields=["ended_on", "ending"])
    record("episode.ended", episode, by=by, fields=["ended_on", "ending"])
    _drop_what_was_planned(episode, by)
    episode_changed(episode)
    return episode


def _drop_what_was_planned(episode, by):
    """Take out of the plan what was to come after the end; of a client handed over, all of it."""
    # Managers hand over, though sessions are not theirs to change.
    with rows_of_episode(episode.pk):
        for session in episode.sessions.filter(status="planned"):
            is_handed_over = episode.ending == Episode.Ending.TRANSFERRED
            if is_handed_over or session.held_on > episode.ended_on or not session.has_come:
                session.status = "dropped"
                session.save(update_fields=["status"])
                record("session.dropped", session, by=by)


@transaction.atomic
def hand_over_episode(*, episode, to, by, on=None):
    """End an episode as handed over and open the one that follows it, with `to`."""
    if to.pk == episode.therapist_id:
        raise ValidationError({"therapist": _("The client is with this person already.")})
    if on and on > episode.therapist.practice.day():
        raise ValidationError({"ended_on": _("This day has not come yet.")})
    ended = end_episode(episode=episode, ending=Episode.Ending.TRANSFERRED, by=by, ended_on=on)
    return open_episode(
        client=ended.client,
        therapist=to,
        by=by,
        modality=ended.modality,
        started_on=ended.ended_on,
        follows=ended,
    )


@transaction.atomic
def hand_over_caseload(*, episodes, to, by, on=None):
    """Hand over several episodes to `to`, or none of them where one is refused."""
    followers = []
    for episode in sorted(episodes, key=lambda episode: episode.pk):
        try:
            followers.append(hand_over_episode(episode=episode, to=to, by=by, on=on))
        except ValidationError as refusal:
            said = [f"{episode.client.code}: {message}" for message in refusal.messages]
            raise ValidationError({"episodes": said}) from refusal
    return followers
