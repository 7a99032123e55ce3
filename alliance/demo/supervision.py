"""The supervision meetings of the demonstration: one that was held, and the next."""

from datetime import timedelta

from alliance.supervision.actions import (
    add_line,
    agree,
    hold_meeting,
    plan_meeting,
    tick,
    write_notes,
)
from sessions_app.access.models import today


def meet_before(therapist):
    """Let the therapist and their supervisor have met a fortnight ago, and agreed on something."""
    pair = therapist.supervised.get()
    supervisor, day = pair.supervisor.user, today() - timedelta(days=14)
    meeting = plan_meeting(supervision=pair, planned_on=day, by=supervisor)
    line = add_line(meeting=meeting, text="How I end sessions.", by=therapist.user)
    tick(item=line, is_discussed=True, by=supervisor)
    write_notes(
        meeting=meeting,
        notes="Endings come late, and the form then feels like an afterthought.",
        by=supervisor,
    )
    agree(
        meeting=meeting,
        text="Stop ten minutes earlier, and ask then whether the pace suits.",
        due_on=today() + timedelta(days=7),
        by=therapist.user,
    )
    hold_meeting(meeting=meeting, by=supervisor, on=day)


def plan_the_next(therapist):
    """Let the next meeting be prepared for the day after tomorrow."""
    pair = therapist.supervised.get()
    day = today() + timedelta(days=2)
    plan_meeting(supervision=pair, planned_on=day, by=pair.supervisor.user)
