"""Pictures of every page, at both widths, light and dark, from the invented data.

The few that the README shows go to docs/pictures, all others to var/screenshots.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser import launch  # noqa: E402
from tests.demo_server import running_demo  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
ALL = ROOT / "var" / "screenshots"
WIDTHS = {"phone": (390, 844), "desk": (1280, 900)}
IN_README = {
    "therapist-B-318-desk-light": "trend-light",
    "therapist-B-318-desk-dark": "trend-dark",
    "supervised-desk-light": "supervision-light",
    "supervised-desk-dark": "supervision-dark",
    "form-phone-light": "form-light",
    "form-phone-dark": "form-dark",
}

# Somebody is invited, a client is taken over, a record is opened: pages that are empty else.
EVENTS = """
from django.urls import reverse
from alliance.demo import stories
from alliance.demo.actions import demo_user
from alliance.demo.tokens import sign_in_path
from sessions_app.access.actions import appoint_deputy
from sessions_app.clients.actions import add_client, hand_over_episode
from sessions_app.openings.actions import open_in_emergency
from sessions_app.places.actions import invite
theo, sue, mara = map(demo_user, (stories.THEO, stories.SUPERVISOR, stories.MANAGER))
place, above, manages = (who.memberships.get() for who in (theo, sue, mara))
practice = place.practice
_invitation, secret = invite(
    practice=practice, email="new@demo.example", is_clinician=True, by=mara, absolute=str
)
colleague = practice.memberships.filter(episodes__isnull=False).exclude(pk=place.pk).first()
taken = hand_over_episode(
    episode=add_client(therapist=colleague, code="V-555", by=colleague.user), to=place, by=mara
)
appoint_deputy(member=above, by=mara)
asked = place.episodes.get(client__code="F-077")
unrated = asked.sessions.filter(status="held", ratings=None).first()
unrated = unrated or place.episodes.get(client__code="M-104").sessions.get(ratings=None)
said = asked.sessions.filter(ratings__respondent="client").first().ratings.get(respondent="client")
opened = open_in_emergency(
    client=place.episodes.get(client__code="K-231").client, member=above,
    reason="The therapist is ill, and the client has called twice.", by=sue, absolute=str,
)
for who, name, args in (
    ("nobody", "join", [secret]), ("nobody", "account_reset_password", []),
    *(("manager", name, [practice.pk]) for name in (
        "people", "invite", "practice-trail", "practice-emergencies", "practice-asking",
        "practice-asking-rules", "measures", "measure-upload", "measure-write")),
    *(("manager", name, [colleague.pk]) for name in (
        "member", "member-duties", "member-leave", "hand-over", "supervision-create")),
    ("therapist", "consent", [taken.pk]), ("therapist", "episode", [taken.pk]),
    ("therapist", "episode-asking", [asked.pk]), ("therapist", "standing-make", [asked.pk]),
    ("therapist", "rating-ask", [unrated.pk]), ("therapist", "sheet-enter", [unrated.pk]),
    ("therapist", "rating-move", [said.pk]), ("therapist", "rating-take-back", [said.pk]),
    *(("therapist", name, []) for name in (
        "clients-trail", "emergencies", "mfa_index", "mfa_activate_totp", "mfa_add_webauthn",
        "account_change_password", "account_logout", "client-create", "caseload", "ask-today",
        "sheets")),
    ("supervisor", "emergencies", []), ("supervisor", "emergency", [opened.pk]),
    *(("reception", name, []) for name in ("reception", "reception-today", "reception-sheets")),
):
    print(who, name, reverse(name, args=args))
