"""A file of instruments is read whole or refused, with the line of what is wrong in it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance.measures.files import InstrumentError, Norm, decode, read_measure
from alliance.measures.lines import Lines

WHOLE = (
    '''\
# A questionnaire of nobody's.
key = "mine"
version = 2
language = "en"
perspective = "client"
name = "Mine"
title = "How was it?"
intro = """
Two lines,
and [not] a table."""
is_validated = false
licence = "Apache-2.0"
source = "Written for a test."

[scale]
minimum = 0
maximum = 10
step = 1

[scoring]
least_answered = 0.5

[[items]]
key = "one"
component = "trust"
text = "One."
low = "No"
high = "Yes"

[[items]]
key = "two"
component = "goals"
text = "Two, ] and # and '''
    + '\\\\\\" inside.'
    + """"
low = 'No'
high = "Yes"

[[items]]
key = "three"
component = "collaboration"
text = "Three."
low = "No"
high = "Yes"

[[norms]]
population = "Nobody"
n = 12
mean = 7.5
sd = 1
source = "A test."
"""
)


def changed(old, new):
    assert WHOLE.count(old) == 1
    return WHOLE.replace(old, new)


def refusal(text):
    with pytest.raises(InstrumentError) as refused:
        read_measure(text, "mine.toml")
    return str(refused.value)


def test_what_may_be_left_out_has_a_plain_meaning():
    read = read_measure(WHOLE, "mine.toml")
    assert (read.audience, read.purpose, read.method) == ("adult", "alliance", "mean")
    assert (read.comment_prompt, read.guess, read.translation) == ("", "", "")
    assert [(item.component, item.picture) for item in read.items] == [
        ("trust", ""),
        ("goals", ""),
        ("collaboration", ""),
    ]
    assert read.norms == (Norm("Nobody", 12, 7.5, 1.0, "A test."),)


def test_what_may_be_said_besides_is_read():
    more = 'audience = "young"\nguess = "What will they say?"\ntranslation = "Somebody."\n'
    text = more + changed("least_answered = 0.5", 'least_answered = 1\nmethod = "sum"')
    read = read_measure(text, "mine.toml")
    assert (read.audience, read.guess, read.translation) == (
        "young",
        "What will they say?",
        "Somebody.",
    )
    assert (read.method, read.least_answered) == ("sum", 1)


def test_a_statement_may_belong_to_no_component():
    overall = '[[items]]\nkey = "all"\ntext = "All in all."\nlow = "No"\nhigh = "Yes"\n\n[[norms]]'
    read = read_measure(changed("[[norms]]", overall), "mine.toml")
    assert [item.component for item in read.items] == ["trust", "goals", "collaboration", ""]


def test_qualities_belong_to_no_component():
    qualities = f'purpose = "qualities"\n{WHOLE}'
    assert "qualities belong to no component" in refusal(qualities)
    apart = re.sub(r"(?m)^component = .*\n", "", qualities)
    read = read_measure(apart, "mine.toml")
    assert read.purpose == "qualities"
    assert {item.component for item in read.items} == {""}


WRONG = {
    "a line that is no TOML": (changed("version = 2", "version: 2"), "version: 2", "Expected"),
    "a key said twice": (changed("version = 2", 'key = "other"'), "other", "Cannot overwrite"),
    "a key nobody knows": (changed("version = 2", "colour = 2"), "colour", "nobody knows colour"),
    "no language that is known": (
        changed('language = "en"', 'language = "xx"'),
        "language =",
        "language is a code like en",
    ),
    "a number out of range": (changed("version = 2", "version = 0"), "version =", "counts from 1"),
    "words after a long text": (
        changed("is_validated = false", "is_validated = 0"),
        "is_validated",
        "is_validated is missing or is not true or false",
    ),
    "a scale nobody can use": (changed("step = 1\n", "step = 3\n"), "step =", "do not end"),
    "a scale that is endless": (
        changed("maximum = 10", "maximum = 1e300"),
        "[scale]",
        "scale needs the numbers",
    ),
    "a scale of too many steps": (changed("step = 1\n", "step = 0.01\n"), "step =", "1 to 100"),
    "what the scale does not need": (
        changed("minimum = 0\n", "minimum = 0\nmiddle = 5\n"),
        "middle",
        "nobody knows middle",
    ),
    "a rule nobody knows": (
        changed("least_answered = 0.5", 'least_answered = 0.5\nmethod = "best"'),
        "method",
        "method is mean or sum",
    ),
    "an audience nobody knows": (
        changed("version = 2", 'version = 2\naudience = "all"'),
        "audience",
        "audience is adult, young or easy",
    ),
    "too long a text": (
        changed('title = "How was it?"', f'title = "{"Ha" * 81}"'),
        "title =",
        "title has more than 160 characters",
    ),
    "a key of two words": (changed('key = "mine"', 'key = "my own"'), "my own", "made of letters"),
    "a character that cannot be seen": (
        changed('text = "Three."', r'text = "Three.\u0000"'),
        "Three.",
        "text has a character in it that cannot be seen",
    ),
    "an item of its own kind": (changed("low = 'No'", "low = 1"), "low = 1", "item 2 lacks low"),
    "an item without words": (
        changed('text = "Three."\n', ""),
        "[[items]]",
        "item 3 lacks text",
    ),
    "a component nobody knows": (
        changed('"collaboration"', '"hope"'),
        "hope",
        "item 3 belongs to",
    ),
    "a key used twice": (
        changed('key = "three"', 'key = "one"'),
        'key = "one"',
        "the same key, one",
    ),
    "a key that the form needs": (
        changed('key = "three"', 'key = "comment"'),
        "comment",
        "no item can have the key comment",
    ),
    "a key like those of what is offered besides": (
        changed('key = "three"', 'key = "besides-real"'),
        "besides-real",
        "no item can have the key besides-real",
    ),
    "a picture nobody has drawn": (
        changed("low = 'No'", "low = 'No'\npicture = 'elephant'"),
        "elephant",
        "item 2: there is no picture elephant",
    ),
    "a norm of nobody": (changed("n = 12", "n = 0"), "n = 0", "norm 1: n says how many"),
    "a norm without a mean": (changed("mean = 7.5", "mean = nan"), "nan", "mean is a number"),
    "a norm without spread": (changed("sd = 1", "sd = 0"), "sd = 0", "sd is a number over 0"),
    "a norm that nobody reports": (
        changed('source = "A test."', 'source = ""'),
        'source = ""',
        "source is missing",
    ),
    "a norm with more": (changed("sd = 1", "se = 1"), "se = 1", "nobody knows se"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_with_its_line(what):
    text, here, said = WRONG[what]
    lines = [n for n, line in enumerate(text.splitlines(), 1) if here in line]
    assert re.fullmatch(rf"mine\.toml, line {lines[-1]}: .*{said}.*", refusal(text))


def test_a_list_in_one_piece_is_named_where_it_begins():
    head, rest = WHOLE.split("[[items]]", 1)
    assert rest
    text = f'items = [\n  {{ key = "one", text = "One." }},\n  "two",\n]\n{head}'
    assert refusal(text) == "mine.toml, line 1: item 1 lacks low."


def test_lines_are_counted_over_long_texts_lists_and_remarks():
    text = (
        'a = """\n"" x = 1 \\""" ["""" # not the end\n'
        "b = [ # one\n  [1, ']'],\n  {c = '#'},\n]\n\n"
        "[t.'q r']\n  d = '''\n[[no]]\n'''\n[[t.l]]\ne.f = 1\n[[t.l]]\ne.f = 2\n[t.l.g]\nh = 3"
    )
    lines = Lines(text)
    wanted = {
        ("a",): 1,
        ("b",): 3,
        ("t", "q r"): 8,
        ("t", "q r", "d"): 9,
        ("t", "l", 0, "e", "f"): 13,
        ("t", "l", 1, "e", "f"): 15,
        ("t", "l", 1, "g", "h"): 17,
        ("t", "l", 1, "z"): 14,
        ("nowhere",): 1,
    }
    assert {path: lines.of(path) for path in wanted} == wanted


