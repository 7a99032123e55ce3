"""An episode's ratings as a file: every number, nobody's name, and nothing that runs."""

import csv
import io
from datetime import datetime

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from alliance.psychometrics.scoring import COMPONENTS
from alliance.trends.exports import as_text, write_csv, write_series
from sessions_app.access.models import AuditEvent
from sessions_app.clients.actions import add_client
from sessions_app.clients.models import Client, Episode
from tests.conftest import hold, rate, run

SCORES = [*COMPONENTS, "total"]
OWN_SCORES = [f"therapist_{name}" for name in SCORES]
COLUMNS = ["client", "session", "starts_at", "status", "measure", "version", "language"]


def exports(episode):
    return AuditEvent.objects.filter(verb="episode.exported", target_id=str(episode.pk))


@pytest.fixture
def download(cast, client):
    """Return what Theo gets when he downloads an episode."""
    client.force_login(cast.theo)
    return lambda episode, name="ratings": client.get(f"/episodes/{episode.pk}/{name}.csv")


def lines(response):
    return list(csv.DictReader(io.StringIO(response.content.decode(), newline="")))


@pytest.mark.parametrize("name", ["ratings", "series"])
def test_the_file_is_csv_to_be_saved_and_kept_by_no_cache(cast, download, name):
    response = download(cast.cleo, name)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == f'attachment; filename="{name}.csv"'
    assert "no-store" in response["Cache-Control"]


def test_an_episode_without_sessions_has_its_columns_and_no_lines(cast, download):
    header = download(cast.cleo).content.decode().splitlines()
    assert header == [
        ",".join(f'"{name}"' for name in [*COLUMNS, *SCORES, *OWN_SCORES, "own_total"])
    ]


def test_a_rated_session_is_a_line_with_its_numbers_and_its_measure(cast, download):
    session = hold(cast.cleo)
    rate(session, [8, 6, 5, 5, 10, 9])
    rate(session, 4, respondent="therapist")
    (line,) = lines(download(cast.cleo))
    assert datetime.fromisoformat(line.pop("starts_at")) == session.starts_at
    assert line == {
        "client": "CLEO",
        "session": "1",
        "status": "held",
        "measure": "session",
        "version": "1",
        "language": "en",
        **dict(zip(SCORES, ["7.0", "5.0", "9.5", "7.1667"], strict=True)),
        **dict.fromkeys(OWN_SCORES, "4.0"),
        "own_total": "7.1667",
    }


def test_sessions_are_listed_from_the_oldest_to_the_newest(cast, download):
    run(cast.cleo, [3, 9, 6])
    assert [line["total"] for line in lines(download(cast.cleo))] == ["3.0", "9.0", "6.0"]


def test_a_session_without_a_rating_has_empty_cells(cast, download):
    hold(cast.cleo)
    (line,) = lines(download(cast.cleo))
    assert {line[name] for name in ["measure", "version", "language", *SCORES, *OWN_SCORES]} == {""}


def test_a_rating_without_marks_has_empty_cells(cast, download):
    rate(hold(cast.cleo), None)
    (line,) = lines(download(cast.cleo))
    assert line["measure"] == "session"
    assert {line[name] for name in SCORES} == {""}


def test_a_skipped_component_and_the_total_are_empty_and_the_others_stay(cast, download):
    rate(hold(cast.cleo), [8, 8, None, None, 9, 9])
    (line,) = lines(download(cast.cleo))
    assert [line[name] for name in SCORES] == ["8.0", "", "9.0", ""]


def test_a_rating_of_nought_is_nought_and_not_empty(cast, download):
    rate(hold(cast.cleo), 0)
    (line,) = lines(download(cast.cleo))
    assert [line[name] for name in SCORES] == ["0.0"] * 4


def test_a_session_that_was_not_held_has_a_status_and_no_number(cast, download):
    hold(cast.cleo, status="missed")
    (line,) = lines(download(cast.cleo))
    assert (line["session"], line["status"]) == ("", "missed")


@pytest.mark.parametrize("name", ["ratings", "series"])
def test_no_name_no_note_and_no_comment_is_in_the_file(cast, download, name):
    identity = cast.cleo.client.identity
    identity.email, identity.phone = "cleo@example.net", "+43 1 23456"
    identity.save()
    rate(hold(cast.cleo, note="Spoke of the funeral"), 7, comment="Please go slower")
    text = download(cast.cleo, name).content.decode()
    assert "CLEO" in text
    for private in (identity.name, identity.email, identity.phone, "funeral", "slower", "Theo"):
        assert private not in text


@pytest.mark.parametrize(("name", "column"), [("ratings", "total"), ("series", "y")])
def test_nothing_of_another_episode_is_in_the_file(cast, download, name, column):
    rate(hold(cast.dora), 1)
    rate(hold(cast.cleo), 7)
    (line,) = lines(download(cast.cleo, name))
    assert (line["client"], line[column]) == ("CLEO", "7.0")


