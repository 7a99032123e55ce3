"""Every address, with somebody whom it admits, an object of theirs, and what is valid there."""

import json
from dataclasses import dataclass, field
from datetime import timedelta

from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from alliance.asking.standing_actions import choose_pin, make_standing_link
from alliance.demo.tokens import sign_in_path
from sessions_app.calendars.actions import make_feed
from sessions_app.sessions.planning_actions import plan_sessions
from tests.alliance.own_measures import TOML
from tests.conftest import ITEMS, PASSWORD, code_of
from tests.fuzz import work_targets
from tests.fuzz.scene import Scene, browser, code_by
from tests.passkeys import SoftPasskey

STAFF = "alliance.urls"
SEALED = "alliance.asking.handed_over_urls"
TABLET = "alliance.asking.tablet_urls"
ALONE = "alliance.asking.public_urls"
# Of these there is nothing to look at.
ONLY_POSTED = {
    *("policy-report", "hand-back", "sign-out-elsewhere", "emergency-end", "invitation-revoke"),
    *("member-lock", "member-unlock", "deputy-appoint", "deputy-dismiss", "reception-ask"),
    *("rating-own", "tablet-revoke", "measure-activate", "measure-stop"),
    *("bounces", "rating-send", "asking-stop", "asking-resume"),
    *("asked-bounced", "practice-asking-sample"),
    *("supervision-plan", "supervision-refresh", "supervision-line", "supervision-notes"),
    *("supervision-own-notes", "supervision-agree", "supervision-held", "supervision-tick"),
    *("supervision-done", *work_targets.ONLY_POSTED),
}
MARKS = dict.fromkeys(ITEMS, "7") | {"sent": "1", "comment": "Thank you."}
WORDING = {
    "name": "Kettles",
    "key": "kettles",
    "language": "en",
    "perspective": "client",
    "title": "About kettles",
    "intro": "Mark what fits.",
    "minimum": 1,
    "maximum": 5,
    "step": 1,
    "low": "cold",
    "high": "hot",
    "method": "sum",
    "least_answered": "1",
    "source": "Invented.",
    "translation": "Original.",
    "comment_prompt": "Anything else?",
    "is_validated": "on",
    "text_1": "It boils.",
}
# For as many statements as the questionnaire has that is there already.
WORDS_OF_ALL = {f"text_{place}": f"Statement {place}." for place in range(1, 5)}
REPORT = {
    "csp-report": {
        "document-uri": "http://localhost/",
        "effective-directive": "img-src",
        "blocked-uri": "https://elsewhere.example/a.png",
    }
}


def fields_of(valid):
    """Return what is valid as pairs of name and value; a list stands for a repeated field."""
    for name, value in valid.items():
        for one in value if isinstance(value, list) else [value]:
            yield name, one if isinstance(one, str | dict) else str(one)


@dataclass
class Target:
    """An address with real objects, and somebody whom it admits.

    `valid` is what a POST says and `accepted` how that is answered, `shown` how
    a GET is; None for either where there is no such thing.
    """

    urls: str
    name: str
    path: str
    browser: Client
    valid: object = None
    accepted: int | None = 302
    shown: int | None = 200
    query: dict = field(default_factory=dict)
    is_json: bool = False

    def pairs(self):
        valid = self.valid() if callable(self.valid) else self.valid or {}
        return list(fields_of(valid))


