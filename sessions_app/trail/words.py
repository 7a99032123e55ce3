"""What stands in the trail, in words."""

from django.utils.translation import gettext_lazy as _

# Elsewhere verbs are written so that they can be read as they are.
WORDS = {
    "account.asked_for_second_factor": _("signed in without a second factor for the only time"),
    "account.opened": _("set up an account"),
    "account.password_changed": _("changed their password"),
    "account.password_reset": _("set a new password by letter"),
    "account.password_set": _("set a password"),
    "account.recovery_codes_generated": _("made new recovery codes"),
    "account.second_factor_forgotten": _("took away somebody’s second factors"),
    "account.signed_in": _("signed in"),
    "account.totp_activated": _("set up an app"),
    "account.totp_deactivated": _("removed an app"),
    "account.webauthn_added": _("added a passkey"),
    "account.webauthn_removed": _("removed a passkey"),
    "caseload.read": _("read their own list of clients"),
    "client.added": _("added a client"),
    "consent.given": _("recorded a client’s consent"),
    "consent.read": _("looked at a client’s consent"),
    "consent.withdrawn": _("recorded that a client no longer agrees"),
    "deputy.appointed": _("appointed somebody for emergencies"),
    "deputy.dismissed": _("dismissed somebody for emergencies"),
    "emergencies.read": _("looked which records were opened in an emergency"),
    "emergency.ended": _("ended an emergency"),
    "emergency.opened": _("opened a record in an emergency"),
    "emergency.read": _("looked at a record opened in an emergency"),
    "episode.ended": _("ended a course of therapy"),
    "episode.exported": _("downloaded the ratings of a course of therapy"),
    "episode.opened": _("began a course of therapy"),
    "episode.read": _("read how a course of therapy develops"),
    "invitation.accepted": _("accepted an invitation"),
    "invitation.made": _("invited somebody"),
    "invitation.revoked": _("revoked an invitation"),
    "membership.changed": _("changed what somebody does"),
    "membership.ended": _("ended somebody’s place"),
    "membership.locked": _("locked somebody out"),
    "membership.read": _("looked at somebody’s place, with the codes of their clients"),
    "membership.started": _("began a place"),
    "membership.unlocked": _("let somebody in again"),
    "rating.asked": _("asked for a rating"),
    "rating.submitted": _("sent a rating"),
    "reception.read": _("read the list at reception"),
    "session.corrected": _("corrected a session"),
    "session.logged": _("logged a session"),
    "session.read": _("opened a session"),
    "supervised_caseload.read": _("read the list of those they supervise"),
    "supervision.ended": _("ended a supervision"),
    "supervision.started": _("began a supervision"),
    "tablet.invited": _("prepared a tablet"),
    "tablet.paired": _("paired a tablet"),
    "tablet.revoked": _("revoked a tablet"),
    "trail.read": _("looked who did what"),
}


def said(verb):
    """Say in words what an event says by its verb."""
    return WORDS.get(verb) or verb.replace(".", " ").replace("_", " ")
