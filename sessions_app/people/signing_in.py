"""What a person is shown of how they sign in, and of where they are signed in."""

from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.utils.translation import gettext as _

# Told by the first that occurs: most browsers also call themselves by others' names.
BROWSERS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "Chrom": "Chrome",
    "CriOS": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS X": "Mac",
    "CrOS": "Chromebook",
    "Linux": "Linux",
}


@dataclass(frozen=True, slots=True)
class SignIn:
    """One place where this person is signed in."""

    device: str
    ip: str
    since: datetime
    seen_at: datetime
    is_here: bool


@dataclass(frozen=True, slots=True)
class SigningIn:
    """Everything by which a person gets in, and everywhere they are in.

    `codes_left`  recovery codes that have not been used, None without any
    `is_last`     whether there is only one second factor, which must then stay
    """

    app: Authenticator | None
    passkeys: list[Authenticator]
    codes_left: int | None
    is_last: bool
    sign_ins: list[SignIn]


def present_signing_in(user, *, must_have_one):
    """Gather how `user` signs in and where they are signed in, the latest first."""
    of_type: dict[str, list[Authenticator]] = {kind: [] for kind in Authenticator.Type.values}
    for factor in Authenticator.objects.filter(user=user).order_by("created_at"):
        of_type[factor.type].append(factor)
    apps = of_type[Authenticator.Type.TOTP]
    passkeys = of_type[Authenticator.Type.WEBAUTHN]
    codes = of_type[Authenticator.Type.RECOVERY_CODES]
    return SigningIn(
        app=apps[0] if apps else None,
        passkeys=passkeys,
        codes_left=len(codes[0].wrap().get_unused_codes()) if codes else None,
        is_last=must_have_one and len(apps) + len(passkeys) == 1,
        sign_ins=sorted(
            (
                SignIn(
                    device=_device(session.user_agent),
                    ip=session.ip,
                    since=session.created_at,
                    seen_at=session.last_seen_at,
                    is_here=session.is_current(),
                )
                for session in UserSession.objects.purge_and_list(user)
            ),
            key=lambda told: (told.is_here, told.seen_at),
            reverse=True,
        ),
    )


def _device(user_agent):
    """Name a browser and a system from what the browser says of itself."""
    browser = next((name for sign, name in BROWSERS.items() if sign in user_agent), "")
    system = next((name for sign, name in SYSTEMS.items() if sign in user_agent), "")
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Another programme")
