"""Whatever somebody types is shown as they typed it, and never does anything.

Every text field is filled with what would run if a page let it; then every page
that can be reached from the pages of staff, and the client's own, is opened.
"""

import json
import re
from collections import Counter
from urllib.parse import quote, urljoin, urlsplit

import pytest
from playwright.sync_api import Error as PlaywrightError

from tests.demo_server import running_demo
from tests.journeys.payloads import LONG, codes

CLEAN = """() => ({
  ran: window.ran ?? null,
  odd: [...document.querySelectorAll("[id^=odd]")].map((found) => found.outerHTML.slice(0, 99)),
  foreign: [...document.querySelectorAll("[src], [href], [action]")]
    .flatMap((found) => ["src", "href", "action"].map((name) => found.getAttribute(name) || ""))
    .filter((told) => /javascript:|evil|e\\.ex/i.test(decodeURIComponent(told))),
  handlers: [...document.querySelectorAll("*")].filter((found) =>
    [...found.attributes].some((told) => told.name.startsWith("on"))).length,
  violations: window.violations,
})"""
FEW = 3
NOTHING = {"ran": None, "odd": [], "foreign": [], "handlers": 0, "violations": []}
SHOWN = """() => [document.body.innerText, ...[...document.querySelectorAll(
  "input, textarea, option")].map((found) => found.value + " " + found.textContent)].join(" ")"""
SENT_ANEW = """(values) => {
  const form = document.querySelector("main form");
  let number = 0;
  const fixed = ["hidden", "radio", "checkbox", "submit"];
  for (const field of form.querySelectorAll("input, textarea")) {
    if (fixed.includes(field.type)) continue;
    field.type = "text";
    field.removeAttribute("maxlength");
    field.value = values[number++ % values.length];
  }
  form.noValidate = true;
  HTMLFormElement.prototype.submit.call(form);
}"""
SET_UP = """
import json
from alliance.demo import stories
from alliance.demo.actions import demo_user
from alliance.demo.tokens import sign_in_path
from sessions_app.access.actions import appoint_deputy
from sessions_app.access.models import Practice
from sessions_app.places.actions import invite
from tests.passkeys import give_passkey
payloads = json.loads({payloads!r})
people = (stories.THEO, stories.SUPERVISOR, stories.MANAGER, stories.RECEPTION)
users = [demo_user(person) for person in people]
practice = Practice.objects.get(name=stories.PRACTICE)
practice.name, practice.crisis_note = payloads[0], " ".join(payloads)[:600]
practice.save()
appoint_deputy(member=practice.memberships.get(user=users[0]), by=None)
for payload in payloads:
    give_passkey(users[0], payload[:60])
joins = [
    invite(practice=practice, email=f"odd{{number}}@example.org", is_clinician=True, by=None)[1]
    for number in range(len(payloads))
]
names = ("theo", "sue", "mara", "rita")
print(json.dumps({{"joins": joins, "sign_in": dict(zip(names, map(sign_in_path, users)))}}))
"""


@pytest.fixture(scope="module")
def practice(tmp_path_factory):
    """The demonstration, with odd names of practice and passkeys, and invitations to come."""
    with running_demo(tmp_path_factory.mktemp("var")) as running:
        running.told = json.loads(running.shell(SET_UP.format(payloads=json.dumps(LONG))))
        yield running


class Visitor:
    """Somebody at a browser, who fills in forms, looks at pages, and notices what happens."""

    def __init__(self, page, base):
        self.page, self.base = page, base
        self.dialogs, self.seen, self.visited = [], [], set()
        page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))

    def send(self, path, **values):
        """Send the form at `path`, with its token and whatever is chosen already."""
        html = self.page.request.get(self.base + path).text()
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', html)
        form = {"csrfmiddlewaretoken": token.group(1) if token else "", **values}
        return self.page.request.post(
            self.base + path,
            form=form,
            headers={"Referer": self.base + path, "Origin": self.base},
            max_redirects=0,
        )

    def look(self, path=None):
        """Open a page, or look at the one that is open: nothing of what was typed may work.

        False where it was no page but a file to keep, which no browser runs.
        """
        if path is not None:
            try:
                self.page.goto(urljoin(self.base, path))
            except PlaywrightError as stopped:
                if "Download is starting" not in stopped.message:
                    raise
                return False
        self.page.wait_for_load_state()
        assert self.page.evaluate(CLEAN) == NOTHING, self.page.url
        assert self.dialogs == [], self.page.url
        missing = "Failed to load resource: the server responded with a status of 404"
        assert [said for said in self.page.wrong if not said.startswith(missing)] == []
        self.seen.append(self.page.evaluate(SHOWN))
        return True

    def wander(self, start, *, all_of=()):
        """Look at every kind of page that can be reached from `start` by links.

        A few of each kind; of the kinds in `all_of`, each page.
        """
        waiting, kinds = [start], Counter()
        while waiting:
            path = waiting.pop(0)
            kind = re.sub(r"/[\da-f-]{36}/|/\d+/", "/*/", path)
            if path in self.visited or (kinds[kind] >= FEW and kind not in all_of):
                continue
            self.visited.add(path)
            kinds[kind] += 1
            if not self.look(path):
                continue
            links = self.page.eval_on_selector_all("a[href]", "found => found.map(a => a.href)")
            for link in links:
                parts = urlsplit(link)
                if link.startswith(self.base):
                    waiting.append(parts.path + (f"?{parts.query}" if parts.query else ""))

    def was_shown(self, text):
        return " ".join(text.split()) in " ".join(" ".join(self.seen).split())


