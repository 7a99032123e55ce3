"""Questionnaires come from files: once, in words that stand, and with a plain refusal."""

import re
import shutil
import tomllib

import pytest
from django.db import IntegrityError, transaction

from alliance.measures.actions import INSTRUMENTS, InstrumentError, load_instruments
from alliance.measures.files import PICTURES
from alliance.measures.models import Item, Measure, MeasureVersion
from tests.conftest import hold, rate

SHIPPED = sorted(INSTRUMENTS.glob("*.toml"))
TOLD = {path.name: tomllib.loads(path.read_text()) for path in SHIPPED}
LANGUAGES = ("en", "de", "es", "fr", "hi", "ar")
NEWEST = {
    "session": 1,
    "session-short": 1,
    "session-young": 1,
    "session-easy": 1,
    "session-therapist": 2,
    "qualities": 1,
}
ENGLISH = (INSTRUMENTS / "session.en.toml").read_text()


def _write(folder, text, name="mine.toml"):
    (folder / name).write_text(text)
    return folder


def _changed(old, new):
    assert old in ENGLISH
    return ENGLISH.replace(old, new, 1)


def _without(key):
    text, times = re.subn(rf"(?m)^{key} = .*\n", "", ENGLISH, count=1)
    assert times == 1
    return text


# --- Loading ---


def test_every_shipped_file_is_loaded_once_and_then_passed_over(db):
    new = load_instruments()
    assert {(version.measure.key, version.number, version.language) for version in new} == {
        *((key, number, language) for key, number in NEWEST.items() for language in LANGUAGES),
        ("session-therapist", 1, "en"),
    }
    assert len(new) == len(SHIPPED)
    assert load_instruments() == []
    assert MeasureVersion.objects.count() == len(SHIPPED)
    assert Item.objects.count() == sum(len(told["items"]) for told in TOLD.values())


def test_the_wordings_of_one_questionnaire_belong_to_one_measure(db):
    load_instruments()
    measures = Measure.objects.values_list("key", "perspective")
    assert len(measures) == len(NEWEST)
    assert set(measures) == {
        (key, "therapist" if key == "session-therapist" else "client") for key in NEWEST
    }


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_what_is_in_the_tables_is_what_is_in_the_file(db, path):
    load_instruments()
    told = TOLD[path.name]
    version = MeasureVersion.objects.get(
        measure__key=told["key"], number=told["version"], language=told["language"]
    )
    for name in ("title", "intro", "comment_prompt", "licence", "source", "is_validated"):
        assert getattr(version, name) == told[name]
    for name in ("guess", "translation"):
        assert getattr(version, name) == told.get(name, "")
    assert version.audience == told.get("audience", "adult")
    assert version.measure.purpose == told.get("purpose", "alliance")
    assert {
        "minimum": version.minimum,
        "maximum": version.maximum,
        "step": version.step,
    } == told["scale"]
    assert version.least_answered == told["scoring"]["least_answered"]
    told_of = ("key", "component", "text", "low", "high", "picture")
    columns = ("key", "component", "text", "low_anchor", "high_anchor", "picture")
    assert list(version.items.values_list("position", *columns)) == [
        (place, *(item.get(name, "") for name in told_of))
        for place, item in enumerate(told["items"], 1)
    ]


def test_an_item_may_be_scored_the_other_way_round(db, tmp_path):
    load_instruments(
        _write(tmp_path, _changed('key = "say"\n', 'key = "say"\nis_reverse = true\n'))
    )
    assert Item.objects.filter(is_reverse=True).get().key == "say"


@pytest.mark.parametrize("name", TOLD)
def test_a_shipped_questionnaire_is_complete_and_claims_nothing(name):
    told = TOLD[name]
    components = {item["component"] for item in told["items"] if "component" in item}
    assert components == (
        set() if told.get("purpose") == "qualities" else set(Item.Component.values)
    )
    assert all(item["low"].strip() and item["high"].strip() for item in told["items"])
    assert told["is_validated"] is False
    assert told["licence"].strip()
    assert "not validated" in told["source"].lower()
    number = f".{told['version']}" if told["version"] > 1 else ""
    assert name == f"{told['key']}{number}.{told['language']}.toml"


@pytest.mark.parametrize("name", TOLD)
def test_every_shipped_wording_asks_the_same_in_the_same_order_as_the_english_one(name):
    told = TOLD[name]
    english = TOLD[f"{name.removesuffix('.toml').rpartition('.')[0]}.en.toml"]
    for part in ("scale", "scoring", "perspective", "name", "audience", "purpose"):
        assert told.get(part) == english.get(part)
    assert ("guess" in told, bool(told["comment_prompt"])) == (
        "guess" in english,
        bool(english["comment_prompt"]),
    )
    asked = [(item["key"], item.get("component"), item.get("picture")) for item in told["items"]]
    assert asked == [
        (item["key"], item.get("component"), item.get("picture")) for item in english["items"]
    ]


