"""A questionnaire that nobody has: invented words for what a practice adds of its own."""

from datetime import timedelta

from alliance.measures.actions import activate, add_measure, attest_licence
from alliance.measures.files import read_measure
from sessions_app.access.models import today

PLANTED = "A planted wording about teapots"
TOML = f"""
key = "teapots"
version = 1
language = "en"
perspective = "client"
name = "Teapots"
title = "{PLANTED}: title"
intro = "{PLANTED}: intro."
comment_prompt = "{PLANTED}: comment?"
is_validated = true
licence = "That of its holder"
source = "Invented."

[scale]
minimum = 1
maximum = 5
step = 1

[scoring]
least_answered = 1.0
method = "sum"

[[items]]
key = "warm"
component = "trust"
text = "{PLANTED}: warm."
low = "{PLANTED}: cold"
high = "{PLANTED}: hot"

[[items]]
key = "full"
component = "goals"
text = "{PLANTED}: full."
low = "{PLANTED}: empty"
high = "{PLANTED}: brim"

[[items]]
key = "chipped"
component = "collaboration"
is_reverse = true
text = "{PLANTED}: chipped."
low = "{PLANTED}: whole"
high = "{PLANTED}: broken"

[[items]]
key = "overall"
text = "{PLANTED}: overall."
low = "{PLANTED}: no"
high = "{PLANTED}: yes"

[[norms]]
population = "Invented teapots"
n = 12
mean = 14.5
sd = 2.5
source = "Invented."
"""


def add(practice, *, by, text=TOML):
    """Add the questionnaire to a practice as a draft."""
    return add_measure(practice=practice, read=read_measure(text, "teapots.toml"), by=by)


def license_it(version, *, by, days=100, **values):
    """Attest a licence for it that holds for so many days."""
    told = {"holder": "Pottery Ltd", "kind": "group", "number": "T-1"} | values
    return attest_licence(
        version=version, by=by, valid_until=today() + timedelta(days=days), **told
    )


def add_active(practice, *, by, text=TOML):
    """Add the questionnaire to a practice, licensed and activated."""
    version = add(practice, by=by, text=text)
    license_it(version, by=by)
    activate(version=version, by=by)
    version.refresh_from_db()
    return version
