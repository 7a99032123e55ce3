"""A rating goes from received to read, discussed and agreed; and of a flag is said what came."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from alliance.follow_up.actions import acknowledge, follow_up
from alliance.follow_up.models import Acknowledgement, FollowUp
from alliance.follow_up.pages import present_last_time, present_what_came, told_to_client
from alliance.ratings.models import Rating
from alliance.trends.models import Flag
from sessions_app.access.models import AuditEvent
from sessions_app.clients.actions import end_episode, hand_over_episode
from tests.conftest import ask, asked_of_tables, hold, let_a_day_pass, look, rate, run

# Say, matter, change, aim, suits, voice: the middle two say whether the goals are shared.
GOALS_FELL = [6, 6, 0, 0, 4, 4]


def in_words(response):
    return " ".join(response.content.decode().split())


def page_of(cast, who, episode=None):
    client = Client()
    client.force_login(getattr(cast, who))
    return in_words(client.get(reverse("episode", args=[(episode or cast.cleo).pk])))


def signed_in(cast, who="theo"):
    client = Client()
    client.force_login(getattr(cast, who))
    return client


@pytest.fixture
def low(cast):
    """Cleo's course: six ratings as usual until a week ago, and then one in which goals fell."""
    for back, total in zip(range(7, 1, -1), [8, 8, 7, 8, 8, 8], strict=True):
        rate(hold(cast.cleo, weeks_ago=back), total)
    return rate(hold(cast.cleo, weeks_ago=1), GOALS_FELL)


@pytest.fixture
def flag(cast, low):
    return Flag.objects.get(session=low.session, kind="lower")


# --- The way of a rating -----------------------------------------------------------------


def test_the_latest_rating_is_received_and_reading_is_recorded_by_itself(cast, low):
    before = present_what_came(cast.cleo, is_holder=True, user=cast.theo).way
    assert [bool(step.at) for step in before.steps] == [True, False, False, False]
    page = page_of(cast, "theo")
    assert "What came of it" in page
    after = present_what_came(cast.cleo, is_holder=True, user=cast.theo).way
    assert [bool(step.at) for step in after.steps] == [True, True, False, False]


def test_a_line_each_says_what_was_discussed_and_agreed(cast, low):
    theo = signed_in(cast)
    answer = theo.post(
        reverse("rating-follow-up", args=[low.pk]),
        {"discussed": "What she comes for.", "agreed": "Sleep first.", "is_told": "on"},
    )
    assert answer.url == f"{reverse('episode', args=[cast.cleo.pk])}#what-came"
    page = page_of(cast, "theo")
    assert "What she comes for." in page
    assert "Sleep first." in page
    assert "The client is told of it on the next form." in page
    kept = FollowUp.objects.get()
    assert (kept.discussed, kept.agreed, kept.is_told) == (
        "What she comes for.",
        "Sleep first.",
        True,
    )
    assert AuditEvent.objects.filter(verb="rating.followed_up").count() == 1


def test_what_was_typed_is_kept_beside_what_is_wrong_with_it(cast, low):
    long = "x" * 281
    answer = signed_in(cast).post(
        reverse("rating-follow-up", args=[low.pk]), {"discussed": "Pace.", "agreed": long}
    )
    page = in_words(answer)
    assert answer.status_code == 200
    assert 'id="follow-up-agreed-error"' in page
    assert f'value="{long}"' in page
    assert 'value="Pace."' in page
    assert not FollowUp.objects.exists()


def test_a_supervisor_reads_the_lines_and_has_no_form(cast, flag, low):
    follow_up(rating=low, discussed="The aims.", agreed="Sleep first.", by=cast.theo)
    acknowledge(flag=flag, outcome="not_yet", remark="Next week again.", by=cast.theo)
    let_a_day_pass(cast.cleo)
    page = page_of(cast, "sue")
    for said in ("The aims.", "Sleep first.", "Spoken about, not mended yet", "Next week again."):
        assert said in page
    assert "what-came/" not in page
    assert "Your supervisor can read" in page_of(cast, "theo")


def test_a_supervisor_is_not_told_of_a_flag_that_its_therapist_has_not_seen(cast, flag):
    shown = present_what_came(cast.cleo, is_holder=False, user=cast.sue)
    assert shown.standing == []
    look(cast.cleo, cast.theo)
    shown = present_what_came(cast.cleo, is_holder=False, user=cast.sue)
    assert flag in [one.flag for one in shown.standing]


def test_in_an_ended_episode_one_still_writes_and_in_a_handed_over_one_no_more(cast, low):
    theo, address = signed_in(cast), reverse("rating-follow-up", args=[low.pk])
    end_episode(episode=cast.cleo, ending="planned", by=cast.theo)
    assert theo.post(address, {"agreed": "Once more in May."}).status_code == 302
    assert address in page_of(cast, "theo")


