"""Asking on paper: one page for each wording, found again by its code, and typed in by staff."""

import re
import sys
from datetime import timedelta

import pytest
from django.conf import settings as ours
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from alliance.asking import sheet_pdf
from alliance.asking.actions import request_rating
from alliance.asking.entering_actions import enter_sheet, request_sheet
from alliance.asking.entering_forms import SheetForm
from alliance.asking.entering_pages import present_sheet, sheet_code, with_code
from alliance.asking.models import AskingRules
from alliance.measures.models import MeasureVersion
from alliance.ratings.models import Comment, Rating, RatingRequest
from sessions_app.access.actions import appoint_deputy
from sessions_app.access.models import AuditEvent
from sessions_app.clients.models import ClientIdentity
from tests.alliance.own_measures import add_active
from tests.conftest import ITEMS, ask, hold, look, rate

STATEMENTS = [f"mark-{key}" for key in ITEMS]
MARKS = dict(zip(STATEMENTS, ("70", "100", "0", "55", "", "3"), strict=True)) | {"line": "100"}
PDF = b"%PDF-"


@pytest.fixture
def session(cast):
    return hold(cast.cleo)


@pytest.fixture
def theo(cast, client):
    client.force_login(cast.theo)
    return client


@pytest.fixture
def rita(cast):
    client = Client()
    client.force_login(cast.rita)
    return client


def print_it(client, session, name="sheet", **sent):
    return client.post(reverse(name, args=[session.pk]), sent)


def type_in(client, session, name="sheet-enter", **changes):
    return client.post(reverse(name, args=[session.pk]), MARKS | changes)


def secret_on(page):
    return re.search(r'name="secret"\s+value="([\w-]{43})"', page.content.decode()).group(1)


def words_on(page):
    return re.sub(r"<svg.*?</svg>|<[^>]+>", " ", page.content.decode(), flags=re.DOTALL)


# --- The page ---


def test_a_sheet_has_the_statements_their_ends_and_neither_numbers_nor_names(cast, session, theo):
    cast.practice.crisis_note = "Call 142 at any hour."
    cast.practice.save()
    page = print_it(theo, session)
    text = page.content.decode()
    version = MeasureVersion.objects.get(measure__key="session", language="en")
    for item in version.items.all():
        for words in (item.text, item.low_anchor, item.high_anchor):
            assert words in text
    assert text.count('<span class="line"></span>') == 6
    assert "Call 142 at any hour." in text
    assert "Read by your therapist and their supervisor." in text
    paper = words_on(page).partition(version.title)[2]
    for name in ("CLEO", "Name of", "Theo", str(session.starts_at.year)):
        assert name not in paper


def test_the_square_on_it_opens_the_same_form_on_a_phone(cast, session, theo):
    secret = secret_on(print_it(theo, session))
    asked = RatingRequest.objects.get()
    assert asked.channel == "paper"
    assert asked.expires_at - asked.asked_at == timedelta(days=14)
    phone = Client()
    answered = phone.post(reverse("rate", args=[secret]), {"sent": "1", "say": "7"}, follow=True)
    assert "Thank you" in answered.content.decode()


def test_a_reload_of_the_page_ends_no_sheet(cast, session, theo):
    page = print_it(theo, session)
    assert print_it(theo, session).status_code == 302
    assert Client().get(reverse("rate", args=[secret_on(page)])).status_code == 200
    anew = print_it(theo, session, replaces=str(RatingRequest.objects.get().pk))
    assert secret_on(anew) != secret_on(page)


def test_nobody_prints_over_a_form_that_the_client_has_open(cast, session, theo):
    request_rating(session=session, respondent="client", channel="device", by=cast.theo)
    answer = theo.post(reverse("sheet", args=[session.pk]), follow=True)
    assert "the client has the form open just now" in answer.content.decode()
    assert RatingRequest.objects.get().channel == "device"


def test_what_has_been_rated_is_not_printed(cast, session, theo):
    rate(session, 7)
    assert print_it(theo, session).status_code == 302


# --- As a PDF ---


def versions():
    """Name every wording that clients can be asked in, by the files that they come from."""
    folder = ours.BASE_DIR / "alliance" / "measures" / "instruments"
    found = (path.name.split(".")[:2] for path in sorted(folder.glob("*.toml")))
    return [tuple(name) for name in found if not name[0].endswith("-therapist")]


def laid_out(cast, session, version):
    RatingRequest.objects.update(measure_version=version)
    asked = RatingRequest.objects.select_related("measure_version").get(session=session)
    page = present_sheet(asked, f"https://form.practice.example.org/r/{'x' * 43}/")
    with translation.override(version.language):
        context = {"page": page, "asked": asked, "is_pdf": True}
        return sheet_pdf.lay_out(render_to_string("asking/sheet.html", context)).pages


