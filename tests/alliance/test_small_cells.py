"""What a practice's counts leave out cannot be worked out from what they show."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alliance.sending.rates import FEWEST_CLIENTS, Count, lines_of

PEOPLE = range(12)
patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def tables(draw):
    """Invent a table: by line, how often each of some people was asked, and whether they answered.

    The same person may stand in several lines.
    """
    table = {}
    for name in range(draw(st.integers(1, 6))):
        count = Count()
        for person, has_answered in draw(
            st.lists(st.tuples(st.sampled_from(PEOPLE), st.booleans()), min_size=1, max_size=9)
        ):
            count.add(person, has_answered=has_answered)
        table[name] = count
    return table


def shown(table, *, has_answers):
    """Return the lines that are shown, and what the hidden ones come to by the total."""
    lines = lines_of(table, [(name, name) for name in table], has_answers=has_answers)
    seen = [line.count for line in lines if line.count]
    asked = sum(count.asked for count in table.values()) - sum(count.asked for count in seen)
    answered = sum(count.answered for count in table.values())
    answered -= sum(count.answered for count in seen)
    return lines, asked, answered


def ways(asked, hidden):
    """Return the largest number that one of so many hidden lines could be; the least is 1."""
    return asked - (hidden - 1)


@patiently
@given(table=tables(), has_answers=st.booleans())
def test_no_hidden_line_can_be_worked_out_by_taking_the_others_from_the_total(table, has_answers):
    everybody = set().union(*(count.clients for count in table.values()))
    if len(everybody) < FEWEST_CLIENTS:
        return  # Then there is no total.
    lines, asked, answered = shown(table, has_answers=has_answers)
    hidden = [line for line in lines if not line.count]
    if not hidden:
        return
    assert len(hidden) > 1
    assert ways(asked, len(hidden)) > 1
    if has_answers and len(hidden) < len(table):
        assert 0 < answered < asked


@patiently
@given(table=tables(), has_answers=st.booleans())
def test_behind_every_number_and_behind_the_hidden_together_stand_five_clients(table, has_answers):
    everybody = set().union(*(count.clients for count in table.values()))
    lines, _asked, _answered = shown(table, has_answers=has_answers)
    for line in lines:
        if line.count:
            assert len(line.count.clients) >= FEWEST_CLIENTS
    hidden = [table[line.name].clients for line in lines if not line.count]
    if hidden and len(everybody) >= FEWEST_CLIENTS:
        assert len(set().union(*hidden)) >= FEWEST_CLIENTS


def test_five_lines_of_one_client_each_are_not_even_listed():
    """Each would be one, since five come to five."""
    table = {name: Count(1, 0, {name}) for name in range(5)}
    assert lines_of(table, [(name, name) for name in table]) == []


def test_two_hidden_lines_of_whom_nobody_answered_take_another_along():
    table = {
        "one": Count(3, 0, {1, 2, 3}),
        "two": Count(4, 0, {4, 5, 6, 7}),
        "three": Count(9, 5, set(range(10, 16))),
        "four": Count(9, 5, set(range(10, 19))),
    }
    names = [(name, name) for name in table]
    assert [line.name for line in lines_of(table, names) if line.count] == ["four"]
    # Where only one number is told, there is nothing to be learnt of answers.
    told = lines_of(table, names, has_answers=False)
    assert [line.name for line in told if line.count] == ["three", "four"]
