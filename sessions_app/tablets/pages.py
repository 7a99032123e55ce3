"""The tablets of a practice: what a manager sees."""

from dataclasses import dataclass

from sessions_app.access.models import Practice
from sessions_app.tablets.models import Tablet


@dataclass(frozen=True, slots=True)
class TabletsPage:
    practice: Practice
    paired: list[Tablet]
    waiting: list[Tablet]


def present_tablets(practice):
    """List the tablets of `practice` by name: those paired, and those that wait for a device."""
    tablets = Tablet.objects.filter(practice=practice, revoked_at=None).order_by("name", "pk")
    return TabletsPage(
        practice=practice,
        paired=[tablet for tablet in tablets if tablet.paired_at],
        waiting=[tablet for tablet in tablets if not tablet.paired_at],
    )