def test_the_therapist_is_asked_the_same_six_from_the_other_seat():
    client, therapist = TOLD["session.en.toml"], TOLD["session-therapist.2.en.toml"]
    asked = [(item["key"], item["component"]) for item in client["items"]]
    assert asked == [(item["key"], item["component"]) for item in therapist["items"]]
    assert therapist["guess"]


# Loaded before there was a place to say it; a loaded file is never changed.
BEFORE = {"session.en.toml", "session.ar.toml", "session-therapist.en.toml"}


@pytest.mark.parametrize("name", sorted(TOLD.keys() - BEFORE))
def test_a_shipped_wording_says_who_translated_it(name):
    awaits = "Translated by the project, not by a native clinician; awaits review."
    is_english = TOLD[name]["language"] == "en"
    assert TOLD[name]["translation"] == ("Original" if is_english else awaits)


def test_each_statement_that_is_easy_to_read_has_a_picture_and_each_picture_a_statement(db):
    load_instruments()
    drawn = Item.objects.exclude(picture="")
    assert set(drawn) == set(Item.objects.filter(version__audience="easy"))
    assert {item.picture for item in drawn} == {path.stem for path in PICTURES.glob("*.svg")}
    for item in drawn:
        drawing = (PICTURES.parent / item.picture_path).read_text()
        assert 'stroke="currentColor"' in drawing
        assert not re.search(r"script|style|href|on\w+=", drawing)


@pytest.mark.parametrize("step", ["2", "0.5", "0.1", "10", "2.5"])
def test_a_step_that_divides_the_scale_is_taken(db, tmp_path, step):
    load_instruments(_write(tmp_path, _changed("step = 1", f"step = {step}")))
    assert MeasureVersion.objects.get().step == float(step)


# --- A wording stands ---


def test_another_wording_under_the_same_number_is_refused_in_plain_words(db, tmp_path):
    load_instruments(_write(tmp_path, ENGLISH))
    _write(tmp_path, _changed("what was really on my mind", "everything"))
    with pytest.raises(InstrumentError) as refusal:
        load_instruments(tmp_path)
    assert str(refusal.value) == (
        "mine.toml: version 1 is in use with another wording; "
        "give the new wording a new version number."
    )
    assert not Item.objects.filter(text__contains="everything").exists()


def test_another_wording_under_a_new_number_stands_beside_the_old(db, tmp_path):
    load_instruments(_write(tmp_path, ENGLISH))
    _write(tmp_path, _changed("version = 1", "version = 2"), name="newer.toml")
    assert [version.number for version in load_instruments(tmp_path)] == [2]
    assert Measure.objects.get().versions.count() == 2