def targets(cast):
    """Yield every address of the four lists, ready to be asked."""
    scene = Scene(cast)
    members, today = cast.members, timezone.localdate()
    day = today.isoformat()
    theo, mara, rita, root = (scene.signed_in(who) for who in ("theo", "mara", "rita", "root"))
    olga_id, sue_id = members["olga"].pk, members["sue"].pk
    began = timezone.localtime() - timedelta(days=3)
    meeting = {
        "happened": "held",
        "starts_at": began.strftime("%Y-%m-%dT%H:%M"),
        "minutes": 50,
        "setting": "in_person",
        "note": "A note.",
    }
    new_password = {"password1": PASSWORD + "!", "password2": PASSWORD + "!"}

    def staff(name, browser, valid=None, *, args=(), **told):
        told = {"shown": None} | told if name in ONLY_POSTED else told
        if name.startswith(("account_", "mfa_")):
            told = {"query": {"next": "/"}} | told
        return Target(STAFF, name, reverse(name, args=args), browser, valid, **told)

    nobody = browser()
    yield staff("health", nobody)
    yield staff("policy-report", nobody, REPORT, accepted=204, is_json=True)
    yield staff("hand-back", nobody, {})
    yield staff("bounces", nobody, {"message_id": "<a@b>"}, accepted=404)
    yield staff("rate", nobody, MARKS, args=[scene.secrets[0]])
    yield Target(STAFF, "demo-sign-in", sign_in_path(cast.olga), nobody, shown=302)
    joining = {"name": "Nell", **new_password}
    yield staff("join", nobody, joining, args=[scene.invited])
    yield staff("tablet-pair", nobody, {}, args=[scene.pairing])
    # --- Signing in ---
    yield staff(
        "account_login",
        nobody,
        {"login": "rita@example.org", "password": PASSWORD},
        query={"next": "/reception/"},
    )
    yield staff("account_logout", theo, {})
    told = {"email": "x@example.org", "password1": PASSWORD}
    yield staff("account_signup", nobody, told, accepted=200)  # Nobody signs up.
    yield staff("account_inactive", nobody)
    changed = {"oldpassword": PASSWORD, **new_password}
    yield staff("account_change_password", rita, changed)
    yield staff("account_set_password", root, new_password)
    yield staff("account_reset_password", nobody, {"email": "rita@example.org"})
    yield staff("account_reset_password_done", nobody)
    reset, link = scene.reset_link()
    yield Target(STAFF, "account_reset_password_from_key", link, reset, new_password)
    yield staff("account_reset_password_from_key_done", nobody)
    half = scene.half_signed_in()
    yield staff("mfa_authenticate", half, lambda: {"code": code_of(cast.theo)})
    options = half.get(reverse("mfa_authenticate")).context["js_data"]["request_options"]
    yield staff("mfa_authenticate", half, {"credential": scene.soft.get(options)})
    alone = browser()
    asked = alone.get(reverse("mfa_login_webauthn"), headers={"accept": "application/json"})
    told = {"credential": scene.soft.get(asked.json()["request_options"])}
    yield staff("mfa_login_webauthn", alone, told, shown=302)
    export = reverse("episode-csv", args=[cast.cleo.pk])
    again = scene.asked_to_confirm("theo", export)
    yield staff("mfa_reauthenticate", again, lambda: {"code": code_of(cast.theo)})
    page = again.get(reverse("mfa_reauthenticate_webauthn"))
    told = {"credential": scene.soft.get(page.context["js_data"]["request_options"])}
    yield staff("mfa_reauthenticate_webauthn", again, told)
    by_password = scene.asked_to_confirm("rita", reverse("mfa_generate_recovery_codes"))
    yield staff("account_reauthenticate", by_password, {"password": PASSWORD})
    # --- One's own account ---
    yield staff("mfa_index", theo)
    setting_up = scene.signed_in("rita")
    found = setting_up.get(reverse("mfa_activate_totp")).context["form"]
    yield staff("mfa_activate_totp", setting_up, lambda: {"code": code_by(found.secret)})
    yield staff("mfa_deactivate_totp", theo, {})
    adding = scene.signed_in("theo")
    page = adding.get(reverse("mfa_add_webauthn"))
    options = json.loads(json.dumps(page.context["js_data"]["creation_options"]))
    made = {"name": "Key", "passwordless": "on", "credential": SoftPasskey().create(options)}
    yield staff("mfa_add_webauthn", adding, made)
    yield staff("passkey-remove", theo, {}, args=[scene.passkey.pk])
    yield staff("mfa_view_recovery_codes", theo, shown=404)
    yield staff("mfa_generate_recovery_codes", theo, {})
    yield staff("still-here", theo, shown=204)
    yield staff("sign-out-elsewhere", theo, {})
    yield staff("home", theo, shown=302)
    yield staff("join-own", theo, {"invitation": scene.own_offer.pk})
    yield staff("emergency-end", theo, {}, args=[scene.emergency.pk])
    # --- Managers ---
    practice = [cast.practice.pk]
    yield staff("sensitivity", mara, {"preset": "quiet", "comparators": []}, args=practice)
    yield staff("people", mara, args=practice)
    offer = {"email": "b@example.org", "duties": ["is_clinician"], "supervisors": [sue_id]}
    yield staff("invite", mara, offer, args=practice)
    yield staff("invitation-revoke", mara, {}, args=[scene.invitation.pk])
    yield staff("member", mara, args=[olga_id])
    duties = {"duties": ["is_clinician", "is_manager"]}
    yield staff("member-duties", mara, duties, args=[olga_id])
    leaving = {"ended_on": day, "at_once": "on"}
    yield staff("member-leave", mara, leaving, args=[members["rita"].pk])
    yield staff("member-lock", mara, {}, args=[olga_id])
    yield staff("member-unlock", mara, {}, args=[olga_id])
    handing = {"episodes": [cast.dora.pk], "to": members["theo"].pk, "on": day}
    yield staff("hand-over", mara, handing, args=[olga_id])
    supervising = {"supervisor": sue_id, "started_on": day}
    yield staff("supervision-create", mara, supervising, args=[olga_id])
    yield staff("supervision-end", mara, {"ended_on": day}, args=[scene.supervision.pk])
    looking = {"person": cast.theo.pk, "day": day, "page": 1}
    yield staff("practice-trail", mara, args=practice, query=looking)
    yield staff("practice-emergencies", mara, args=practice)
    yield staff("deputy-appoint", mara, {"member": olga_id}, args=practice)
    yield staff("deputy-dismiss", mara, {}, args=[scene.deputy.pk])
    yield staff("practice-asking", mara, args=practice)
    rules = {
        "way": "email",
        "when": "hour",
        "remind_after_days": 2,
        "qualities_every": 3,
        "quick_exit_to": "https://www.example.org/",
    }
    yield staff("practice-asking-rules", mara, rules, args=practice)
    yield staff("practice-asking-sample", mara, {}, args=practice)
    yield staff("tablets", mara, args=practice)
    yield staff("tablet-invite", mara, {"name": "Room 3"}, args=practice, accepted=200)
    yield staff("tablet-revoke", mara, {}, args=[scene.tablet.pk])
    yield staff("measures", mara, args=practice)
    pasted = {"text": TOML.replace('"teapots"', '"kettles"')}
    yield staff("measure-upload", mara, pasted, args=practice)
    begun = {"items": 1}
    yield staff("measure-write", mara, WORDING | begun, args=practice, query=begun)
    drafted, active = [scene.draft.pk], [scene.active.pk]
    yield staff("measure", mara, args=drafted)
    yield staff("measure-edit", mara, WORDING | WORDS_OF_ALL, args=drafted)
    licence = {"holder": "Pottery Ltd", "kind": "group", "number": "T-2", "has_seen": "on"}
    yield staff("measure-licence", mara, licence | {"valid_until": day}, args=drafted)
    yield staff("measure-activate", mara, {}, args=active)
    yield staff("measure-stop", mara, {}, args=active)
    yield staff("measure-fhir", mara, args=drafted)
    yield staff("measure-preview", mara, args=drafted)
    # --- Reception ---
    yield staff("reception", rita)
    replaces = scene.other.requests.get(closed_at=None).pk
    asking = {"replaces": replaces}
    yield staff("reception-ask", rita, asking, args=[scene.other.pk], accepted=200)
    yield staff("reception-today", rita, {})
    # --- Clinicians ---
    client = {
        "therapist": members["theo"].pk,
        "code": "NEW",
        "modality": "individual",
        "language": "en",
        "name": "A name",
        "email": "c@example.org",
    }
    yield staff("client-create", theo, client)
    looking = {"page": 1, "ended": "1", "signal": "lower", "modality": "group", "weekday": "2"}
    yield staff("caseload", theo, {"code": "cl"}, query=looking, accepted=200)
    yield staff("caseload-supervised", scene.signed_in("sue"), query={"page": 1})
    # --- Supervision ---
    met = [scene.meeting.pk]
    yield staff("supervisions", theo)
    yield staff("supervision-plan", theo, {"planned_on": day}, args=[scene.supervision.pk])
    yield staff("supervision-meeting", theo, args=met)
    yield staff("supervision-refresh", theo, {}, args=met)
    about = {"text": "Pace.", "episode": cast.cleo.pk}
    yield staff("supervision-line", theo, about, args=met)
    yield staff("supervision-notes", theo, {"notes": "Pace."}, args=met)
    yield staff("supervision-own-notes", theo, {"notes": "Pace."}, args=met)
    yield staff("supervision-agree", theo, {"due_on": day} | about, args=met)
    yield staff("supervision-held", theo, {}, args=met)
    yield staff("supervision-agenda", theo, args=met)
    yield staff("supervision-tick", theo, {"is_discussed": "1"}, args=[scene.point.pk])
    done = {"is_done": "1", "meeting": scene.meeting.pk}
    yield staff("supervision-done", theo, done, args=[scene.agreed.pk])
    cleo = [cast.cleo.pk]
    yield staff("episode-page", theo, args=cleo)
    yield staff("episode", theo, args=cleo, query={"page": 1})
    yield staff("episode-csv", theo, args=cleo)
    yield staff("episode-series", theo, args=cleo)
    yield staff("session-create", theo, meeting, args=cleo)
    yield staff("session-edit", theo, meeting, args=[scene.held.pk])
    ahead = {"minutes": 50, "setting": "video", "every_weeks": 1, "times": 1, "until": ""}
    ahead["starts_at"] = (timezone.localtime() + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
    yield staff("session-plan", theo, ahead, args=cleo)
    (planned,) = plan_sessions(
        episode=cast.cleo, starts_at=timezone.now() + timedelta(days=2), by=cast.theo
    )
    yield staff("session-planned", theo, ahead | {"deed": "move"}, args=[planned.pk])
    yield staff("calendar", theo, {}, accepted=200)
    _feed, secret = make_feed(owner=cast.olga)
    yield staff("calendar-feed", nobody, args=[secret])
    asking = {"channel": "link", "replaces": replaces}
    yield staff("rating-ask", theo, asking, args=[scene.other.pk], accepted=200)
    yield staff("rating-own", theo, {}, args=[scene.other.pk])
    yield staff("rating-send", theo, {"way": "email"}, args=[scene.by_mail.pk])
    agreed = {
        "way": "email",
        "when": "morning",
        "remind_after_days": 2,
        "language": "ar",
        "email": "c@example.org",
    }
    yield staff("episode-asking", theo, agreed, args=cleo)
    yield staff("asking-stop", theo, {}, args=cleo)
    yield staff("asking-resume", theo, {}, args=cleo)
    yield staff("asked-bounced", theo, {}, args=[scene.sent.pk])
    yield staff("ask-today", theo, {})
    yield staff("consent", theo, {"answer": "agrees"}, args=[scene.taken.pk])
    yield staff("clients-trail", theo, query={"page": 1})
    breaking = {
        "member": members["theo"].pk,
        "code": "dora",
        "reason": "It cannot wait any longer.",
    }
    yield staff("emergencies", theo, breaking)
    yield staff("emergency", theo, args=[scene.emergency.pk])
    # --- What is asked by hand, worked on, and shared ---
    yield from work_targets.targets_by_hand(scene, staff, theo=theo, rita=rita, nobody=nobody)
    yield from work_targets.targets_of_work(scene, staff, theo=theo, mara=mara)
    yield from work_targets.targets_of_couples(scene, staff, theo=theo)
    # --- On a device that was handed over ---
    sealed = scene.sealed()

    def on_device(name, path, valid=None, **told):
        return Target(SEALED, name, path, sealed, valid, **told)

    yield on_device("handed-over", "/hand-over/", MARKS)
    yield on_device("hand-back", "/hand-over/back/", {}, shown=None)
    yield on_device("health", "/healthz")
    report = {"shown": None, "accepted": 204, "is_json": True}
    yield on_device("policy-report", "/policy-report/", REPORT, **report)
    yield on_device("stray", "/caseload/", {"page": "1"}, shown=404, accepted=404)
    # --- On a tablet of the practice ---
    tablet, which = scene.on_tablet()

    def on_tablet(name, path, valid=None, **told):
        return Target(TABLET, name, path, tablet, valid, **told)

    yield on_tablet("tablet", "/tablet/", MARKS | {"which": which})
    yield on_tablet("tablet-waiting", "/tablet/waiting/")
    yield on_tablet("tablet-clear", "/tablet/clear/", {"which": which}, shown=None)
    yield on_tablet("health", "/healthz")
    yield on_tablet("policy-report", "/policy-report/", REPORT, **report)
    yield on_tablet("nothing-else", "/caseload/", {"page": "1"}, shown=404, accepted=404)
    # --- The clients' pages alone ---
    yield Target(ALONE, "rate", f"/r/{scene.secrets[1]}/", nobody, MARKS)
    link, secret = make_standing_link(episode=cast.dora, by=cast.olga)
    choose_pin(link=link, pin="4071")
    for name, args, valid, shown in (
        ("standing", [secret], {"pin": "4071"}, 200),
        ("standing-form", [secret, "0" * 16], {"sent": "1"}, 302),
    ):
        path = reverse(name, args=args, urlconf=ALONE)
        yield Target(ALONE, name, path, nobody, valid, shown=shown)
    yield Target(ALONE, "health", "/healthz", nobody)
    yield Target(ALONE, "policy-report", "/policy-report/", nobody, REPORT, **report)


def addresses(urls, patterns=None):
    """Yield the name of every address in one of the four lists."""
    for pattern in patterns or get_resolver(urls).url_patterns:
        if hasattr(pattern, "url_patterns"):
            yield from addresses(urls, pattern.url_patterns)
        else:
            yield pattern.name
