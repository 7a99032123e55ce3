"""The cast, each at a device of their own, and one of everything that addresses ask for."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from alliance.asking.actions import send_to_tablet
from alliance.ratings.models import RatingRequest
from alliance.sending.actions import ask_by_message
from alliance.supervision.actions import add_line, agree, plan_meeting
from sessions_app.access.actions import appoint_deputy
from sessions_app.access.models import Supervision
from sessions_app.clients.actions import add_client, hand_over_episode
from sessions_app.openings.actions import open_in_emergency
from sessions_app.places.actions import invite
from sessions_app.tablets.actions import invite_tablet, pair_tablet
from tests.alliance.own_measures import TOML, add, add_active
from tests.conftest import PASSWORD, ask, hold, rate
from tests.passkeys import give_passkey


def browser():
    return Client(raise_request_exception=False, headers={"host": "localhost"})


def code_by(secret):
    """Return what an app with this secret shows now."""
    return format_hotp_value(hotp_value(secret, int(timezone.now().timestamp()) // 30))


class Scene:
    """The cast, signed in, and whatever addresses ask for."""

    def __init__(self, cast):
        self.cast = cast
        members = cast.members
        for user in (cast.theo, cast.rita, cast.nils):
            user.set_password(PASSWORD)
            user.save()
        self.held, self.other = hold(cast.cleo, weeks_ago=1), hold(cast.cleo)
        rate(self.held, 6, comment="A comment.")
        self.secrets = [
            ask(self.other)[1],
            ask(hold(cast.dora))[1],
            ask(hold(cast.dora, weeks_ago=1))[1],
        ]
        identity = cast.cleo.client.identity
        identity.email = "cleo@clients.example.org"
        identity.save()
        self.by_mail = hold(cast.cleo, weeks_ago=3)
        self.sent = ask_by_message(session=hold(cast.cleo, weeks_ago=4), way="email", by=cast.theo)
        RatingRequest.objects.filter(pk=self.sent.pk).update(sent_at=timezone.now())
        self.taken = hand_over_episode(
            episode=add_client(therapist=members["olga"], code="AMY", by=cast.olga),
            to=members["theo"],
            by=cast.olga,
        )
        self.deputy = appoint_deputy(member=members["theo"], by=cast.mara)
        self.emergency = open_in_emergency(
            client=cast.dora.client,
            member=members["theo"],
            reason="The therapist is ill.",
            by=cast.theo,
            absolute=str,
        )
        offer = {"practice": cast.practice, "by": cast.mara, "is_clinician": True}
        self.invitation, self.invited = invite(email="new@example.org", **offer)
        self.own_offer, _secret = invite(
            practice=cast.elsewhere, email="theo@example.org", is_clinician=True, by=None
        )
        self.supervision = Supervision.objects.get(therapist=members["theo"])
        self.meeting = plan_meeting(
            supervision=self.supervision, planned_on=timezone.localdate(), by=cast.theo
        )
        self.point = add_line(meeting=self.meeting, text="Pace.", by=cast.theo)
        self.agreed = agree(meeting=self.meeting, text="Ask.", by=cast.theo)
        self.soft, self.passkey = give_passkey(cast.theo)
        self.tablet, self.pairing = invite_tablet(
            practice=cast.practice, name="Room 1", by=cast.mara
        )
        self.draft = add(cast.practice, by=cast.mara)
        self.active = add_active(
            cast.practice, by=cast.mara, text=TOML.replace("version = 1", "version = 2")
        )

    def signed_in(self, name):
        made = browser()
        made.force_login(getattr(self.cast, name))
        return made

    def half_signed_in(self):
        """Return a browser in which Theo has given his password and not yet his code."""
        made = browser()
        made.post(reverse("account_login"), {"login": "theo@example.org", "password": PASSWORD})
        assert made.get(reverse("mfa_authenticate")).status_code == 200
        return made

    def asked_to_confirm(self, name, address):
        """Return a browser that must show once more who it is before it goes on to `address`."""
        made = self.signed_in(name)
        session = made.session
        for record in session["account_authentication_methods"]:
            record["at"] = 0
        session.save()
        made.get(address)
        return made

    def reset_link(self):
        """Return a browser that has followed the link in a letter, and where it led."""
        made = browser()
        number = user_pk_to_url_str(self.cast.nils)
        key = default_token_generator.make_token(self.cast.nils)
        link = reverse("account_reset_password_from_key", args=[number, key])
        return made, made.get(link).headers["Location"]

    def sealed(self):
        """Return a browser on a device that was handed over to Cleo."""
        made = self.signed_in("theo")
        asked = reverse("rating-ask", args=[hold(self.taken).pk])
        made.post(asked, {"channel": "device"})
        assert settings.HAND_OVER_COOKIE_NAME in made.cookies
        return made

    def on_tablet(self):
        """Return a tablet of the practice that shows a form, and the form's name on it."""
        tablet, secret = invite_tablet(
            practice=self.cast.practice, name="Room 2", by=self.cast.mara
        )
        tablet, key = pair_tablet(secret=secret)
        session = hold(self.cast.cleo, weeks_ago=2)
        asked = send_to_tablet(session=session, tablet=tablet, by=self.cast.theo)
        made = browser()
        made.cookies[settings.TABLET_COOKIE_NAME] = key
        return made, asked.token_digest[:16]
