"""A manager's year in ten minutes: somebody comes, takes over a caseload, and somebody goes."""

import re

import pytest
from playwright.sync_api import expect

from tests.conftest import PASSWORD
from tests.demo_server import running_demo
from tests.journeys.conftest import look_over, sign_in

LEAVERS = f"""
from sessions_app.access.models import User
for name in ("nadia", "olga", "sue"):
    user = User.objects.get(email=f"{{name}}@demo.example")
    user.set_password({PASSWORD!r})
    user.save()
"""


@pytest.fixture(scope="module")
def practice(tmp_path_factory):
    """The demonstration with a letter box of its own: what happens here is not undone."""
    var = tmp_path_factory.mktemp("var")
    with running_demo(var, EMAIL_URL="file:") as running:
        running.letters = var / "mail"
        running.shell(LEAVERS)
        yield running


def letter_to(practice, address):
    """Return the latest letter to an address."""
    texts = [path.read_text() for path in sorted(practice.letters.iterdir())]
    letters = [letter for text in texts for letter in text.split("-" * 79)]
    return next(letter for letter in reversed(letters) if f"To: {address}" in letter)


@pytest.mark.parametrize(
    ("device", "theme", "leaver", "newcomer"),
    [("phone", "light", "Nadia Rahal", "paul"), ("desk", "dark", "Olga Petrenko", "pia")],
)
def test_somebody_comes_takes_over_a_caseload_and_somebody_goes(
    practice, open_page, device, theme, leaver, newcomer
):
    email = f"{newcomer}@demo.example"

    # Mara opens the page with the people of her practice.
    mara = open_page(device, theme)
    mara.goto(practice.manager())
    look_over(mara)
    mara.get_by_role("navigation", name="Main").get_by_role("link", name="People").click()
    expect(mara.get_by_role("heading", name="Who works here")).to_be_visible()
    look_over(mara)

    # She invites a therapist; what is missing is said beside the field.
    mara.get_by_role("link", name="Invite somebody").click()
    mara.get_by_role("button", name="Send the invitation").click()
    expect(mara.get_by_text("Say what this person does here.")).to_be_visible()
    look_over(mara)
    mara.get_by_label("E-mail").fill(email)
    mara.get_by_label("Sees clients or supervises").check()
    mara.get_by_label("Sue Aldana").check()
    mara.get_by_role("button", name="Send the invitation").click()
    expect(mara.get_by_text("The link goes to this address by e-mail.")).to_be_visible()
    expect(mara.get_by_text("Letter sent on")).to_be_visible()
    look_over(mara)

    # The therapist follows the link, sets up an account, signs in, and lands on an empty list.
    link = re.search(r"http://\S+/join/\S+", letter_to(practice, email)).group()
    new = open_page(device, theme)
    new.goto(link)
    expect(new.get_by_role("heading", level=1)).to_contain_text("You are invited to")
    look_over(new)
    new.get_by_role("button", name="Set up my account").click()
    look_over(new)
    new.get_by_label("Your name").fill(newcomer.title())
    new.get_by_label("Choose a password").fill(PASSWORD)
    new.get_by_label("The same password once more").fill(PASSWORD)
    new.get_by_role("button", name="Set up my account").click()
    expect(new.get_by_text("Your account is set up.")).to_be_visible()
    sign_in(new, practice, newcomer)
    expect(new.get_by_role("heading", level=1)).to_have_text("Your clients")
    expect(new.get_by_text("Nobody is here yet.")).to_be_visible()
    look_over(new)

    # The link has been used up.
    assert open_page(device, theme).goto(link).status == 404

    # Somebody else is at work.
    gone = open_page(device, theme)
    sign_in(gone, practice, leaver.split()[0].lower())
    codes = gone.locator("table.caseload tbody th a").all_inner_texts()
    assert codes

    # They cannot leave while their clients are with them.
    mara.get_by_role("link", name=leaver).click()
    look_over(mara)
    mara.get_by_role("link", name="End this place").click()
    mara.get_by_role("button", name="End this place").click()
    expect(mara.get_by_text(re.compile("still with this person. Hand"))).to_be_visible()
    look_over(mara)

    # So Mara hands their caseload over to the newcomer.
    mara.get_by_role("link", name="Hand over clients").click()
    look_over(mara)
    for code in codes:
        expect(mara.get_by_label(code)).to_be_checked()
    mara.get_by_label("Who takes over?").select_option(label=newcomer.title())
    mara.get_by_role("button", name="Hand over").click()
    expect(mara.get_by_text(re.compile("handed over."))).to_be_visible()
    look_over(mara)

    # The newcomer sees them, and is not shown what was said before.
    new.reload()
    assert sorted(new.locator("table.caseload tbody th a").all_inner_texts()) == sorted(codes)
    new.get_by_role("link", name=codes[0]).click()
    expect(new.get_by_text("This client came from another therapist.")).to_be_visible()
    expect(new.locator("table.numbers tbody tr")).to_have_count(0)
    look_over(new)

    # With the client's consent they read it, and change nothing.
    new.get_by_role("link", name="May you read it?").click()
    look_over(new)
    new.get_by_role("button", name="My client agrees").click()
    look_over(new)
    new.get_by_role("link", name="Read what was said before").click()
    expect(new.get_by_text("Open to you because your client agreed")).to_be_visible()
    expect(new.get_by_role("link", name="Log a session")).to_have_count(0)
    look_over(new)

    # Mara ends the place, at once: whoever was at work is out at the next request.
    mara.get_by_role("link", name="End this place").click()
    mara.get_by_label("Sign this person out now").check()
    mara.get_by_role("button", name="End this place").click()
    expect(mara.get_by_text("Locked out since")).to_be_visible()
    look_over(mara)
    gone.reload()
    expect(gone.get_by_role("heading", level=1)).to_have_text("Sign in")
    sign_in(gone, practice, leaver.split()[0].lower())
    expect(gone.get_by_role("heading", level=1)).to_have_text("This account is closed")

    # All of it is written down, and names no client.
    mara.get_by_role("link", name="People").first.click()
    mara.get_by_role("link", name="Who did what").click()
    expect(mara.get_by_text("ended somebody’s place").first).to_be_visible()
    assert not any(code in mara.content() for code in codes)
    look_over(mara)