print("link", "reception", sign_in_path(demo_user(stories.RECEPTION)))
"""
# On whose clients a device is handed over, each time on another's: a session is logged for it.
HANDED_OVER = {
    "phone-light": "D-162",
    "phone-dark": "K-231",
    "desk-light": "F-077",
    "desk-dark": "R-450",
}


def main():
    shutil.rmtree(ALL, ignore_errors=True)
    for folder in (ALL, PICTURES):
        folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as var,
        running_demo(var) as demo,
        sync_playwright() as playwright,
    ):
        browser = launch(playwright)
        links = demo.links | {"arabic form": demo.arabic_form()}
        links["manager"] = demo.manager()
        signed_in = {
            who: _sign_in(browser, links[who]) for who in ("therapist", "supervisor", "manager")
        }
        told = [line.split() for line in demo.shell(EVENTS).splitlines()]
        pages = [page for page in told if page[0] != "link"]
        signed_in["reception"] = _sign_in(browser, demo.base + told[-1][2])
        for size, (width, height) in WIDTHS.items():
            for theme in ("light", "dark"):
                options = {
                    "viewport": {"width": width, "height": height},
                    "color_scheme": theme,
                    "device_scale_factor": 2 if size == "phone" else 1,
                    "reduced_motion": "reduce",
                }
                _visit_all(browser, links, signed_in, options, f"{size}-{theme}")
                _visit(browser, demo.base, pages, signed_in, options, f"{size}-{theme}")
                _hand_over(browser, demo, options, f"{size}-{theme}")
                _tablet(browser, demo, signed_in["manager"], options, f"{size}-{theme}")
        browser.close()
    for name, shown in IN_README.items():
        shutil.copy(ALL / f"{name}.png", PICTURES / f"{shown}.png")
    print(f"{len(list(ALL.glob('*.png')))} pictures in {ALL.relative_to(ROOT)}")


def _sign_in(browser, link):
    context = browser.new_context()
    context.new_page().goto(link)
    state = context.storage_state()
    context.close()
    return state


def _visit(browser, base, pages, signed_in, options, suffix):
    """Take pictures of addresses, each as the person whose page it is."""
    for who, name, path in pages:
        context = browser.new_context(**options, storage_state=signed_in.get(who))
        page = context.new_page()
        page.goto(base + path)
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > options["viewport"]["width"]:
            print(f"{who}-{name}-{suffix} is {wide} px wide")
        page.screenshot(path=ALL / f"page-{who}-{name}-{suffix}.png", full_page=True)
        context.close()


def _hand_over(browser, demo, options, suffix):
    """Hand a device over, with a sign-in of its own: it ends with that."""
    context = browser.new_context(**options)
    page = context.new_page()
    page.goto(demo.therapist())
    page.get_by_role("link", name=HANDED_OVER[suffix]).click()
    page.get_by_role("link", name="Log a session").click()
    page.get_by_role("button", name="Log this session").click()
    page.get_by_text("What happens when you hand it over").click()
    page.screenshot(path=ALL / f"ask-device-{suffix}.png", full_page=True)
    page.clock.install()
    page.get_by_role("button", name="Hand over this device").click()
    page.get_by_text("For staff").click()
    page.screenshot(path=ALL / f"handed-over-{suffix}.png", full_page=True)
    page.get_by_role("button", name="Send my answers").click()
    page.get_by_text("Please hand the device back.").wait_for()
    page.screenshot(path=ALL / f"handed-over-thanks-{suffix}.png", full_page=True)
    page.clock.run_for(21_000)
    page.screenshot(path=ALL / f"handed-over-blank-{suffix}.png", full_page=True)
    context.close()


def _tablet(browser, demo, manager, options, suffix):
    """Pair a tablet, send a form to it, and answer that."""

    def shoot(page, name):
        page.screenshot(path=ALL / f"{name}-{suffix}.png", full_page=True)

    mara = browser.new_context(**options, storage_state=manager).new_page()
    mara.goto(demo.base)
    mara.get_by_role("link", name="People").first.click()
    mara.get_by_role("link", name="Tablets").click()
    mara.get_by_role("link", name="Add a tablet").click()
    shoot(mara, "tablet-add")
    mara.get_by_label("What is it called?").fill(f"Room {suffix}")
    mara.get_by_role("button", name="Show the code").click()
    shoot(mara, "tablet-code")
    tablet = browser.new_context(**options).new_page()
    tablet.goto(mara.get_by_label("Or open this address on it").input_value())
    shoot(tablet, "tablet-pair")
    tablet.get_by_role("button", name="Pair this device").click()
    tablet.get_by_text("There is nothing to fill in right now.").wait_for()
    shoot(tablet, "tablet-blank")
    theo = browser.new_context(**options).new_page()
    theo.goto(demo.therapist())
    theo.get_by_role("link", name="M-104").click()
    theo.get_by_role("link", name="Ask").last.click()
    theo.get_by_role("button", name=f"Send to Room {suffix}").click()
    shoot(theo, "tablet-sent")
    tablet.get_by_text("Close this form").click()
    shoot(tablet, "tablet-form")
    mara.get_by_role("link", name="Done").click()
    shoot(mara, "tablets")
    for page in (mara, tablet, theo):
        page.context.close()


def _visit_all(browser, links, signed_in, options, suffix):
    base = links["therapist"].split("/demo/")[0]

    def shoot(page, name, *, full=True):
        page.wait_for_load_state("networkidle")
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > options["viewport"]["width"]:
            print(f"{name}-{suffix} is {wide} px wide")
        page.screenshot(path=ALL / f"{name}-{suffix}.png", full_page=full)

    context = browser.new_context(**options)
    page = context.new_page()
    page.goto(links["client form"])
    shoot(page, "form-whole")
    shoot(page, "form", full=False)
    page.goto(links["arabic form"])
    shoot(page, "form-arabic")
    page.goto(f"{base}/sign-in/")
    shoot(page, "sign-in")
    page.goto(f"{base}/nowhere/")
    shoot(page, "nothing-here")
    context.close()

    context = browser.new_context(**options, storage_state=signed_in["therapist"])
    page = context.new_page()
    page.goto(f"{base}/caseload/")
    shoot(page, "caseload")
    codes = page.locator("table.caseload th a").all_inner_texts()
    for code in codes:
        page.goto(f"{base}/caseload/")
        page.get_by_role("link", name=code).click()
        shoot(page, f"therapist-{code}")
    page.goto(f"{base}/clients/add/")
    shoot(page, "add-client")
    page.get_by_role("button", name="Add this client").click()
    shoot(page, "add-client-error")
    page.goto(f"{base}/caseload/")
    page.get_by_role("link", name="R-450").click()
    page.get_by_role("link", name="Log a session").click()
    shoot(page, "log-session")
    page.goto(f"{base}/caseload/")
    page.get_by_role("link", name="M-104").click()
    page.get_by_role("link", name="Ask").last.click()  # Not the one whose form is shown.
    shoot(page, "ask")
    page.get_by_role("button", name="QR").click()
    shoot(page, "link")
    context.close()

    context = browser.new_context(**options, storage_state=signed_in["supervisor"])
    page = context.new_page()
    page.goto(f"{base}/caseload/supervised/")
    shoot(page, "supervised")
    for code in page.locator("table.caseload th a").all_inner_texts():
        if code in codes:
            continue
        page.goto(f"{base}/caseload/supervised/")
        page.get_by_role("link", name=code).click()
        shoot(page, f"supervisor-{code}")
    context.close()

    context = browser.new_context(**options, storage_state=signed_in["manager"])
    page = context.new_page()
    page.goto(base)
    shoot(page, "manager-home")
    page.get_by_role("link", name="What is marked").click()
    shoot(page, "manager-marks")
    context.close()


if __name__ == "__main__":
    main()
