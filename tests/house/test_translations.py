"""What clients read is there in each language that they are asked in, whole."""

import importlib.util
import re
import tomllib
from datetime import date, datetime

import polib
import pytest
from django.conf import settings
from django.template import Context, Template
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext

from alliance.measures.actions import INSTRUMENTS
from alliance.templatetags.writing import day, day_and_time, digits
from sessions_app.clients.models import ClientIdentity
from tests.conftest import ask, hold

ROOT = settings.BASE_DIR
_spec = importlib.util.spec_from_file_location("messages", ROOT / "locale" / "messages.py")
messages = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(messages)

WORDS = messages.client_words()
RIGHT_TO_LEFT = {"ar"}


def translations(language):
    return polib.pofile(ROOT / "locale" / language / "LC_MESSAGES" / "django.po")


def said(entry):
    """Return each form in which an entry is translated."""
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


languages = pytest.mark.parametrize("language", messages.LANGUAGES)


# --- The words ---


def test_each_language_that_clients_are_asked_in_is_translated():
    assert {code for code, _name in settings.FORM_LANGUAGES} == {"en", *messages.LANGUAGES}


def test_the_words_of_clients_are_found_where_they_meet_them():
    found = {one for one, _many in WORDS}
    assert len(found) > 60
    for words in (
        "Thank you",
        "Send my answers",
        "Please choose one of the marks shown.",
        "There is nothing here",
        "My therapist, now",
    ):
        assert words in found
    assert "Your clients" not in found


def test_each_file_that_is_listed_has_words():
    files = {file for files in WORDS.values() for file in files}
    for pattern in messages.CLIENT_FILES:
        name = pattern.partition(":")[0]
        assert "*" in name or any((ROOT / file).match(name) for file in files), pattern


@languages
def test_nothing_that_clients_read_is_untranslated(language):
    done = {
        (entry.msgid, entry.msgid_plural): entry
        for entry in translations(language)
        if all(said(entry)) and not entry.fuzzy and not entry.obsolete
    }
    assert [one for one, many in WORDS if (one, many) not in done] == []


@languages
def test_nothing_is_kept_that_clients_no_longer_read(language):
    assert {(entry.msgid, entry.msgid_plural) for entry in translations(language)} == set(WORDS)


@languages
def test_no_placeholder_is_lost_or_made_up(language):
    for entry in translations(language):
        wanted = sorted(messages.PLACEHOLDER.findall(entry.msgid_plural or entry.msgid))
        for words in said(entry):
            assert sorted(messages.PLACEHOLDER.findall(words)) == wanted, entry.msgid


@languages
def test_what_is_compiled_is_what_is_written(language):
    path = ROOT / "locale" / language / "LC_MESSAGES" / "django.mo"
    compiled = {entry.msgid: said(entry) for entry in polib.mofile(path)}
    assert compiled == {entry.msgid: said(entry) for entry in translations(language)}


@languages
def test_a_translation_says_that_it_awaits_review(language):
    assert "awaits review" in translations(language).header
    assert "not by a native clinician" in translations(language).header


@languages
def test_each_question_is_there_in_each_language(language):
    told = {path.name for path in INSTRUMENTS.glob("*.toml")}
    keys = {name.removesuffix(".en.toml") for name in told if name.endswith(".en.toml")}
    first_for_therapists = {"session-therapist"}
    assert {f"{key}.{language}.toml" for key in keys - first_for_therapists} <= told
    for name in told:
        assert tomllib.loads((INSTRUMENTS / name).read_text())["language"] in name


def test_a_word_that_nobody_translated_is_found(tmp_path, monkeypatch):
    """The search itself: in code, in templates, with plurals, and only where clients are."""
    (tmp_path / "templates" / "asking").mkdir(parents=True)
    (tmp_path / "code.py").write_text(
        'class Told:\n    A = _("one " "whole")\n'
        'class Other:\n    B = _("not this")\n    C = ngettext("a %(n)s", "many %(n)s", n)\n'
    )
    page = (
        '{% extends "asking/client.html" %}{% load i18n %}{% translate "It’s 5 % so" %}'
        "{% blocktranslate count n=n trimmed %}\n one {{ n }}\n{% plural %}\n more {{ n }}\n"
        '{% endblocktranslate %}{% include "part.html" with a=_("given") only %}'
    )
    (tmp_path / "templates" / "asking" / "page.html").write_text(page)
    (tmp_path / "templates" / "asking" / "client.html").write_text("{% translate 'frame' %}")
    (tmp_path / "templates" / "part.html").write_text(
        "{% translate 'part' as told %}"
        "{% language 'en' %}{% translate 'for staff' %}{% endlanguage %}"
    )
    (tmp_path / "templates" / "staff.html").write_text("{% translate 'staff' %}")
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    monkeypatch.setattr(messages, "CLIENT_FILES", ["code.py:Told"])
    assert set(messages.client_words()) == {
        ("one whole", ""),
        ("It’s 5 %% so", ""),
        ("one %(n)s", "more %(n)s"),
        ("given", ""),
        ("frame", ""),
        ("part", ""),
    }
    monkeypatch.setattr(messages, "CLIENT_FILES", ["code.py"])
    assert ("a %(n)s", "many %(n)s") in messages.client_words()


# --- The pages ---


@languages
def test_the_clients_page_is_in_their_language_and_its_direction(cast, client, language):
    ClientIdentity.objects.filter(client=cast.cleo.client).update(language=language)
    _asked, secret = ask(hold(cast.cleo))
    client.force_login(cast.theo)  # Whoever is signed in beside it changes nothing.
    page = client.get(
        reverse("rate", args=[secret]), headers={"accept-language": "en"}
    ).content.decode()
    direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
    assert f'<html lang="{language}"' in page
    assert f'dir="{direction}"' in page
    with translation.override(language):
        assert gettext("Send my answers") in page
    assert "Send my answers" not in page


def test_marks_are_written_in_the_digits_of_the_form_and_sent_as_ever(cast, client):
    ClientIdentity.objects.filter(client=cast.cleo.client).update(language="ar")
    _asked, secret = ask(hold(cast.cleo))
    page = client.get(reverse("rate", args=[secret])).content.decode()
    assert 'value="10"><span>١٠<' in re.sub(r"\s+", " ", page)


# --- Days and digits ---


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en", "March 5, 2026"),
        ("de", "5. März 2026"),
        ("es", "5 de marzo de 2026"),
        ("fr", "5 mars 2026"),
        ("hi", "5 मार्च 2026"),
        ("ar", "٥ مارس، ٢٠٢٦"),
    ],
)
def test_a_day_is_written_as_the_language_has_it(language, written):
    with translation.override(language):
        assert day(date(2026, 3, 5)) == written


@pytest.mark.parametrize(
    ("language", "written"), [("en", "10"), ("de", "10"), ("hi", "10"), ("ar", "١٠"), (None, "10")]
)
def test_digits_are_those_of_the_language(language, written):
    with translation.override(language):
        assert digits(10) == digits("10") == written


def test_a_moment_is_told_by_the_clock_of_the_practice():
    at = datetime(2026, 11, 5, 23, 30, tzinfo=timezone.get_fixed_timezone(0))
    with timezone.override("Europe/Vienna"):
        with translation.override("de"):
            assert day(at) == "6. November 2026"
            assert day_and_time(at) == "6. November 2026 00:30"
        with translation.override("ar"):
            page = Template("{% load writing %}{{ at|day_and_time }} {{ n|digits }}")
            assert page.render(Context({"at": at, "n": 7})).endswith("٧")
