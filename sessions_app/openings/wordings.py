"""What a client is asked to agree to, word by word.

A wording is never changed once it has been used: a new one gets the next number.
"""

from sessions_app.openings.models import Consent

WORDINGS = {
    (Consent.Kind.EARLIER_THERAPY, 1): (
        "My present therapist may read what I marked, and what was noted, during my therapy with "
        "the therapist before. They do not see what I wrote to that therapist, and they change "
        "nothing. I can take this back at any time. It ends when my present therapy ends."
    ),
}
IN_USE = {Consent.Kind.EARLIER_THERAPY: 1}


def wording_in_use(kind):
    """Return the number and the text of the wording in which a client is asked today."""
    number = IN_USE[kind]
    return number, WORDINGS[kind, number]