@pytest.mark.parametrize("note", ["", "Call 142 at any hour. " * 27])
@pytest.mark.parametrize(("key", "language"), versions())
def test_every_wording_is_one_page_of_a4_whoever_reads_and_whatever_the_practice_adds(
    cast, session, key, language, note
):
    cast.practice.crisis_note = note
    cast.practice.save()
    appoint_deputy(member=cast.members["olga"], by=cast.mara)
    ask(session)
    version = MeasureVersion.objects.filter(measure__key=key, language=language).latest("number")
    (page,) = laid_out(cast, session, version)
    assert (round(page.width * 25.4 / 96), round(page.height * 25.4 / 96)) == (210, 297)


def test_the_lines_are_ten_centimetres_long(cast, session):
    ask(session)
    for language in ("en", "ar"):
        version = MeasureVersion.objects.get(measure__key="session", language=language)
        (page,) = laid_out(cast, session, version)
        lines = [
            box
            for box in page._page_box.descendants()
            if box.element is not None and box.element.get("class") == "line"
        ]
        widths = [box.border_width() * 25.4 / 96 for box in lines if box.element_tag == "span"]
        assert len(widths) == 6
        assert all(abs(width - 100) < 0.01 for width in widths)


def test_the_pdf_is_of_the_sheet_that_was_just_shown_and_fetches_nothing(
    cast, session, theo, monkeypatch, caplog
):
    fetched = []
    monkeypatch.setattr("urllib.request.OpenerDirector.open", lambda *told: fetched.append(told))
    secret = secret_on(print_it(theo, session))
    pdf = print_it(theo, session, secret=secret)
    assert pdf.headers["Content-Type"] == "application/pdf"
    assert pdf.content.startswith(PDF)
    assert fetched == []
    assert [said for said in caplog.records if said.name == "weasyprint"] == []
    assert RatingRequest.objects.count() == 1
    assert print_it(theo, session, secret="x" * 43).status_code == 404


def test_a_sheet_that_wants_something_from_elsewhere_does_not_get_it():
    with pytest.raises(sheet_pdf.NothingIsFetched):
        sheet_pdf.refuse("https://elsewhere.example.org/x.png")