def test_a_file_that_is_no_text_is_refused_with_the_line():
    with pytest.raises(InstrumentError, match=r"^mine\.toml, line 2: this is no text in UTF-8\.$"):
        decode(b"key = 1\nname = '\xff'", "mine.toml")


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 20_000,
        "version = " + "9" * 5_000,
        "",
        "[[items]]\n" * 200,
        "key = 1979-05-27",
    ],
    ids=["nested without end", "a number without end", "nothing", "empty items", "a day"],
)
def test_what_is_meant_to_break_the_reader_is_refused_as_well(text):
    assert re.match(r"mine\.toml, line \d+: ", refusal(text))


@given(st.data())
def test_a_file_with_a_line_changed_is_read_or_refused_with_a_line(data):
    lines = WHOLE.splitlines()
    place = data.draw(st.integers(0, len(lines) - 1))
    key = lines[place].split(" = ")[0]
    values = ["true", "-1", "1e400", '""', "[]", "{}", "[[]]", "inf", "'''x'''", "07:32:00"]
    lines[place] = f"{key} = {data.draw(st.sampled_from(values))}"
    try:
        assert read_measure("\n".join(lines), "mine.toml").items
    except InstrumentError as error:
        assert re.match(r"mine\.toml, line \d+: \S", str(error))