def test_a_wording_that_somebody_rated_cannot_be_changed_by_any_way(cast):
    version = rate(hold(cast.cleo), 7).measure_version
    for words in (
        lambda: MeasureVersion.objects.filter(pk=version.pk).update(title="Another"),
        lambda: version.items.update(text="Other words."),
        lambda: version.items.all().delete(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            words()


# --- Files that cannot be used ---

MALFORMED = {
    "no TOML": ("key = ", "Invalid value"),
    "a text where a number belongs": (_changed("version = 1", 'version = "1"'), "version"),
    "an unknown key": (f'colour = "red"\n{ENGLISH}', "nobody knows colour"),
    "an unknown perspective": (
        _changed('perspective = "client"', 'perspective = "parent"'),
        "perspective is client or therapist",
    ),
    "a scale without its end": (_changed("maximum = 10\n", ""), "minimum, maximum and step"),
    "a scale in words": (_changed("step = 1", 'step = "one"'), "minimum, maximum and step"),
    "no scoring rule": (_changed("least_answered = 0.5\n", ""), "least_answered is a share"),
    "a share over 1": (_changed("least_answered = 0.5", "least_answered = 1.5"), "is a share"),
    "a share below 0": (_changed("least_answered = 0.5", "least_answered = -0.5"), "is a share"),
    "no items": (f"items = []\n{ENGLISH.split('[[items]]', 1)[0]}", "there are no items"),
    "an unknown component": (
        _changed('component = "goals"', 'component = "hope"'),
        "item 3 belongs to trust, goals or collaboration, not to hope",
    ),
    "no step": (_changed("step = 1", "step = 0"), "from minimum to maximum by a step"),
    "an empty range": (_changed("maximum = 10", "maximum = 0"), "from minimum to maximum"),
    "a step that leads past the end": (
        _changed("step = 1", "step = 3"),
        "scale's steps do not end at its maximum",
    ),
    "a step wider than the scale": (_changed("step = 1", "step = 20"), "do not end at its maximum"),
    **{
        f"nothing about {component}": (
            ENGLISH.replace(f'component = "{component}"', f'component = "{instead}"'),
            "each of trust, goals and collaboration is asked",
        )
        for component, instead in [
            ("trust", "goals"),
            ("goals", "collaboration"),
            ("collaboration", "trust"),
        ]
    },
    "an empty licence": (_changed("Apache-2.0, this project", ""), "licence is missing"),
    "an item that is no table": (
        f'items = ["say"]\n{ENGLISH.split("[[items]]", 1)[0]}',
        "item 1 is not a table",
    ),
    "a number below one": (_changed("version = 1", "version = 0"), "version counts from 1"),
    "a number that is a truth": (_changed("version = 1", "version = true"), "version is missing"),
    "a share that is a truth": (_changed("answered = 0.5", "answered = true"), "is a share"),
    "a truth in words": (
        _changed('key = "say"\n', 'key = "say"\nis_reverse = "perhaps"\n'),
        "item 1: is_reverse is true or false",
    ),
    "one key twice": (_changed('key = "matter"', 'key = "say"'), "two items have the same key"),
    **{
        f"no {key}": (_without(key), f"{key} is missing")
        for key in (
            *("key", "version", "language", "perspective", "name", "title", "intro"),
            *("is_validated", "licence", "source"),
        )
    },
    **{
        f"an item with blank {key}": (
            re.sub(rf'(?ms)(\[\[items\]\].*?^{key}) = "[^"]*"', r'\1 = " "', ENGLISH, count=1),
            f"item 1 lacks {key}",
        )
        for key in ("key", "text", "low", "high")
    },
    "an item with a blank component": (
        _changed('component = "trust"', 'component = ""'),
        "item 1 belongs to trust, goals or collaboration, not to .",
    ),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_file_that_cannot_be_used_is_named_with_what_is_wrong_in_it(db, tmp_path, what):
    text, said = MALFORMED[what]
    with pytest.raises(InstrumentError) as refusal:
        load_instruments(_write(tmp_path, text))
    assert re.match(r"mine\.toml, line \d+: ", str(refusal.value))
    assert said in str(refusal.value)
    assert not Measure.objects.exists()


def test_a_file_that_is_no_text_is_named(db, tmp_path):
    (tmp_path / "mine.toml").write_bytes(b"key = '\xff'")
    with pytest.raises(InstrumentError, match=r"^mine\.toml, line 1: "):
        load_instruments(tmp_path)


def test_the_files_of_one_questionnaire_are_for_the_same_seat(db, tmp_path):
    _write(tmp_path, ENGLISH, name="a.toml")
    other = _changed('perspective = "client"', 'perspective = "therapist"')
    _write(tmp_path, other.replace('"en"', '"de"'), name="b.toml")
    with pytest.raises(InstrumentError, match=r"^b\.toml: another file of session says client"):
        load_instruments(tmp_path)


def test_one_file_that_cannot_be_used_keeps_the_others_out_too(db, tmp_path):
    shutil.copy(INSTRUMENTS / "session.en.toml", tmp_path / "a.toml")
    _write(tmp_path, "key = ", name="b.toml")
    with pytest.raises(InstrumentError, match=r"^b\.toml, line 1: "):
        load_instruments(tmp_path)
    assert not MeasureVersion.objects.exists()


# --- Which wording is asked ---


def _newer(folder, language, number):
    _write(
        folder,
        _changed('language = "en"', f'language = "{language}"').replace(
            "version = 1", f"version = {number}", 1
        ),
        name=f"{language}.{number}.toml",
    )


def test_a_client_is_asked_in_their_language_and_else_in_english(db):
    load_instruments()
    for language, asked in [("en", "en"), ("ar", "ar"), ("de", "de"), ("xx", "en"), ("", "en")]:
        version = MeasureVersion.objects.to_ask(key="session", language=language)
        assert (version.measure.key, version.language) == ("session", asked)
    therapist = MeasureVersion.objects.to_ask(key="session-therapist", language="ar")
    assert (therapist.measure.key, therapist.language) == ("session-therapist", "ar")


def test_the_newest_wording_is_asked(db, tmp_path):
    _newer(tmp_path, "en", 2)
    _newer(tmp_path, "en", 10)
    load_instruments()
    load_instruments(tmp_path)
    for language in ("en", "it"):
        assert MeasureVersion.objects.to_ask(key="session", language=language).number == 10
    assert MeasureVersion.objects.to_ask(key="session", language="ar").number == 1


def test_a_newer_wording_in_one_language_only_leaves_the_fallback_in_english(db, tmp_path):
    load_instruments()
    _newer(tmp_path, "ar", 2)
    load_instruments(tmp_path)
    assert MeasureVersion.objects.to_ask(key="session", language="it").language == "en"