def test_who_handed_an_episode_over_reads_what_came_of_it_and_writes_no_more(cast, flag, low):
    hand_over_episode(episode=cast.cleo, to=cast.members["olga"], by=cast.theo)
    theo = signed_in(cast)
    for name, thing in (("rating-follow-up", low), ("flag-acknowledge", flag)):
        address = reverse(name, args=[thing.pk])
        assert theo.post(address, {"outcome": "mended"}).status_code == 404
        assert address not in page_of(cast, "theo")
    cast.cleo.refresh_from_db()
    assert present_what_came(cast.cleo, is_holder=True, user=cast.theo).is_writable is False


def test_a_therapists_own_rating_and_one_that_is_taken_back_have_no_way(cast, low):
    own = rate(low.session, 7, respondent="therapist")
    theo = signed_in(cast)
    assert theo.get(reverse("rating-follow-up", args=[own.pk])).status_code == 404
    Rating.objects.filter(pk=low.pk).update(withdrawn_at=timezone.now())
    assert theo.get(reverse("rating-follow-up", args=[low.pk])).status_code == 404


# --- What became of a flag ---------------------------------------------------------------


def test_a_flag_says_which_component_fell_most(cast, flag):
    marked = present_what_came(cast.cleo, is_holder=True, user=cast.theo).standing[0]
    assert marked.flag == flag
    assert marked.what == "lower than usual, most of all “agreeing on goals”"
    assert f"Session 7: {marked.what}" in page_of(cast, "theo")


def test_where_no_component_stands_out_none_is_named(cast):
    run(cast.cleo, [8, 8, 8, 8, 8, 3])
    marked = present_what_came(cast.cleo, is_holder=True, user=cast.theo).standing[0]
    assert (marked.what, marked.component) == ("lower than usual", "")


@pytest.mark.parametrize("outcome", ["mended", "not_yet", "nothing"])
def test_of_a_flag_is_said_what_came_and_the_later_word_stands(cast, flag, outcome):
    theo, address = signed_in(cast), reverse("flag-acknowledge", args=[flag.pk])
    theo.post(address, {"outcome": "unspoken", "remark": "Too early."})
    theo.post(address, {"outcome": outcome, "remark": ""})
    kept = Acknowledgement.objects.get()
    assert (kept.outcome, kept.remark) == (outcome, "")
    assert str(kept.get_outcome_display()) in page_of(cast, "theo")


def test_not_spoken_about_asks_for_a_word_of_why_and_loses_nothing(cast, flag):
    theo, address = signed_in(cast), reverse("flag-acknowledge", args=[flag.pk])
    answer = theo.post(address, {"outcome": "unspoken"})
    page = in_words(answer)
    assert answer.status_code == 200
    assert "Why was it not spoken about?" in page
    assert 'value="unspoken"' in page
    assert " checked" in page
    answer = theo.post(address, {"remark": "She was in a hurry."})
    assert "Choose what came of it." in in_words(answer)
    assert "She was in a hurry." in in_words(answer)
    assert not Acknowledgement.objects.exists()


def test_once_a_flag_has_settled_what_came_of_it_is_kept_among_the_earlier_ones(cast, flag):
    acknowledge(flag=flag, outcome="mended", by=cast.theo)
    rate(hold(cast.cleo), 8)
    flag.refresh_from_db()
    assert flag.settled_by_id
    page = present_what_came(cast.cleo, is_holder=True, user=cast.theo)
    assert [one.flag for one in page.earlier] == [flag]
    assert flag not in [one.flag for one in page.standing]
    assert "Earlier: spoken about, agreed, and marked" in page_of(cast, "theo")


def test_lines_of_earlier_ratings_stay_to_be_read_and_changed(cast, low):
    follow_up(rating=low, discussed="The aims.", agreed="Sleep first.", by=cast.theo)
    rate(hold(cast.cleo), 8)
    page = page_of(cast, "theo")
    for said in ("The aims.", "Sleep first.", reverse("rating-follow-up", args=[low.pk])):
        assert said in page
    theirs = page_of(cast, "sue")
    assert "Sleep first." in theirs
    assert reverse("rating-follow-up", args=[low.pk]) not in theirs


def test_good_news_and_what_no_longer_holds_ask_nothing(cast, flag):
    theo, address = signed_in(cast), reverse("flag-acknowledge", args=[flag.pk])
    Flag.objects.exclude(pk=flag.pk).update(withdrawn_at=timezone.now())
    Flag.objects.filter(pk=flag.pk).update(kind=Flag.Kind.BACK)
    assert theo.get(address).status_code == 404
    assert present_what_came(cast.cleo, is_holder=True, user=cast.theo).standing == []
    Flag.objects.filter(pk=flag.pk).update(kind=Flag.Kind.LOWER, withdrawn_at=timezone.now())
    assert theo.get(address).status_code == 404


