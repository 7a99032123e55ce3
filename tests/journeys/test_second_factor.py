"""Setting up a second factor, and signing in by each, in a real browser with a passkey of its own.

The practice is not the demonstration: two processes serve it, and nothing is eased.
"""

import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import expect

from tests.conftest import PASSWORD
from tests.journeys.conftest import look_over
from tests.practice_server import running_practice

DUE = "Set up a second factor now"
STEP = 30  # seconds for which a code is good


@pytest.fixture(scope="module")
def practice(tmp_path_factory):
    with running_practice(
        tmp_path_factory.mktemp("var"), names=["theo", "olga", "mona"]
    ) as running:
        yield running


def give_authenticator(page):
    """Give the browser what keeps passkeys and knows its owner's finger; return how to tell it."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return lambda is_owner: cdp.send(
        "WebAuthn.setUserVerified", made | {"isUserVerified": is_owner}
    )


def give_password(page, practice, name):
    page.goto(f"{practice.base}/sign-in/")
    page.get_by_label("Email").fill(f"{name}@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def give_code(page, code):
    page.get_by_label("Code").fill(code)
    look_over(page)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page):
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


@pytest.mark.parametrize(
    ("name", "device", "theme"), [("theo", "phone", "light"), ("olga", "desk", "dark")]
)
def test_a_therapist_sets_up_an_app_and_a_passkey_and_signs_in_by_each(
    practice, open_page, name, device, theme
):
    page = open_page(device, theme)
    tell = give_authenticator(page)

    # The first sign-in opens everything, and says on every page what is due.
    page.goto(f"{practice.base}/")
    look_over(page)
    give_password(page, practice, name)
    expect(page.get_by_role("heading", level=1)).to_have_text("Your clients")
    expect(page.get_by_text(DUE)).to_be_visible()
    look_over(page)
    page.get_by_role("link", name="Set it up").click()
    expect(page.get_by_text("You have none yet.")).to_be_visible()
    look_over(page)

    # An app: the picture or the secret, and what it shows.
    page.get_by_role("link", name="Set up an app").click()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    look_over(page)
    secret = page.locator("code.secret").inner_text().strip()
    page.get_by_label("The six digits").fill("123")
    page.get_by_role("button", name="Set it up").click()
    expect(page.get_by_text("That did not work.")).to_be_visible()
    look_over(page)
    set_up_in = int(time.time()) // STEP
    page.get_by_label("The six digits").fill(format_hotp_value(hotp_value(secret, set_up_in)))
    page.get_by_role("button", name="Set it up").click()

    # The recovery codes are shown this once.
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    codes = page.locator("ol.codes code").all_inner_texts()
    assert len(codes) == 10
    look_over(page)
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("Authenticator app", exact=False).first).to_be_visible()
    assert DUE not in page.content()
    look_over(page)
    sign_out(page)

    # In by a recovery code.
    give_password(page, practice, name)
    expect(page.get_by_role("heading", level=1)).to_have_text("The second step")
    give_code(page, codes[0])
    expect(page.get_by_role("heading", level=1)).to_have_text("Your clients")

    # A passkey beside it.
    page.goto(f"{practice.base}/signing-in/")
    page.get_by_role("link", name="Add a passkey").click()
    look_over(page)
    page.get_by_label("Name").fill("My phone")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("The passkey is added.")).to_be_visible()
    expect(page.get_by_text("My phone").first).to_be_visible()
    expect(page.get_by_text("9 codes are left")).to_be_visible()
    look_over(page)
    sign_out(page)

    # In by the passkey alone: not by somebody else's finger, but by one's own.
    tell(False)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_have_text(
        "The passkey did not work. Try again, or choose another way."
    )
    look_over(page)
    tell(True)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your clients")
    look_over(page)
    sign_out(page)

    # In by the passkey as the second step.
    give_password(page, practice, name)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your clients")
    sign_out(page)

    # In by the app: not with the digits that set it up, but with the next ones.
    give_password(page, practice, name)
    time.sleep(max(0, (set_up_in + 1) * STEP - time.time()))
    give_code(page, format_hotp_value(hotp_value(secret, int(time.time()) // STEP)))
    expect(page.get_by_role("heading", level=1)).to_have_text("Your clients")

    # Before something that matters it is asked for once more; here it was just shown.
    page.goto(f"{practice.base}/confirm/?next=/signing-in/")
    look_over(page)
    page.get_by_role("link", name="Use a passkey instead").click()
    look_over(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Signing in")

    # One of the two may go, the last one stays.
    page.get_by_role("link", name="Remove My phone").click()
    look_over(page)
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_text("The passkey is removed.")).to_be_visible()
    expect(page.get_by_text("You need one at least.")).to_be_visible()
    assert page.get_by_role("link", name="Remove").count() == 0
    look_over(page)


def test_a_page_is_kept_while_somebody_is_there_and_goes_when_nobody_is(practice, open_page):
    page = open_page()
    page.clock.install()
    give_password(page, practice, "mona")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your clients")
    page.get_by_role("link", name="Add a client").click()
    expect(page.get_by_label("Code")).to_be_visible()
    page.wait_for_load_state()  # Its script counts from here.
    page.clock.fast_forward("02:00")
    with page.expect_request("**/signing-in/here/"):
        page.get_by_label("Code").fill("A-1")
        page.get_by_label("Code").press("End")
    page.clock.fast_forward("29:00")
    assert page.get_by_label("Code").input_value() == "A-1"
    with page.expect_navigation():
        page.clock.fast_forward("03:00")
    assert page.get_by_label("Code").input_value() == ""


def test_what_other_tabs_show_goes_when_somebody_signs_out(practice, open_page):
    page = open_page()
    give_password(page, practice, "mona")
    expect(page.get_by_role("button", name="Sign out", exact=True)).to_be_visible()
    other = page.context.new_page()
    other.goto(f"{practice.base}/signing-in/")
    expect(other.get_by_role("heading", level=1)).to_have_text("Signing in")
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(other.get_by_role("heading", level=1)).to_have_text("Sign in")