@pytest.mark.parametrize(("device", "theme"), [("phone", "dark"), ("desk", "light")])
def test_a_record_is_opened_in_an_emergency_and_everybody_who_must_know_does(
    practice, open_page, device, theme
):
    mara = open_page(device, theme)
    mara.goto(practice.manager())
    mara.get_by_role("navigation", name="Main").get_by_role("link", name="People").click()
    mara.get_by_role("link", name="Emergencies").click()
    look_over(mara)
    if mara.get_by_text("appointed on").count() == 0:
        mara.get_by_label("Who may do this?").select_option(label="Sue Aldana")
        mara.get_by_role("button", name="Appoint").click()
        expect(mara.get_by_text("appointed on")).to_be_visible()
    look_over(mara)

    # Sue opens the record of a client whom she neither sees nor supervises.
    code = {"phone": "M-104", "desk": "K-231"}[device]
    sue = open_page(device, theme)
    sign_in(sue, practice, "sue")
    sue.goto(f"{practice.base}/emergencies/")
    look_over(sue)
    sue.get_by_role("button", name="Open this record").click()
    look_over(sue)
    sue.get_by_label("The client’s code").fill(code)
    sue.get_by_label("Why?").fill("The therapist is ill and the client has called.")
    sue.get_by_role("button", name="Open this record").click()
    expect(sue.get_by_role("heading", level=1)).to_have_text(code)
    look_over(sue)

    # Managers and therapist are told by letter, and on their pages.
    letter = letter_to(practice, "mara@demo.example")
    assert code not in letter
    mara.goto(re.search(r"http://\S+/emergencies/", letter).group())
    expect(mara.get_by_text(f"Sue Aldana opened {code}")).to_be_visible()
    look_over(mara)
    theo = open_page(device, theme)
    theo.goto(practice.links["therapist"] if device == "phone" else practice.base)
    if device == "phone":
        theo.get_by_role("link", name="See by whom, and why").click()
        expect(theo.get_by_text(f"Sue Aldana opened {code}")).to_be_visible()
        look_over(theo)
        theo.get_by_role("button", name="End now").first.click()
        expect(theo.get_by_text("The record is closed again.")).to_be_visible()
        theo.goto(f"{practice.base}/trail/")
        opened = f"opened a record in an emergency: {code}"
        expect(theo.get_by_text(opened).first).to_be_visible()
        expect(theo.get_by_text("ended an emergency")).to_have_count(0)  # They did it themselves.
        look_over(theo)
    else:
        mara.get_by_role("button", name="End now").first.click()
        expect(mara.get_by_text("The record is closed again.")).to_be_visible()


def test_reception_asks_and_sees_that_it_has_come(practice, open_page):
    rita = open_page("phone")
    rita.goto(
        practice.base
        + practice.shell(
            "from alliance.demo import stories\n"
            "from alliance.demo.actions import demo_user\n"
            "from alliance.demo.tokens import sign_in_path\n"
            "print(sign_in_path(demo_user(stories.RECEPTION)))"
        )
    )
    look_over(rita)
    rita.get_by_role("navigation", name="Main").get_by_role("link", name="Reception").click()
    look_over(rita)
    rita.get_by_role("button", name="Ask").first.click()
    address = rita.get_by_label("Or give them this link").input_value()
    look_over(rita)
    client = open_page("phone")
    client.goto(address)
    client.get_by_role("button", name="Send my answers").click()
    expect(client.get_by_role("heading", level=1)).to_have_text("Thank you")
    before = rita.get_by_text("The rating has arrived.").count()
    rita.get_by_role("link", name="Done").click()
    expect(rita.get_by_text("The rating has arrived.").first).to_be_visible()
    assert rita.get_by_text("The rating has arrived.").count() > before
    look_over(rita)