@pytest.fixture
def without_pango(monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    sheet_pdf.maker.cache_clear()
    yield
    sheet_pdf.maker.cache_clear()


def test_without_pango_the_page_offers_no_pdf_and_says_that_printing_works(
    cast, session, theo, without_pango
):
    page = print_it(theo, session).content.decode()
    assert "Printing from here works all the same." in page
    assert "Open as a PDF" not in page
    _asked, secret = request_sheet(
        session=session, replaces=str(RatingRequest.objects.get().pk), by=cast.theo
    )
    assert print_it(theo, session, secret=secret).status_code == 404


def test_an_arabic_sheet_runs_from_right_to_left_below_a_bar_in_the_words_of_staff(
    cast, session, theo
):
    ClientIdentity.objects.filter(client=cast.cleo.client).update(language="ar")
    text = print_it(theo, session).content.decode()
    assert re.search(r'<html lang="ar"\s+dir="rtl">', text)
    assert re.search(r'class="bar"\s+lang="en"\s+dir="ltr"', text)


# --- Found again ---


def test_a_code_is_read_however_it_is_typed_and_finds_its_own_sheet_only(cast, session):
    one, _secret = request_sheet(session=session, replaces="", by=cast.theo)
    other, _secret = request_sheet(session=hold(cast.cleo, weeks_ago=1), replaces="", by=cast.theo)
    code = sheet_code(one.pk)
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", code)
    requests = RatingRequest.objects.all()
    likes = (code, code.lower(), code.replace("-", " "), f" {code} ", code.replace("1", "l"))
    for typed in (*likes, code.replace("0", "o")):
        assert list(with_code(requests, typed)) == [one]
    assert list(with_code(requests, sheet_code(other.pk))) == [other]
    for typed in ("", code[:-1], f"{code}0", "????-????", "UUUU-UUUU", "Ü" * 8):
        assert not with_code(requests, typed).exists()
    RatingRequest.objects.update(channel="link")
    assert not with_code(requests, code).exists()


def test_the_code_leads_its_therapist_and_reception_to_the_form_and_nobody_else(
    cast, session, theo, rita
):
    asked, _secret = request_sheet(session=session, replaces="", by=cast.theo)
    sent = {"code": sheet_code(asked.pk)}
    found = theo.post(reverse("sheets"), sent)
    assert found.headers["Location"] == reverse("sheet-enter", args=[session.pk])
    found = rita.post(reverse("reception-sheets"), sent)
    assert found.headers["Location"] == reverse("reception-sheet-enter", args=[session.pk])
    assert AuditEvent.objects.filter(verb="sheet.looked_up").count() == 2
    for who in (cast.sue, cast.olga, cast.nils):
        other = Client()
        other.force_login(who)
        answer = other.post(reverse("sheets"), sent)
        assert "There is no sheet with this code for you." in answer.content.decode()


# --- Typed in ---


def test_what_was_measured_is_stored_in_points_marked_as_paper_with_who_typed_it(
    cast, session, theo
):
    asked, _secret = request_sheet(session=session, replaces="", by=cast.theo)
    day = timezone.localdate()
    answer = type_in(
        theo, session, comment="Slower.", audience="supervisor", filled_in_on=day.isoformat()
    )
    assert answer.headers["Location"] == reverse("episode", args=[cast.cleo.pk])
    rating = Rating.objects.get()
    assert [rating.answers[item] for item in ITEMS] == [7, 10, 0, 5.5, None, 0.3]
    assert (rating.input_mode, rating.entered_by, rating.request) == ("paper", cast.theo, asked)
    assert (rating.filled_in_on, rating.comment_audience) == (day, "supervisor")
    assert Comment.objects.get().text == "Slower."
    assert AuditEvent.objects.get(verb="rating.submitted").actor == cast.theo
    assert look(cast.cleo, cast.theo).ratings == [rating]


def test_lines_that_the_printer_made_shorter_are_measured_by_their_own_length(cast, session, theo):
    type_in(theo, session, **{"line": "96", "mark-say": "48", "mark-matter": "96"})
    rating = Rating.objects.get()
    assert (rating.answers["say"], rating.answers["matter"]) == (5, 10)


def test_where_no_readers_are_chosen_a_comment_is_for_the_therapist(cast, session, theo):
    type_in(theo, session, comment="Slower.")
    assert Rating.objects.get().comment_audience == "therapist"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mark-say": "101"}, "The line is not that long."),
        ({"mark-say": "-1"}, "greater than or equal to 0"),
        ({"mark-say": "7,5"}, "Enter a whole number."),
        ({"line": "20"}, "greater than or equal to 50"),
        (dict.fromkeys(STATEMENTS, ""), "Type in at least one mark, or what is written."),
        ({"filled_in_on": "2099-01-01"}, "That is before the session, or still to come."),
        ({"filled_in_on": "2001-01-01"}, "That is before the session, or still to come."),
        ({"audience": "everyone"}, "Select a valid choice"),
        ({"comment": "x" * 2001}, "at most 2000 characters"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_typed_is_lost(cast, session, theo, changes, said):
    page = type_in(theo, session, **changes).content.decode()
    assert said in page
    assert not Rating.objects.exists()
    assert 'value="55"' in page or "mark-aim" in changes


def test_a_sheet_may_come_back_after_its_code_has_ended(cast, session, theo):
    asked, _secret = request_sheet(session=session, replaces="", by=cast.theo)
    back = timedelta(days=30)
    RatingRequest.objects.filter(pk=asked.pk).update(
        asked_at=asked.asked_at - back, expires_at=asked.expires_at - back
    )
    type_in(theo, session)
    assert Rating.objects.get().input_mode == "paper"


def test_it_is_typed_in_in_the_words_that_were_printed(cast, session, theo):
    ClientIdentity.objects.filter(client=cast.cleo.client).update(language="ar")
    asked, _secret = request_sheet(session=session, replaces="", by=cast.theo)
    ClientIdentity.objects.filter(client=cast.cleo.client).update(language="en")
    since, _secret = ask(session)
    page = theo.get(reverse("sheet-enter", args=[session.pk])).content.decode()
    assert "from the right end" in page
    type_in(theo, session, version=str(asked.measure_version_id), replaces=str(since.pk))
    assert Rating.objects.get().measure_version.language == "ar"


def test_nothing_is_stored_under_words_that_were_not_before_who_typed(cast, session, theo):
    arabic = MeasureVersion.objects.get(measure__key="session", language="ar")
    assert type_in(theo, session, version=str(arabic.pk)).status_code == 302
    assert not Rating.objects.exists()


def test_what_was_answered_meanwhile_is_not_stored_twice(cast, session, theo):
    rate(session, 4)
    answer = theo.post(reverse("sheet-enter", args=[session.pk]), MARKS, follow=True)
    assert "there is a rating of this session already" in answer.content.decode()
    assert Rating.objects.get().total == 4


def test_nothing_is_typed_over_a_form_that_the_client_has_open(cast, session, theo):
    request_rating(session=session, respondent="client", channel="device", by=cast.theo)
    answer = theo.post(reverse("sheet-enter", args=[session.pk]), MARKS, follow=True)
    assert "the client has the form open just now" in answer.content.decode()


def test_a_link_that_the_client_had_opens_no_more_once_a_sheet_was_typed_in(cast, session, theo):
    asked, secret = ask(session)
    page = theo.get(reverse("sheet-enter", args=[session.pk])).content.decode()
    assert f'name="replaces" value="{asked.pk}"' in page
    type_in(theo, session, replaces=str(asked.pk))
    assert Client().post(reverse("rate", args=[secret]), {"sent": "1"}).status_code == 404


def test_a_scale_with_words_between_its_ends_is_typed_in_by_its_marks(cast, session):
    version = MeasureVersion.objects.get(measure__key="session", language="ar")
    MeasureVersion.objects.filter(pk=version.pk).update(minimum=1, maximum=5)
    version.refresh_from_db()
    form = SheetForm({"mark-say": "4", "mark-matter": "2.5"}, version=version, session=session)
    assert list(form.errors) == ["mark-matter"]
    form = SheetForm({"mark-say": "4"}, version=version, session=session)
    assert form.is_valid()
    enter_sheet(session=session, version=version, by=cast.theo, **form.said())
    assert Rating.objects.get().answers["say"] == 4


def test_a_statement_that_was_stored_with_a_name_of_the_form_is_still_typed_in_as_it_is(
    cast, session, theo
):
    version = add_active(cast.practice, by=cast.mara)
    MeasureVersion.objects.filter(pk=version.pk).update(minimum=0, maximum=10)
    version.items.filter(key="warm").update(key="line")
    AskingRules.objects.create(practice=cast.practice, measure=version.measure)
    typed = {"mark-line": "60", "mark-full": "50", "mark-chipped": "30", "line": "100"}
    address = reverse("sheet-enter", args=[session.pk])
    assert theo.post(address, typed | {"version": version.pk}).status_code == 302
    answers = Rating.objects.get().answers
    assert (answers["line"], answers["full"], answers["chipped"]) == (6, 5, 3)


# --- At reception ---


def test_reception_prints_and_types_in_and_is_shown_nothing_afterwards(cast, session, rita):
    secret = secret_on(print_it(rita, session, "reception-sheet"))
    assert print_it(rita, session, "reception-sheet", secret=secret).content.startswith(PDF)
    page = rita.get(reverse("reception-sheet-enter", args=[session.pk])).content.decode()
    assert "Type in a sheet" in page
    answer = type_in(rita, session, "reception-sheet-enter", comment="Only for Theo.")
    assert answer.headers["Location"] == reverse("reception")
    assert Rating.objects.get().entered_by == cast.rita
    page = rita.get(reverse("reception")).content.decode()
    assert "The rating has arrived." in page
    assert "Only for Theo." not in page
    form = rita.get(reverse("reception-sheet-enter", args=[session.pk])).content.decode()
    assert "Only for Theo." not in form
    assert "70" not in re.findall(r'value="(\d*)"', form)
    for name in ("episode", "sheet-enter", "rating-ask"):
        where = cast.cleo.pk if name == "episode" else session.pk
        assert rita.get(reverse(name, args=[where])).status_code == 404


def test_what_was_asked_since_the_page_was_shown_is_not_ended_by_a_sheet(cast, session, theo, rita):
    _asked, secret = ask(session)
    for client, name in ((theo, "sheet-enter"), (rita, "reception-sheet-enter")):
        answer = client.post(reverse(name, args=[session.pk]), MARKS, follow=True)
        assert "the client has the form open just now" in answer.content.decode()
    assert not Rating.objects.exists()
    assert Client().get(reverse("rate", args=[secret])).status_code == 200


def test_reception_types_in_what_is_recent_or_was_printed(cast, theo, rita):
    long_ago = hold(cast.cleo, weeks_ago=3)
    assert type_in(rita, long_ago, "reception-sheet-enter").status_code == 404
    assert rita.get(reverse("reception-sheet-enter", args=[long_ago.pk])).status_code == 404
    assert type_in(rita, hold(cast.cleo, weeks_ago=1), "reception-sheet-enter").status_code == 302
    print_it(theo, long_ago)
    assert type_in(rita, long_ago, "reception-sheet-enter").status_code == 302
    assert Rating.objects.count() == 2
