"""The client's form: whatever is sent, a clear answer and never a fault of ours."""

import re
from io import BytesIO

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alliance.measures.models import MeasureVersion
from alliance.ratings.models import Comment, Rating
from sessions_app.clients.models import ClientIdentity
from sessions_app.sessions.actions import correct_session
from tests.conftest import ITEMS, ask, hold

SENT = {"sent": "1"}
GOOD = dict.fromkeys(ITEMS, "7") | SENT


@pytest.fixture
def address(cast):
    _asked, secret = ask(hold(cast.cleo))
    return reverse("rate", args=[secret])


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"say": "11"}, "choose one of the marks"),
        ({"say": "-1"}, "choose one of the marks"),
        ({"say": "7.5"}, "choose one of the marks"),
        ({"say": "NaN"}, "choose one of the marks"),
        ({"say": "٧"}, "choose one of the marks"),
        ({"say": "seven"}, "choose one of the marks"),
        ({"say": "7\0"}, "choose one of the marks"),
        ({"comment": "a\0b"}, "cannot be stored"),
        ({"comment": "x" * 2001}, "shorten it to 2000 characters"),
        ({"comment": "x" * 1_000_000}, "shorten it to 2000 characters"),
        ({"total": "10"}, "did not ask"),
        ({"trust": "10"}, "did not ask"),
        ({"session": "1"}, "did not ask"),
        ({"say": ["3", "9"]}, "did not ask"),
        ({"comment": ["one", "two"]}, "did not ask"),
        ({"comment": BytesIO(b"a file")}, "did not ask"),
        ({"sent": ""}, "did not arrive"),
    ],
)
def test_bad_input_is_told_in_plain_words_and_what_was_marked_stays(address, client, sent, said):
    answer = client.post(address, GOOD | sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in page
    assert "There is a problem" in page
    assert 'name="matter"' in page
    assert page.count(" checked") >= 5, "the other marks are still there"
    assert not Rating.objects.exists()


def test_what_was_typed_stays_and_is_never_markup(address, client):
    typed = "</textarea><script>alert(1)</script>"
    page = client.post(address, GOOD | {"say": "99", "comment": typed}).content.decode()
    assert "<script>alert" not in page
    assert "&lt;/textarea&gt;&lt;script&gt;" in page


def test_more_than_anyone_types_is_refused_whole(address, client):
    assert client.post(address, {"comment": "x" * 3_000_000}).status_code == 400
    assert client.post(address, {f"key{number}": "" for number in range(300)}).status_code == 400


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b'{"say": NaN}', "application/json"),
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
        (b"say=%ED%A0%80", "application/x-www-form-urlencoded"),
        (b"comment=%ED%A0%80&say=7", "application/x-www-form-urlencoded; charset=latin-1"),
        (b"say=7&say=8&say=", "application/x-www-form-urlencoded"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"broken", "multipart/form-data"),
        (b"<say>7</say>", "text/xml"),
        (b"say=7", "application/x-www-form-urlencoded; charset=none-such"),
    ],
)
def test_odd_bodies_never_break_the_form_and_never_pass_for_a_blank_sheet(address, body, kind):
    client = Client(raise_request_exception=False)
    answer = client.generic("POST", address, body, content_type=kind)
    assert answer.status_code in {400, 422}
    assert not Rating.objects.exists()


keys = st.one_of(st.sampled_from([*ITEMS, "comment"]), st.text(max_size=8))
values = st.one_of(
    st.sampled_from(["", "0", "10", "7", "1e1", "07", " 7", "+7", "inf", "\0", "\ud800"]),
    st.text(max_size=40),
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.dictionaries(keys, values, max_size=8))
def test_whatever_is_sent_is_stored_rightly_or_refused_clearly(cast, told):
    told = {key: value.encode("utf-8", "replace").decode() for key, value in told.items()}
    Comment.objects.all().delete()
    Rating.objects.all().delete()
    session = cast.cleo.sessions.first() or hold(cast.cleo)
    asked, secret = ask(session)
    client = Client(raise_request_exception=False)
    answer = client.post(reverse("rate", args=[secret]), told | SENT)
    rating = Rating.objects.filter(request=asked).first()
    assert answer.status_code == (302 if rating else 422)
    if rating:
        assert set(told) <= {*ITEMS, "comment"}
        for key in ITEMS:
            mark = rating.answers[key]
            assert mark is None if not told.get(key) else f"{mark:g}" == told[key]
        Comment.objects.all().delete()
        rating.delete()
        asked.delete()


