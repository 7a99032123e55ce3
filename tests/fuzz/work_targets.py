"""The addresses of sheets, bookmarks, goals, what came of it, couples and patterns."""

from datetime import timedelta

from django.utils import timezone

from alliance.asking.standing_actions import choose_pin, make_standing_link
from alliance.follow_up.actions import reflect
from alliance.goals.actions import agree_on_goal
from alliance.trends.models import Flag
from sessions_app.clients.actions import add_client
from sessions_app.meetings.actions import log_meeting, make_circle
from tests.conftest import hold, rate

ONLY_POSTED = {
    *("circle-leave", "goal-near", "goals-worked-on", "rating-show", "reception-sheet"),
    *("reflection-empty", "sheet", "standing-ask"),
}


def targets_by_hand(scene, staff, *, theo, rita, nobody):
    """Yield what is printed, typed in, read aloud, moved, taken back, and kept as a bookmark."""
    cast = scene.cast
    cleo, other = [cast.cleo.pk], [scene.other.pk]
    asked = scene.other.requests.get(closed_at=None)
    replaces, version = asked.pk, asked.measure_version_id
    typed = {"line": "100", "mark-say": "70", "replaces": replaces, "version": version}
    for begins, browser in (("", theo), ("reception-", rita)):
        yield staff(f"{begins}sheets", browser, {"code": "0000-0000"}, accepted=200)
        unasked = [hold(cast.cleo, weeks_ago=6 if begins else 5).pk]
        yield staff(f"{begins}sheet", browser, {}, args=unasked, accepted=200)
        yield staff(f"{begins}sheet-enter", browser, typed, args=other)
    begun = {"deed": "begin", "replaces": replaces}
    yield staff("rating-aloud", theo, begun, args=other, shown=302)
    said = rate(hold(cast.cleo, weeks_ago=7), 6)
    to = hold(cast.cleo, weeks_ago=8).pk
    moving = {"session": to, "reason": "It was of the week before."}
    yield staff("rating-move", theo, moving, args=[said.pk], accepted=200)  # It asks: sure?
    yield staff("rating-take-back", theo, {"reason": "Asked for."}, args=[said.pk])
    link, secret = make_standing_link(episode=cast.cleo, by=cast.theo)
    choose_pin(link=link, pin="4071")
    yield staff("standing", nobody, {"pin": "4071"}, args=[secret])
    yield staff("standing-form", nobody, {"sent": "1"}, args=[secret, "0" * 16], shown=302)
    yield staff("standing-ask", theo, {}, args=[hold(cast.cleo, weeks_ago=9).pk])
    making = {"deed": "make", "replaces": link.pk}
    yield staff("standing-make", theo, making, args=cleo, accepted=200)


def targets_of_work(scene, staff, *, theo, mara):
    """Yield what a therapist and a client work on, what came of it, and what it amounts to."""
    cast, practice = scene.cast, [scene.cast.practice.pk]
    day = timezone.localdate().isoformat()
    cleo, member = [cast.cleo.pk], [cast.members["theo"].pk]
    yield staff("goals", theo, {"words": "To sleep.", "agreed_on": day}, args=cleo)
    goal = agree_on_goal(episode=cast.cleo, words="To speak up.", by=cast.theo)
    ended = {"ending": "reached", "remark": "She spoke up."}
    yield staff("goal", theo, ended, args=[goal.pk])
    yield staff("goal-near", theo, {"therapist": "4", "client": "5"}, args=[goal.pk])
    yield staff("goals-worked-on", theo, {"goals": [goal.pk]}, args=[scene.held.pk])
    rating = scene.held.ratings.get()
    came = {"discussed": "The pace.", "agreed": "Slower.", "is_told": "on"}
    yield staff("rating-follow-up", theo, came, args=[rating.pk])
    marked = add_client(therapist=cast.members["theo"], code="MARKED", by=cast.theo)
    flag = Flag.objects.create(
        episode=marked,
        session=hold(marked),
        kind=Flag.Kind.LOWER,
        rank=70,
        facts={"probability": 0.01},
        raised_at=timezone.now() - timedelta(days=2),
    )
    mended = {"outcome": "mended", "remark": "At once."}
    yield staff("flag-acknowledge", theo, mended, args=[flag.pk])
    yield staff("last-time", theo, {"discussed": "The pace."}, args=[scene.other.pk])
    yield staff("reflection", theo, {"open": "Much."}, args=cleo)
    kept = reflect(episode=cast.cleo, said={"open": "Her brother."}, by=cast.theo)
    yield staff("reflection-empty", theo, {}, args=[kept.pk])
    yield staff("marked-own", theo)
    yield staff("digest", theo, {str(member[0]): "week"})
    yield staff("prompts", mara, args=practice)
    yield staff("prompts-change", mara, {"help": "Ask."}, args=[*practice, "goals"])
    yield staff("own-first", theo, {"is_on": "on", "member": member[0]})
    yield staff("practice-own-first", mara, {"is_on": "on"}, args=practice)
    yield staff("rating-show", theo, {}, args=[scene.held.pk])
    yield staff(
        "practice-crisis", mara, {"en": "Call 112.", "de": "Rufen Sie 142 an."}, args=practice
    )
    yield staff("patterns-list", theo)
    yield staff("patterns", theo, args=member)
    yield staff("endings", theo, args=member)
    yield staff("practice-numbers", mara, args=practice)


def targets_of_couples(scene, staff, *, theo):
    """Yield those of clients who come together, and of what they share."""
    cast = scene.cast
    theirs = {"therapist": cast.members["theo"], "by": cast.theo}
    other = add_client(code="PARTNER", **theirs)
    third, fourth = add_client(code="THIRD", **theirs), add_client(code="FOURTH", **theirs)
    circle = make_circle(kind="family", code="LINDE", episodes=[cast.cleo, other], by=cast.theo)
    first, second = circle.members.order_by("pk")
    began = timezone.now() - timedelta(days=9)
    meeting = log_meeting(
        circle=circle, starts_at=began, became={first.pk: "held", second.pk: "held"}, by=cast.theo
    )
    here = [circle.pk]
    yield staff("circles", theo)
    making = {"kind": "couple", "code": "OAK", "episodes": [third.pk, fourth.pk]}
    yield staff("circle-create", theo, making)
    yield staff("circle", theo, args=here)
    yield staff("circle-members", theo, {"episodes": [third.pk]}, args=here)
    yield staff("circle-leave", theo, {}, args=[second.pk])
    yield staff("circle-lead", theo, {"co_therapist": cast.members["olga"].pk}, args=here)
    yield staff("circle-lead-alone", theo, {}, args=here)
    at = timezone.localtime() - timedelta(days=2)
    told = {"minutes": 50, "setting": "in_person"}
    told |= {f"came_{one.pk}": "held" for one in (first, second)}
    logged = {"starts_at": at.strftime("%Y-%m-%dT%H:%M")} | told
    yield staff("meeting-log", theo, logged, args=here)
    corrected = {"starts_at": timezone.localtime(began).strftime("%Y-%m-%dT%H:%M")} | told
    yield staff("meeting-correct", theo, corrected | {"minutes": 60}, args=[meeting.pk])
    yield staff("meeting-ask", theo, args=[meeting.pk])