def test_whatever_is_typed_anywhere_is_shown_everywhere_and_does_nothing(practice, open_page):
    told = practice.told

    def visitor(name=None):
        page = open_page()
        if name:
            page.goto(practice.base + told["sign_in"][name])
        return Visitor(page, practice.base)

    theo, sue, mara, rita = (visitor(name) for name in ("theo", "sue", "mara", "rita"))

    # Odd people join; Mara lets Sue supervise some of them.
    for secret, payload in zip(told["joins"], LONG, strict=True):
        password = {"password1": "correct horse battery", "password2": "correct horse battery"}
        sent = visitor_without_place(theo, open_page).send(
            f"/join/{secret}/", name=payload[:120], **password
        )
        assert sent.status == 302

    # Theo adds clients, logs their sessions with a note, and asks; the clients comment.
    choices = theo.page.request.get(f"{practice.base}/clients/add/").text()
    place = re.search(r'name="therapist" value="(\d+)"', choices).group(1)
    forms, clients = [], zip(codes(), LONG, strict=True)
    for code, payload in clients:
        sent = theo.send(
            "/clients/add/",
            therapist=place,
            code=code,
            modality="individual",
            language="en",
            name=payload[:120],
        )
        assert sent.status == 302, code
        episode = sent.headers["location"]
        page = theo.page.request.get(f"{practice.base}{episode}log/").text()
        began = re.search(r'name="starts_at" value="([^"]+)"', page).group(1)
        sent = theo.send(
            f"{episode}log/",
            happened="held",
            starts_at=began,
            minutes="50",
            setting="in_person",
            note=payload,
        )
        asked = theo.send(sent.headers["location"], channel="link", replaces="").text()
        form = re.search(r"/r/[\w-]{43}/", asked).group()
        forms.append(form)
        marks = dict.fromkeys(("say", "matter", "change", "aim", "suits", "voice"), "7")
        sent = theo.page.request.post(
            practice.base + form, form={"sent": "1", "comment": payload, **marks}, max_redirects=0
        )
        assert sent.status == 302

    # In emergencies he opens records, each for a reason.
    for code, payload in zip(codes(), LONG, strict=True):
        sent = theo.send("/emergencies/", member=place, code=code, reason=f"{payload} it is so")
        assert sent.status == 302, code

    # Everybody looks at everything.
    theo.wander("/", all_of={"/episodes/*/", "/sessions/*/"})
    theo.wander("/emergencies/")
    theo.wander("/signing-in/")
    sue.wander("/caseload/supervised/")
    mara.wander("/")
    rita.wander("/reception/")
    client = visitor()
    for form in forms[:3]:
        client.look(form)
    client.look(urlsplit(practice.links["client form"]).path)
    for payload in LONG[::3]:
        client.look(f"/{quote(payload, safe='')}")
        client.look(f"/sign-in/?next={quote(payload, safe='')}")

    # What cannot be stored is shown again beside why not.
    for who, path in (
        (theo, "/clients/add/"),
        (theo, "/emergencies/"),
        (client, "/sign-in/"),
        (client, "/password/reset/"),
    ):
        for start in range(0, len(LONG), 6):
            who.page.goto(practice.base + path)
            with who.page.expect_navigation():
                who.page.evaluate(SENT_ANEW, LONG[start : start + 6])
            who.look()

    assert len(theo.visited) > 2 * len(LONG)
    for code, payload in zip(codes(), LONG, strict=True):
        assert theo.was_shown(code)
        assert theo.was_shown(payload), payload
        assert theo.was_shown(payload[:60])
        assert mara.was_shown(payload[:120])
    assert rita.was_shown(codes()[0])
    assert client.was_shown(LONG[0])


def visitor_without_place(known, open_page):
    """Return somebody who has never been here: with no cookie of anybody's."""
    return Visitor(open_page(), known.base)
