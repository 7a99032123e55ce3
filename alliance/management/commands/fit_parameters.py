from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from alliance.detection.actions import store_parameters
from alliance.detection.parameters import propose
from alliance.measures.models import MeasureVersion, Perspective
from sessions_app.access.models import Practice
from sessions_app.management.all_rows import AllRowsCommand

NAMES = {
    "m": "mean over clients",
    "sb2": "variance between clients",
    "ss2": "variance of the state",
    "se2": "variance of the error",
    "phi": "persistence of the state",
    "ceiling": "read as “at least” from",
}


class Command(AllRowsCommand):
    help = (
        "Fit the detector's parameters to each practice's own ratings, and show old and new side "
        "by side. Nothing is stored without --store; courses that have begun keep their version."
    )

    def add_arguments(self, parser):
        parser.add_argument("--practice", type=int, help="the number of one practice")
        parser.add_argument("--store", action="store_true", help="store what is shown")

    def handle(self, *args, practice, store, **options):
        practices = Practice.objects.order_by("pk")
        if practice is not None:
            practices = practices.filter(pk=practice)
            if not practices:
                raise CommandError(f"There is no practice {practice}.")
        wordings = MeasureVersion.objects.filter(measure__perspective=Perspective.CLIENT)
        for one in practices:
            rated = wordings.filter(
                ratings__session__episode__therapist__practice=one
            ).select_related("measure")
            for wording in rated.distinct().order_by("pk"):
                self._fit(one, wording, store)

    def _fit(self, practice, wording, store):
        proposal = propose(practice, wording)
        told = f"{proposal.clients} clients with five ratings or more, {proposal.ratings} ratings"
        self.stdout.write(f"\n{practice}, {wording}: {told}")
        if proposal.blended is None:
            self.stdout.write("too few: thirty such clients are needed. Nothing changes.")
            return
        old, fit, new = proposal.old.for_detector(), proposal.fit, proposal.blended
        self.stdout.write(f"{'':26}{f'version {proposal.old.number}':>12}{'fitted':>20}{'new':>12}")
        for name, said in NAMES.items():
            fitted = _number(getattr(fit.parameters, name))
            error = getattr(fit.errors, name, None)
            around = "" if error is None else f" ±{error:.3f}"
            self.stdout.write(
                f"{said:26}{_number(getattr(old, name)):>12}{fitted + around:>20}"
                f"{_number(getattr(new, name)):>12}"
            )
        self.stdout.write(
            f"{'low from the start below':26}{_number(proposal.old.low_cutoff):>12}{'':20}"
            f"{_number(proposal.low_cutoff):>12}"
        )
        if not store:
            self.stdout.write("Nothing is stored; --store stores the last column.")
            return
        try:
            version = store_parameters(practice=practice, proposal=proposal)
        except ValidationError as error:
            self.stdout.write(f"Not stored: {' '.join(error.messages)}")
            return
        self.stdout.write(
            f"Stored as version {version.number}, for courses that begin from now on."
        )


def _number(value):
    return "–" if value is None else f"{value:.3f}"