@pytest.mark.parametrize("name", ["ratings", "series"])
def test_a_download_is_on_the_record_with_who_and_whose(cast, download, name):
    download(cast.cleo, name)
    event = exports(cast.cleo).get()
    assert (event.actor, event.client_id) == (cast.theo, cast.cleo.client_id)


@pytest.mark.parametrize("name", ["ratings", "series"])
def test_an_episode_of_somebody_else_gives_no_file_and_no_record_of_one(cast, download, name):
    assert download(cast.dora, name).status_code == 404
    assert not exports(cast.dora).exists()


# --- Cells that a spreadsheet would run ------------------------------------------------


@pytest.mark.parametrize("name", ["ratings", "series"])
def test_a_code_that_is_a_formula_arrives_as_text(cast, download, name):
    code = '=HYPERLINK("//x")'
    episode = add_client(therapist=cast.members["theo"], code=code, by=cast.theo)
    rate(hold(episode), 8)
    (line,) = lines(download(episode, name))
    assert line["client"] == f"'{code}"


@pytest.mark.parametrize("name", ["ratings", "series"])
@pytest.mark.parametrize("parted_by", [";", "|", "\t"])
@pytest.mark.parametrize("code", ["A{}=cmd|' /C calc'!A0", 'A"{}=1+1', '"{}"{}@SUM(1)'])
def test_no_part_of_a_code_is_run_where_another_sign_parts_the_cells(
    cast, download, name, parted_by, code
):
    """As a spreadsheet opens the file in a country that writes numbers with a comma."""
    code = code.replace("{}", parted_by)
    episode = add_client(therapist=cast.members["theo"], code="A", by=cast.theo)
    Client.objects.filter(pk=episode.client_id).update(code=code)
    rate(hold(episode), 8)
    text = download(episode, name).content.decode()
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=parted_by))
    assert [len(row) for row in rows] == [1, 1]
    assert rows[1][0].startswith(f"{code},1,")


def test_numbers_are_written_as_numbers(cast, download):
    rate(hold(cast.cleo), [8, 6, 5, 5, 10, 9])
    assert download(cast.cleo, "series").content.decode().splitlines()[1].startswith('"CLEO",1,7.1')


@given(st.sampled_from("=+-@＝＋－＠"), st.text())
def test_what_begins_like_a_formula_is_defused_and_otherwise_kept(sign, rest):
    assert as_text(sign + rest) == f"'{sign}{rest}"


BLANKS = " \t\r\n\u00a0\u3000\u2028\u200b\u2060\ufeff"


@given(st.text(BLANKS, max_size=4), st.sampled_from("=+-@＝＋－＠﹦﹢﹣"), st.text())
def test_nothing_in_front_that_nobody_sees_hides_a_formula(blank, sign, rest):
    assert as_text(blank + sign + rest) == f"'{blank}{sign}{rest}"


@given(st.sampled_from("\t\r\n"), st.text())
def test_what_begins_with_a_tab_or_the_end_of_a_line_is_defused(sign, rest):
    assert as_text(sign + rest) == f"'{sign}{rest}"


def is_run(cell):
    """Say whether a spreadsheet might take a cell for a formula."""
    bare = cell.lstrip(BLANKS)
    return cell[:1] in tuple("\t\r\n") or bare[:1] in tuple("=+-@＝＋－＠")


@examples(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    blank=st.text(BLANKS, max_size=2),
    sign=st.sampled_from(["", *"=+-@＝＋－＠"]),
    rest=st.text(st.characters(exclude_characters="\x00", codec="utf-8"), min_size=1, max_size=20),
    marks=st.lists(st.sampled_from([None, 0, 5, 10]), min_size=6, max_size=6),
)
def test_of_a_whole_file_no_cell_is_run_and_every_number_is_one(cast, blank, sign, rest, marks):
    with transaction.atomic():
        code = (blank + sign + rest)[:24]
        Client.objects.filter(pk=cast.cleo.client_id).update(code=code)
        rate(hold(cast.cleo), marks)
        hold(cast.cleo, weeks_ago=1, status="missed")
        episode = Episode.objects.get(pk=cast.cleo.pk)
        for write in (write_csv, write_series):
            heads, *rows = csv.reader(io.StringIO(write(episode), newline=""))
            assert rows
            for row in rows:
                assert len(row) == len(heads)
                assert not any(map(is_run, row)), row
                assert row[0].removeprefix("'") == code.removeprefix("'")
                for name, cell in zip(heads, row, strict=True):
                    if name in {"session", "y", *SCORES, *OWN_SCORES} and cell:
                        assert float(cell) >= 0
        transaction.set_rollback(True)


@given(st.from_regex(r"[A-Za-z0-9ÄÖÜäöüع][^\x00]*", fullmatch=True) | st.just(""))
def test_ordinary_text_is_left_as_it_is(text):
    assert as_text(text) == text