# --- When the next session is logged -----------------------------------------------------


def test_after_the_next_session_one_line_is_asked_about_last_time(cast, low):
    session = hold(cast.cleo)
    theo, asking = signed_in(cast), reverse("rating-ask", args=[session.pk])
    page = in_words(theo.get(asking))
    assert "Did you come to speak about it?" in page
    assert "Last time: lower than usual, most of all “agreeing on goals”." in page
    answer = theo.post(reverse("last-time", args=[session.pk]), {"discussed": "The aims."})
    assert answer.url == asking
    assert "Did you come to speak about it?" not in in_words(theo.get(asking))
    assert FollowUp.objects.get(rating=low).discussed == "The aims."
    again = theo.post(reverse("last-time", args=[session.pk]), {"discussed": "Other."})
    assert again.url == asking
    assert FollowUp.objects.get(rating=low).discussed == "The aims."


def test_a_line_about_last_time_that_is_too_long_comes_back_as_it_was_typed(cast, low):
    session = hold(cast.cleo)
    answer = signed_in(cast).post(reverse("last-time", args=[session.pk]), {"discussed": "y" * 281})
    assert answer.status_code == 200
    assert "y" * 281 in in_words(answer)


def test_where_nothing_was_marked_nothing_is_asked(cast):
    run(cast.cleo, [8, 8, 8, 8])
    assert present_last_time(cast.cleo.sessions.latest("starts_at")) is None
    assert present_last_time(cast.cleo.sessions.earliest("starts_at")) is None


# --- What the client is told -------------------------------------------------------------


def form_for(session, respondent="client"):
    _asked, secret = ask(session, respondent)
    return in_words(Client().get(reverse("rate", args=[secret])))


def test_the_next_form_tells_the_client_what_was_agreed_if_so_chosen(cast, low):
    look(cast.cleo, cast.theo)
    follow_up(rating=low, agreed="Sleep <first>.", is_told=True, by=cast.theo)
    page = form_for(hold(cast.cleo))
    assert "What you agreed last time" in page
    assert "Sleep &lt;first&gt;." in page
    assert "Your therapist read your last answer on" in page


def test_the_next_form_tells_nothing_unless_chosen(cast, low):
    look(cast.cleo, cast.theo)
    follow_up(rating=low, discussed="The aims.", agreed="Sleep first.", by=cast.theo)
    page = form_for(hold(cast.cleo))
    assert "Sleep first." not in page
    assert "Your therapist read" not in page


def test_what_was_spoken_about_is_never_shown_to_the_client_nor_any_mark(cast, low):
    look(cast.cleo, cast.theo)
    follow_up(rating=low, discussed="She doubts the aims.", is_told=True, by=cast.theo)
    session = hold(cast.cleo)
    page = form_for(session)
    assert "Your therapist read your last answer on" in page
    assert "What you agreed last time" not in page
    assert "She doubts" not in page
    assert page.count(" checked") == 1  # Who may read a comment, as always.


def test_where_nothing_was_read_or_agreed_there_is_nothing_to_tell(cast, low):
    follow_up(rating=low, discussed="The aims.", is_told=True, by=cast.theo)
    session = hold(cast.cleo)
    assert told_to_client(session) is None
    follow_up(rating=low, agreed="Sleep first.", by=cast.theo)
    assert told_to_client(session).read_on is None
    assert "Your therapist read" not in form_for(session)


def test_only_the_last_answer_is_told_of(cast, low):
    follow_up(rating=low, agreed="Sleep first.", is_told=True, by=cast.theo)
    rate(hold(cast.cleo), 8)
    later = hold(cast.cleo, weeks_ago=-1 / 400)
    assert told_to_client(later) is None


def test_a_therapists_own_form_tells_nothing(cast, low):
    follow_up(rating=low, agreed="Sleep first.", is_told=True, by=cast.theo)
    _asked, secret = ask(hold(cast.cleo), "therapist")
    page = in_words(signed_in(cast).get(reverse("rate", args=[secret])))
    assert "Sleep first." not in page


# --- And it costs the same ---------------------------------------------------------------


def test_the_number_of_queries_grows_neither_with_ratings_nor_with_flags(cast):

    def cost():
        cast.cleo.refresh_from_db()
        with CaptureQueriesContext(connection) as captured:
            present_what_came(cast.cleo, is_holder=True, user=cast.theo)
        return len(asked_of_tables(captured))

    run(cast.cleo, [8, 8, 8, 8, 2])
    few = cost()
    for back in range(10, 50):
        session = hold(cast.cleo, weeks_ago=back)
        rate(session, 7)
        Flag.objects.get_or_create(
            session=session,
            kind="rule",
            defaults={
                "episode": cast.cleo,
                "rank": 30,
                "facts": {},
                "raised_at": timezone.now(),
            },
        )
    assert cost() == few
