"""Where a conversation may help most: who is on the list, why, and what was done about it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from alliance.follow_up.actions import acknowledge, follow_up
from alliance.ratings.models import Rating
from alliance.supervision.heat import Said, cells, last_said, lowest_part
from alliance.supervision.pages import present_supervised
from alliance.trends.models import Flag, Standing
from sessions_app.access.actions import start_supervision
from sessions_app.access.models import AuditEvent
from sessions_app.clients.actions import add_client, end_episode
from tests.conftest import asked_of_tables, hold, let_a_day_pass, look, rate, run


def begin(cast, code, who="theo"):
    return add_client(therapist=cast.members[who], code=code, by=cast.members[who].user)


def shown(cast, **options):
    return present_supervised(cast.sue, **options)


def codes(rows):
    return [row.episode.client.code for row in rows]


def heat(cast):
    (row,) = shown(cast).rows
    return row.cells


@pytest.fixture
def sue(cast, client):
    client.force_login(cast.sue)
    return client


def read_list(client, **sent):
    return client.get(reverse("caseload-supervised"), sent).content.decode()


# --- By reason ---------------------------------------------------------------------------


def test_episodes_stand_under_their_reason_the_worst_first_and_the_others_are_folded(cast, sue):
    run(cast.cleo, [8, 8, 8, 8])
    run(begin(cast, "SILENT"), [8, None, None, None])
    run(begin(cast, "DROP"), [8, 8, 8, 8, 4])
    Flag.objects.update(seen_at=timezone.now())
    page = shown(cast)
    assert [(part.kind, codes(part.rows)) for part in page.sections] == [
        ("lower", ["DROP"]),
        ("unrated", ["SILENT"]),
    ]
    assert codes(page.others) == ["CLEO"]
    text = read_list(sue)
    assert text.index("Lower than usual for this client") < text.index("No rating for three")
    assert "Nothing stands out: 1 client" in text


def test_a_row_says_since_when_and_whether_it_was_read_and_spoken_about(cast, sue):
    run(cast.cleo, [8, 8, 8, 8, 4])
    let_a_day_pass(cast.cleo)
    (row,) = shown(cast).rows
    assert row.flag.seen_at is None
    assert row.spoken == "not yet"
    assert "since session 5" in " ".join(read_list(sue).split())
    look(cast.cleo, by=cast.theo)
    assert "yes, on" in read_list(sue)
    rating = Rating.objects.latest("submitted_at")
    follow_up(rating=rating, discussed="How we use the time.", by=cast.theo)
    (row,) = shown(cast).rows
    assert row.spoken.startswith("yes, on ")
    assert "How we use the time." not in read_list(sue)


@pytest.mark.parametrize(
    ("outcome", "remark", "said"),
    [
        ("mended", "", "Spoken about, and mended"),
        ("unspoken", "She was ill.", "not spoken about: She was ill."),
    ],
)
def test_a_row_says_what_became_of_a_flag_as_its_therapist_wrote_it(cast, outcome, remark, said):
    run(cast.cleo, [8, 8, 8, 8, 4])
    look(cast.cleo, by=cast.theo)
    acknowledge(flag=Flag.objects.get(), outcome=outcome, remark=remark, by=cast.theo)
    (row,) = shown(cast).rows
    assert row.spoken == said


def test_a_flag_is_not_told_before_its_therapist_could_have_seen_it(cast, sue):
    run(cast.cleo, [8, 8, 8, 8, 4])
    page = shown(cast)
    assert page.sections == []
    (row,) = page.others
    assert row.reason == "A new rating, which the therapist sees first"
    assert "ower than usual:" not in read_list(sue)
    let_a_day_pass(cast.cleo)
    assert codes(shown(cast).sections[0].rows) == ["CLEO"]


def test_ended_episodes_are_on_the_other_tab(cast, sue):
    run(cast.cleo, [8, 8, 8, 8, 3])
    end_episode(episode=cast.cleo, ending="planned", by=cast.theo)
    assert "CLEO" not in read_list(sue)
    assert "CLEO" in read_list(sue, ended="")


def test_no_comment_and_no_word_of_one_is_on_the_list(cast, sue):
    rate(hold(cast.cleo), 7, comment="Slower, please.", audience="supervisor")
    assert "Slower" not in read_list(sue)


# --- Looking for some of them ------------------------------------------------------------


def test_the_list_can_be_narrowed_to_one_therapist(cast, sue):
    start_supervision(supervisor=cast.members["sue"], therapist=cast.members["olga"])
    assert sorted(codes(shown(cast).rows)) == ["CLEO", "DORA"]
    text = read_list(sue, therapist=cast.members["olga"].pk)
    assert "DORA" in text
    assert "CLEO" not in text


def test_nobody_is_found_by_the_number_of_a_therapist_whom_one_does_not_supervise(cast, sue):
    text = read_list(sue, therapist=cast.members["olga"].pk)
    assert "DORA" not in text
    assert "EMIL" not in read_list(sue, therapist=cast.members["nils"].pk)


def test_the_list_can_be_narrowed_to_what_stands_out(cast, sue):
    run(cast.cleo, [8, 8, 8, 8, 4, None, None, None])
    run(begin(cast, "SILENT"), [8, None, None, None])
    run(begin(cast, "CALM"), [8, 8])
    Flag.objects.update(seen_at=timezone.now())
    assert codes(shown(cast, signal="lower").rows) == ["CLEO"]
    both = shown(cast, signal="unrated")
    assert sorted(codes(both.rows)) == ["CLEO", "SILENT"]
    assert [part.kind for part in both.sections] == ["unrated"]
    assert "None of the clients is like this." in read_list(sue, signal="told")


def test_a_flag_that_may_not_be_told_is_not_found_by_looking_for_it(cast):
    run(cast.cleo, [8, 8, 8, 8, 4])
    assert shown(cast, signal="lower").rows == []


def test_the_list_can_be_narrowed_to_the_part_that_is_lowest_against_its_own_usual(cast, sue):
    other = begin(cast, "OTHER")
    for episode, last in ((cast.cleo, [8, 8, 6, 6, 8, 8]), (other, [8, 8, 8, 8, 8, 8])):
        for back in range(4, 0, -1):
            rate(hold(episode, weeks_ago=back), 8)
        rate(hold(episode), last)
        let_a_day_pass(episode)
    assert codes(shown(cast, component="goals").rows) == ["CLEO"]
    assert shown(cast, component="trust").rows == []
    assert "Lowest against its own usual: Agreeing on goals" in " ".join(read_list(sue).split())


def test_what_is_typed_into_the_address_breaks_nothing(cast, sue):
    for sent in ({"signal": "x"}, {"component": "x"}, {"therapist": "x\0"}, {"page": "x\0"}):
        assert sue.get(reverse("caseload-supervised"), sent).status_code == 200


def test_a_part_is_lowest_only_where_it_tells_and_in_one_wording():
    def said(goals, version=1, unseen=False):
        parts = {"trust": 8.0, "goals": goals, "collaboration": None}
        return Said(1, version, parts, 8.0, unseen)

    before = [said(8.0)] * 3
    assert lowest_part([]) == ""
    assert lowest_part([*before, said(7.0)]) == "goals"
    assert lowest_part([*before, said(7.6)]) == "", "less than half a point says nothing"
    assert lowest_part([*before[1:], said(5.0)]) == "", "two ratings are no usual yet"
    assert lowest_part([*before, said(5.0, version=2)]) == ""
    assert lowest_part([*before, said(None)]) == ""
    assert lowest_part([*before, said(5.0, unseen=True)]) == ""


# --- The table of sessions ---------------------------------------------------------------


def test_each_cell_has_a_shape_and_a_text_against_the_clients_own_usual(cast, sue):
    run(cast.cleo, [8, 8, None, 8, 8, 4])
    let_a_day_pass(cast.cleo)
    found = heat(cast)
    assert [cell.sign for cell in found] == [""] * 6 + ["·", "·", "○", "·", "·", "◇"]
    assert found[-1].said == "below what is usual by now"
    assert (found[-1].figure, found[-1].shade) == ("4.0", 4)
    assert (found[-2].said, found[-2].shade) == ("as is usual by now", 0)
    assert (found[8].said, found[8].shade) == ("no rating", None)
    text = read_list(sue)
    assert 'class="shade-4"' in text
    assert "style=" not in text.partition("<main")[2]


def test_the_same_mark_is_dark_for_one_client_and_light_for_another(cast):
    run(cast.cleo, [9, 9, 9, 9, 9, 5])
    run(begin(cast, "LOW"), [5, 5, 5, 5, 5, 5])
    for standing in Standing.objects.all():
        let_a_day_pass(standing.episode)
    shades = {row.episode.client.code: row.cells[-1].shade for row in shown(cast).rows}
    assert shades["CLEO"] == 4
    assert shades["LOW"] <= 1


def test_a_client_at_the_top_is_not_below_what_is_usual(cast):
    run(cast.cleo, [10] * 6)
    let_a_day_pass(cast.cleo)
    assert {cell.shade for cell in heat(cast)[6:]} == {0}


def test_until_there_is_a_usual_level_a_cell_says_so(cast):
    run(cast.cleo, [8, 4])
    let_a_day_pass(cast.cleo)
    assert [cell.said for cell in heat(cast)[-2:]] == ["too early to say what is usual"] * 2


def test_only_the_last_twelve_sessions_are_in_the_table(cast):
    run(cast.cleo, [3, 3] + [8] * 12)
    let_a_day_pass(cast.cleo)
    assert [cell.figure for cell in heat(cast)] == ["8.0"] * 12


def test_a_rating_is_in_no_cell_before_its_therapist_could_have_seen_it(cast, sue):
    run(cast.cleo, [8, 8, 8, 8, 8])
    let_a_day_pass(cast.cleo)
    rate(hold(cast.cleo, weeks_ago=-1), 3)
    last = heat(cast)[-1]
    assert (last.sign, last.figure, last.shade) == ("…", "", None)
    assert "3.0" not in read_list(sue)
    look(cast.cleo, by=cast.theo)
    assert heat(cast)[-1].figure == "3.0"


def test_two_unseen_ratings_move_no_usual_level(cast):
    run(cast.cleo, [8, 8, 8, 8, 8])
    let_a_day_pass(cast.cleo)
    for weeks in (1, 2):
        rate(hold(cast.cleo, weeks_ago=-weeks), 3)
    assert heat(cast)[-3].said == "too early to say what is usual"


def test_an_episode_without_a_session_has_twelve_empty_cells(cast):
    assert [cell.said for cell in cells(cast.cleo.standing, [])] == [""] * 12
    assert last_said([cast.cleo.pk]) == {}


def test_a_rating_without_a_total_is_told_as_such(cast):
    rate(hold(cast.cleo), [8, 8, None, None, 8, 8])
    let_a_day_pass(cast.cleo)
    assert heat(cast)[-1].said == "no total"


# --- At what cost ------------------------------------------------------------------------


def test_the_number_of_queries_grows_neither_with_episodes_nor_with_histories(cast, sue):
    sent = {"signal": "unrated", "component": "", "therapist": cast.members["theo"].pk}
    for filters in ({}, sent):
        read_list(sue, **filters)
    with CaptureQueriesContext(connection) as few:
        read_list(sue)
    run(cast.cleo, [8] * 12 + [4, 4, None, None, None])
    for number in range(10):
        run(begin(cast, f"C-{number}"), [7, None, None, None])
    Flag.objects.update(seen_at=timezone.now())
    read_list(sue)  # From time to time a request notes that its sign-in is not idle.
    with CaptureQueriesContext(connection) as many:
        page = read_list(sue)
    assert page.count("/episodes/") == 11
    assert len(asked_of_tables(many)) == len(asked_of_tables(few)) <= 12


def test_a_long_list_is_given_out_in_pages_that_keep_the_filters(cast, sue, monkeypatch):
    monkeypatch.setattr("alliance.supervision.pages.PAGE_SIZE", 2)
    for number in range(4):
        run(begin(cast, f"C-{number}"), [7, None, None, None])
    Flag.objects.update(raised_at=timezone.now() - timedelta(days=2))
    text = read_list(sue, signal="unrated")
    assert "Page 1 of 2" in text
    assert "signal=unrated&amp;page=2" in text


def test_reading_the_list_is_written_down(cast, sue):
    read_list(sue)
    assert AuditEvent.objects.filter(verb="supervised_caseload.read", actor=cast.sue).count() == 1