def test_a_blank_sheet_is_stored_as_nothing_said(address, client):
    assert client.post(address, SENT).status_code == 302
    rating = Rating.objects.get()
    assert rating.answers == dict.fromkeys(ITEMS)
    assert (rating.trust, rating.goals, rating.collaboration, rating.total) == (None,) * 4


def test_nothing_is_marked_before_the_client_marks_it(address, client):
    statements, _who_may_read = client.get(address).content.decode().split("Who may read")
    assert " checked" not in statements


def test_sent_twice_one_is_stored_and_both_are_thanked(address, client):
    for mark in ("3", "9"):
        answer = client.post(address, GOOD | {"say": mark}, follow=True)
        assert "Thank you" in answer.content.decode()
    assert Rating.objects.get().answers["say"] == 3


def test_thanks_tell_no_score_and_show_no_answer(address, client):
    page = client.post(
        address, GOOD | dict.fromkeys(ITEMS, "9") | {"comment": "Grmpf."}, follow=True
    ).content.decode()
    assert "Grmpf" not in page
    assert "9" not in page.split("<main>")[1].split("</main>")[0]


def test_looking_changes_nothing(address, client):
    for _time in range(50):
        assert client.get(address).status_code == 200
        assert client.head(address).status_code == 200
    for method in ("options", "put", "patch", "delete"):
        assert getattr(client, method)(address).status_code == 405
    assert client.post(address, GOOD).status_code == 302


def test_the_form_says_truly_who_will_read_it(cast, client):
    def told(episode):
        _asked, secret = ask(hold(episode))
        return client.get(reverse("rate", args=[secret])).content.decode()

    assert "Read by your therapist and their supervisor." in told(cast.cleo)
    assert "A supervisor helps your therapist to work well" in told(cast.cleo)
    assert "Read by your therapist, and nobody else today." in told(cast.dora)
    assert "If a supervisor helps your therapist later" in told(cast.dora)


def test_a_form_for_a_session_that_turns_out_missed_is_not_shown(cast, client):
    session = hold(cast.cleo)
    _asked, secret = ask(session)
    correct_session(session=session, by=cast.theo, status="missed")
    assert client.get(reverse("rate", args=[secret])).status_code == 404
    assert client.post(reverse("rate", args=[secret]), GOOD).status_code == 404


def test_the_therapists_own_form_opens_for_that_therapist_alone(cast, client):
    _asked, secret = ask(hold(cast.cleo), "therapist")
    address = reverse("rate", args=[secret])
    assert client.get(address).status_code == 404
    client.force_login(cast.sue)
    assert client.post(address, GOOD).status_code == 404
    client.force_login(cast.theo)
    assert client.get(address).status_code == 200
    assert client.post(address, GOOD).status_code == 302
    assert Rating.objects.get().entered_by == cast.theo


def test_a_therapist_who_has_left_cannot_send_the_own_form_any_more(cast, client):
    _asked, secret = ask(hold(cast.cleo), "therapist")
    client.force_login(cast.theo)
    theo = cast.members["theo"]
    theo.ended_on = theo.started_on
    theo.save()
    assert client.post(reverse("rate", args=[secret]), GOOD).status_code == 404
    assert not Rating.objects.exists()


def test_reloading_the_page_with_the_code_leaves_the_link_as_it_is(cast, client):
    session = hold(cast.cleo)
    client.force_login(cast.theo)
    page = reverse("rating-ask", args=[session.pk])
    shown = client.post(page, {"channel": "link", "replaces": ""}).content.decode()
    address = re.search(r'value="http://testserver(/r/\S+)"', shown).group(1)
    again = client.post(page, {"channel": "link", "replaces": ""})
    assert again.headers["Location"] == page
    assert client.get(address).status_code == 200
    replaces = re.search(r'name="replaces"\s+value="([^"]+)"', client.get(page).content.decode())
    client.post(page, {"channel": "link", "replaces": replaces.group(1)})
    assert client.get(address).status_code == 404


def test_no_page_of_the_client_says_a_word_that_is_ours(address, client):
    for page in (client.get(address), client.post(address, GOOD, follow=True)):
        text = page.content.decode().lower()
        assert not [word for word in ("alliance", "rupture", "score", "health") if word in text]


def test_each_client_is_asked_in_the_language_of_their_own(cast, client):
    ClientIdentity.objects.filter(client=cast.cleo.client).update(language="ar")
    asked, secret = ask(hold(cast.cleo))
    assert asked.measure_version == MeasureVersion.objects.get(
        measure__key="session", language="ar"
    )
    page = client.get(reverse("rate", args=[secret])).content.decode()
    assert '<html lang="ar"' in page
    assert 'dir="rtl"' in page
