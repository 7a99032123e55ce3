"""A practice's own questionnaires: nobody is asked one without a licence that holds."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from alliance.asking.actions import request_rating, submit_rating
from alliance.asking.entering_forms import SheetForm, SpokenForm
from alliance.asking.forms import RatingForm
from alliance.asking.models import AskingRules
from alliance.asking.standing_forms import ChoosePinForm, PinForm
from alliance.measures.actions import activate, change_draft, load_instruments, stop
from alliance.measures.files import TAKEN, read_measure
from alliance.measures.licences import Licence
from alliance.measures.models import Item, Measure, MeasureVersion
from alliance.measures.stored import as_read
from alliance.measures.values import InstrumentError
from alliance.trends.exports import write_csv, write_series
from sessions_app.access.actions import join_practice
from sessions_app.access.models import AuditEvent, today
from tests.alliance.own_measures import PLANTED, TOML, add, add_active, license_it
from tests.conftest import confirm, give_app, hold

DAY = timedelta(days=1)
PAGES_OF_FORMS = ("rate", "thanks", "standing_pin", "sheet_bar", "sheet_enter", "by_hand")
PAGES_OF_FORMS += ("entered_words", "aloud")


@pytest.fixture
def draft(cast):
    return add(cast.practice, by=cast.mara)


@pytest.fixture
def mara(cast):
    browser = Client()
    browser.force_login(cast.mara)
    return browser


def let_licence_end(version):
    """Set its licences back, so that they ended yesterday."""
    version.licences.update(
        attested_on=timezone.localdate() - 30 * DAY, valid_until=timezone.localdate() - DAY
    )


def asked(cast, episode=None):
    """Return the wording that a client of a practice with these rules is asked now."""
    session = hold(episode or cast.cleo)
    by = session.episode.therapist.user
    return request_rating(session=session, respondent="client", channel="link", by=by)[0]


def choose(practice, measure):
    AskingRules.objects.update_or_create(practice=practice, defaults={"measure": measure})


# --- Whose they are ---


def test_ours_belong_to_everybody_and_a_practices_own_to_nobody_else(cast, draft):
    theirs = Measure.objects.for_practice(cast.practice)
    assert draft.measure in theirs
    assert draft.measure not in Measure.objects.for_practice(cast.elsewhere)
    assert draft not in MeasureVersion.objects.for_practice(cast.elsewhere)
    assert Measure.objects.for_practice(cast.elsewhere).filter(key="session").exists()


def test_two_practices_may_have_one_of_the_same_key(cast, draft):
    other = add(cast.elsewhere, by=cast.mara)
    assert other.measure != draft.measure


def test_a_key_of_ours_is_refused(cast):
    with pytest.raises(ValidationError, match="one of ours"):
        add(cast.practice, by=cast.mara, text=TOML.replace('"teapots"', '"session"'))


@pytest.mark.parametrize("key", ["sent", "comment", "deed", "line", "version", "besides-warm"])
def test_a_statement_cannot_be_called_like_a_field_of_the_form(cast, key):
    with pytest.raises(InstrumentError, match=f"can have the key {key}"):
        add(cast.practice, by=cast.mara, text=TOML.replace('key = "warm"', f'key = "{key}"'))
    assert not Measure.objects.filter(practice=cast.practice).exists()


def test_whatever_the_forms_for_statements_send_besides_is_refused_as_a_key():
    sent = {*RatingForm.base_fields, *SheetForm.base_fields, *SpokenForm.base_fields}
    sent |= {*PinForm.base_fields, *ChoosePinForm.base_fields}
    for page in PAGES_OF_FORMS:
        text = (settings.BASE_DIR / "templates" / "asking" / f"{page}.html").read_text()
        sent |= set(re.findall(r'\bname="(\w+)"', text))
    assert {"line", "version", "filled_in_on", "pin", "submission"} <= sent
    assert sent <= TAKEN


def test_the_same_version_twice_is_refused_and_another_number_is_taken(cast, draft):
    with pytest.raises(ValidationError, match="is here already"):
        add(cast.practice, by=cast.mara)
    second = add(cast.practice, by=cast.mara, text=TOML.replace("version = 1", "version = 2"))
    assert second.measure == draft.measure


def test_one_measure_is_asked_of_one_side_only(cast, draft):
    text = TOML.replace('"client"', '"therapist"').replace("version = 1", "version = 2")
    with pytest.raises(ValidationError, match="asked of somebody else"):
        add(cast.practice, by=cast.mara, text=text)


def test_what_is_asked_beside_the_sessions_cannot_be_added(cast):
    text = 'purpose = "qualities"\n' + TOML
    for part in ("trust", "goals", "collaboration"):
        text = text.replace(f'component = "{part}"\n', "")
    with pytest.raises(ValidationError, match="asked of each session"):
        add(cast.practice, by=cast.mara, text=text)


def test_a_practice_is_offered_what_its_clients_can_be_asked_today_and_nothing_else(cast):
    draft = add(cast.practice, by=cast.mara)

    def offered(practice):
        return set(Measure.objects.offered_to(practice).values_list("key", flat=True))

    ours = offered(cast.elsewhere)
    assert {"session", "session-short"} <= ours
    assert not {"teapots", "session-therapist", "qualities"} & ours
    assert offered(cast.practice) == ours
    license_it(draft, by=cast.mara)
    activate(version=draft, by=cast.mara)
    assert offered(cast.practice) == ours | {"teapots"}
    assert offered(cast.elsewhere) == ours
    let_licence_end(draft)
    assert offered(cast.practice) == ours


def test_what_is_stored_reads_as_what_was_sent(draft):
    assert as_read(draft) == read_measure(TOML, "teapots.toml")


def test_loading_ours_again_leaves_a_practices_own_alone(cast, draft):
    assert load_instruments() == []
    draft.refresh_from_db()
    assert draft.state == "draft"
    ours = MeasureVersion.objects.filter(measure__practice=None)
    assert set(ours.values_list("state", flat=True)) == {"active"}


# --- A licence, and what it opens ---


def test_a_draft_is_not_activated_without_a_licence(cast, draft):
    with pytest.raises(ValidationError, match="without a licence"):
        activate(version=draft, by=cast.mara)
    license_it(draft, by=cast.mara)
    activate(version=draft, by=cast.mara)
    draft.refresh_from_db()
    assert draft.state == "active"


def test_a_licence_that_is_over_activates_nothing(cast, draft):
    license_it(draft, by=cast.mara)
    let_licence_end(draft)
    with pytest.raises(ValidationError, match="without a licence"):
        activate(version=draft, by=cast.mara)


def test_a_licence_that_is_over_is_not_attested(cast, draft):
    with pytest.raises(ValidationError) as refusal:
        license_it(draft, by=cast.mara, days=-1)
    assert "valid_until" in refusal.value.message_dict
    assert not Licence.objects.exists()


@pytest.mark.parametrize("missing", ["holder", "number", "kind"])
def test_a_licence_says_whose_it_is_and_which(cast, draft, missing):
    with pytest.raises(ValidationError) as refusal:
        license_it(draft, by=cast.mara, **{missing: ""})
    assert missing in refusal.value.message_dict


def test_a_licence_keeps_who_attested_it_and_when_and_the_trail_says_so(cast, draft):
    licence = license_it(draft, by=cast.mara)
    assert (licence.attested_by, licence.attested_on) == (cast.mara, today())
    event = AuditEvent.objects.latest("pk")
    assert (event.verb, event.practice) == ("licence.attested", cast.practice)


def test_one_of_ours_is_neither_activated_nor_stopped_by_a_practice(cast):
    ours = MeasureVersion.objects.get(measure__key="session", language="en")
    stop(version=ours, by=cast.mara)
    ours.refresh_from_db()
    assert ours.state == "active"
    with pytest.raises(ValidationError):
        activate(version=ours, by=cast.mara)


def test_activating_a_newer_wording_stops_the_older_of_the_same_language(cast):
    first = add_active(cast.practice, by=cast.mara)
    other = add_active(cast.practice, by=cast.mara, text=TOML.replace('"en"', '"ar"'))
    second = add_active(
        cast.practice, by=cast.mara, text=TOML.replace("version = 1", "version = 2")
    )
    for version, state in ((first, "retired"), (other, "active"), (second, "active")):
        version.refresh_from_db()
        assert version.state == state


def test_stopping_and_activating_once_more_are_each_written_down_once(cast):
    version = add_active(cast.practice, by=cast.mara)
    for _time in range(2):
        stop(version=version, by=cast.mara)
    for _time in range(2):
        activate(version=version, by=cast.mara)
    verbs = AuditEvent.objects.filter(target_model="alliance.MeasureVersion")
    assert list(verbs.order_by("pk").values_list("verb", flat=True)) == [
        "measure.added",
        "measure.activated",
        "measure.stopped",
        "measure.activated",
    ]


# --- What is asked ---


def test_what_a_practice_chose_is_asked_while_it_is_active_and_licensed(cast):
    version = add_active(cast.practice, by=cast.mara)
    choose(cast.practice, version.measure)
    assert asked(cast).measure_version == version


@pytest.mark.parametrize("what", ["a draft", "stopped", "over"])
def test_instead_of_what_may_not_be_asked_our_own_statements_are(cast, what):
    version = add(cast.practice, by=cast.mara)
    if what != "a draft":
        license_it(version, by=cast.mara)
        activate(version=version, by=cast.mara)
    if what == "stopped":
        stop(version=version, by=cast.mara)
    if what == "over":
        let_licence_end(version)
    choose(cast.practice, version.measure)
    assert asked(cast).measure_version.measure.key == "session"


def test_it_is_asked_again_once_the_licence_is_renewed(cast):
    version = add_active(cast.practice, by=cast.mara)
    choose(cast.practice, version.measure)
    let_licence_end(version)
    license_it(version, by=cast.mara, number="T-2")
    assert asked(cast).measure_version == version


def test_a_licence_holds_on_its_last_day_and_no_longer(cast):
    version = add_active(cast.practice, by=cast.mara)
    last = version.licences.get().valid_until
    versions = MeasureVersion.objects.filter(pk=version.pk)
    assert versions.licensed(on=last).exists()
    assert not versions.licensed(on=last + DAY).exists()
    assert not versions.licensed(on=today() - DAY).exists()


def test_another_practice_is_never_asked_it_even_if_it_were_chosen_there(cast):
    version = add_active(cast.practice, by=cast.mara)
    choose(cast.elsewhere, version.measure)
    assert asked(cast, cast.emil).measure_version.measure.key == "session"


def test_in_the_clients_language_first_then_in_english_then_ours_in_theirs(cast):
    english = add_active(cast.practice, by=cast.mara)
    told = {"key": "teapots", "practice": cast.practice}
    to_ask = MeasureVersion.objects.to_ask
    assert to_ask(language="ar", **told) == english
    arabic = add_active(cast.practice, by=cast.mara, text=TOML.replace('"en"', '"ar"'))
    assert to_ask(language="ar", **told) == arabic
    assert to_ask(language="en", **told) == english
    stop(version=english, by=cast.mara)
    stop(version=arabic, by=cast.mara)
    ours = to_ask(language="ar", **told)
    assert (ours.measure.key, ours.language) == ("session", "ar")


def test_without_any_questionnaire_of_ours_nothing_is_made_up(db):
    with pytest.raises(MeasureVersion.DoesNotExist):
        MeasureVersion.objects.to_ask(key="session", language="en")


def test_a_form_that_is_open_closes_with_the_licence(cast, client):
    version = add_active(cast.practice, by=cast.mara)
    choose(cast.practice, version.measure)
    session = hold(cast.cleo)
    request, secret = request_rating(
        session=session, respondent="client", channel="link", by=cast.theo
    )
    license_it(version, by=cast.mara, notice="© Pottery Ltd")
    page = client.get(reverse("rate", args=[secret])).content.decode()
    assert PLANTED in page
    assert "© Pottery Ltd" in page
    version.licences.update(attested_on=today() - 30 * DAY, valid_until=today() - 2 * DAY)
    assert not request.is_open()
    answer = client.get(reverse("rate", args=[secret]))
    assert answer.status_code == 404
    assert PLANTED not in answer.content.decode()


def test_the_holders_notice_is_that_of_the_licence_that_holds(cast):
    version = add_active(cast.practice, by=cast.mara)
    license_it(version, by=cast.mara, notice="© Pottery Ltd")
    assert version.notice() == "© Pottery Ltd"
    let_licence_end(version)
    assert version.notice() == ""
    ours = MeasureVersion.objects.get(measure__key="session", language="en")
    assert ours.notice() == ""


# --- Drafts may be edited, rated wordings never ---


def test_a_draft_takes_other_words_and_keeps_its_statements(cast, draft):
    before = set(draft.items.values_list("pk", flat=True))
    text = TOML.replace("warm.", "lukewarm.").replace("maximum = 5", "maximum = 7")
    change_draft(version=draft, read=read_measure(text, "x"), by=cast.mara)
    draft.refresh_from_db()
    assert (draft.maximum, draft.items.get(key="warm").text) == (7, f"{PLANTED}: lukewarm.")
    assert set(draft.items.values_list("pk", flat=True)) == before


@pytest.mark.parametrize("state", ["active", "retired"])
def test_what_has_been_active_is_no_draft_any_more(cast, state):
    version = add_active(cast.practice, by=cast.mara)
    if state == "retired":
        stop(version=version, by=cast.mara)
    text = TOML.replace("warm.", "lukewarm.")
    with pytest.raises(ValidationError, match="no draft any more"):
        change_draft(version=version, read=read_measure(text, "x"), by=cast.mara)
    assert not Item.objects.filter(text__contains="lukewarm").exists()


def test_a_wording_that_was_rated_can_still_be_stopped_and_activated(cast):
    version = add_active(cast.practice, by=cast.mara)
    choose(cast.practice, version.measure)
    submit_rating(request=asked(cast), answers={"warm": 5, "full": 3, "chipped": 1, "overall": 4})
    stop(version=version, by=cast.mara)
    activate(version=version, by=cast.mara)
    version.refresh_from_db()
    assert version.state == "active"


# --- No wording leaves ---


def test_no_download_holds_a_word_of_it(cast, mara):
    version = add_active(cast.practice, by=cast.mara)
    choose(cast.practice, version.measure)
    submit_rating(request=asked(cast), answers={"warm": 5, "full": 3, "chipped": 1, "overall": 4})
    downloads = [write_csv(cast.cleo), write_series(cast.cleo)]
    theo = Client()
    theo.force_login(cast.theo)
    for name in ("episode-csv", "episode-series"):
        answer = theo.get(reverse(name, args=[cast.cleo.pk]))
        assert answer.status_code == 200
        downloads.append(answer.content.decode())
    answer = mara.get(reverse("measure-fhir", args=[version.pk]))
    downloads.append(answer.content.decode())
    for text in downloads:
        assert "planted" not in text.lower()
        assert "chipped." not in text
    assert "teapots" in downloads[0]


def test_a_download_of_ratings_gives_its_own_total_in_its_own_points(cast):
    version = add_active(cast.practice, by=cast.mara)
    choose(cast.practice, version.measure)
    submit_rating(request=asked(cast), answers={"warm": 5, "full": 3, "chipped": 1, "overall": 4})
    (row,) = csv.DictReader(io.StringIO(write_csv(cast.cleo)))
    assert row["measure"] == "teapots"
    assert float(row["own_total"]) == 5 + 3 + (1 + 5 - 1) + 4
    assert float(row["total"]) == pytest.approx((10 + 5 + 10) / 3, abs=1e-4)


def test_answers_that_belong_to_no_component_are_kept_and_break_no_page(cast):
    text = TOML
    for part in ("trust", "goals", "collaboration"):
        text = text.replace(f'component = "{part}"\n', "")
    version = add_active(cast.practice, by=cast.mara, text=text)
    choose(cast.practice, version.measure)
    answers = {"warm": 5, "full": 3, "chipped": 1, "overall": 4}
    rating = submit_rating(request=asked(cast), answers=answers)
    assert (rating.answers, rating.total) == (answers, None)
    theo = Client()
    theo.force_login(cast.theo)
    for name, args in (
        ("episode", [cast.cleo.pk]),
        ("caseload", []),
        ("episode-series", [cast.cleo.pk]),
    ):
        assert theo.get(reverse(name, args=args)).status_code == 200
    mara = Client()
    mara.force_login(cast.mara)
    assert mara.get(reverse("sensitivity", args=[cast.practice.pk])).status_code == 200
    (row,) = csv.DictReader(io.StringIO(write_csv(cast.cleo)))
    assert (row["total"], float(row["own_total"])) == ("", 17)


# --- The pages ---


def shown(answer):
    return " ".join(answer.content.decode().split())


def test_a_manager_adds_attests_activates_and_stops(cast, mara):
    file = SimpleUploadedFile("teapots.toml", TOML.encode())
    upload = reverse("measure-upload", args=[cast.practice.pk])
    answer = mara.post(upload, {"file": file}, follow=True)
    assert "A draft, asked of nobody" in shown(answer)
    version = MeasureVersion.objects.get(measure__practice=cast.practice)
    at = {
        name: reverse(f"measure-{name}", args=[version.pk])
        for name in ("licence", "activate", "stop", "edit")
    }
    assert "without a licence that holds today" in shown(mara.post(at["activate"], follow=True))
    told = {"holder": "Pottery Ltd", "kind": "group", "number": "T-1", "has_seen": "on"}
    until = {"valid_until": str(today() + 400 * DAY)}
    assert "Attested." in shown(mara.post(at["licence"], told | until, follow=True))
    assert "It can be asked from now on" in shown(mara.post(at["activate"], follow=True))
    assert "no draft any more" in shown(mara.get(at["edit"], follow=True))
    listed = shown(mara.get(reverse("measures", args=[cast.practice.pk])))
    assert "Its licence holds until" in listed
    assert "Pottery Ltd · T-1" in listed
    assert "it is asked no longer" in shown(mara.post(at["stop"], follow=True))


def test_the_list_says_when_a_licence_ends_soon_and_what_is_asked_when_it_is_over(cast, mara):
    version = add(cast.practice, by=cast.mara)
    license_it(version, by=cast.mara, days=30)
    page = reverse("measures", args=[cast.practice.pk])
    assert "A draft, asked of nobody. Its licence holds until" in shown(mara.get(page))
    activate(version=version, by=cast.mara)
    assert "its licence ends soon" in shown(mara.get(page))
    let_licence_end(version)
    assert "is asked our own statements instead" in shown(mara.get(page))


def test_a_licence_without_the_word_of_whoever_attests_it_is_refused(cast, mara, draft):
    told = {"holder": "Pottery Ltd", "kind": "group", "number": "T-1"}
    told["valid_until"] = str(today() - DAY)
    answer = mara.post(reverse("measure-licence", args=[draft.pk]), told)
    assert "Say that you have seen it." in shown(answer)
    assert "Pottery Ltd" in shown(answer)
    answer = mara.post(reverse("measure-licence", args=[draft.pk]), told | {"has_seen": "on"})
    assert "By this day the licence is over already." in shown(answer)
    assert not Licence.objects.exists()


@pytest.mark.parametrize("name", ["measure-licence", "measure-activate", "measure-stop"])
def test_what_opens_or_closes_a_questionnaire_is_confirmed_first(cast, mara, name):
    version = add_active(cast.practice, by=cast.mara)
    confirm(mara, cast.mara, seconds_ago=301)
    answer = mara.post(reverse(name, args=[version.pk]))
    assert answer.status_code == 302
    assert "confirm" in answer.headers["Location"] or "reauth" in answer.headers["Location"]
    version.refresh_from_db()
    assert version.state == "active"


def test_another_practices_managers_find_nothing_of_it(cast, draft):
    nora = join_practice(practice=cast.elsewhere, email="nora@example.org", is_manager=True)
    give_app(nora.user)
    browser = Client()
    browser.force_login(nora.user)
    for name in ("measure", "measure-edit", "measure-licence", "measure-fhir", "measure-preview"):
        assert browser.get(reverse(name, args=[draft.pk])).status_code == 404
    own = browser.get(reverse("measures", args=[cast.elsewhere.pk]))
    assert own.status_code == 200
    assert "eapots" not in own.content.decode()


def test_ours_can_be_downloaded_and_previewed_but_not_managed(cast, mara):
    ours = MeasureVersion.objects.get(measure__key="session", language="ar")
    for name, status in (("measure-fhir", 200), ("measure-preview", 200), ("measure", 404)):
        assert mara.get(reverse(name, args=[ours.pk])).status_code == status
    preview = mara.get(reverse("measure-preview", args=[ours.pk])).content.decode()
    assert 'dir="rtl"' in preview
    assert ours.items.first().text in preview


def test_a_preview_shows_words_and_notice_and_sends_nothing(cast, mara, draft):
    license_it(draft, by=cast.mara, notice="© Pottery Ltd")
    page = mara.get(reverse("measure-preview", args=[draft.pk])).content.decode()
    for word in ("title", "intro", "warm", "cold", "hot", "comment?"):
        assert f"{PLANTED}: {word}" in page
    assert "© Pottery Ltd" in page
    assert "<form" not in page
