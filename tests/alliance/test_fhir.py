"""Questionnaires go out as FHIR R4 and come in; what cannot be asked is refused by its linkId."""

import json
from copy import deepcopy
from dataclasses import replace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from fhir.resources.R4B.questionnaire import Questionnaire

from alliance.measures.actions import INSTRUMENTS
from alliance.measures.fhir import OURS, write_questionnaire
from alliance.measures.fhir_reading import read_questionnaire
from alliance.measures.files import decode, read_measure
from alliance.measures.models import MeasureVersion
from alliance.measures.stored import as_read
from alliance.measures.values import InstrumentError
from tests.alliance.own_measures import PLANTED, TOML, add, add_active

SHIPPED = sorted(INSTRUMENTS.glob("*.toml"))
LINE = {"url": "http://hl7.org/fhir/StructureDefinition/minValue", "valueInteger": 0}
ORDINAL = "http://hl7.org/fhir/StructureDefinition/ordinalValue"


def read_file(path):
    return read_measure(decode(path.read_bytes(), path.name), path.name)


def there_and_back(measure):
    told = write_questionnaire(measure, status="active", with_wording=True)
    return read_questionnaire(json.dumps(told), "x.json")


@pytest.fixture
def mara(cast):
    browser = Client()
    browser.force_login(cast.mara)
    return browser


# --- Out ---


@pytest.mark.parametrize("with_wording", [True, False])
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_each_of_ours_is_a_valid_questionnaire_of_fhir_r4(path, with_wording):
    measure = read_file(path)
    told = write_questionnaire(measure, status="active", with_wording=with_wording)
    valid = Questionnaire.model_validate(told)
    assert valid.title
    keys = [item.key for item in measure.items]
    assert [item.linkId for item in valid.item][: len(keys)] == keys


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_what_goes_out_with_its_words_comes_back_the_same(path):
    measure = read_file(path)
    assert there_and_back(measure) == (measure, [])


def test_steps_reversal_norms_and_statements_of_no_component_come_back_too():
    measure = replace(read_measure(TOML, "x"), step=0.5, guess="Guess?", translation="Original")
    Questionnaire.model_validate(write_questionnaire(measure, status="draft", with_wording=True))
    assert there_and_back(measure) == (measure, [])


def test_without_its_wording_only_the_structure_is_left():
    told = write_questionnaire(read_measure(TOML, "x"), status="active", with_wording=False)
    Questionnaire.model_validate(told)
    assert "planted" not in json.dumps(told).lower()
    assert [item["linkId"] for item in told["item"]] == ["warm", "full", "chipped", "overall"]
    assert not any("text" in item or "item" in item for item in told["item"])
    extensions = {one["url"]: one for one in told["item"][2]["extension"]}
    assert extensions[f"{OURS}is-reverse"]["valueBoolean"] is True
    assert extensions[f"{OURS}component"]["valueCode"] == "collaboration"


def test_a_manager_downloads_ours_with_words_and_their_own_without(cast, mara):
    ours = MeasureVersion.objects.get(measure__key="session", language="en")
    own = add_active(cast.practice, by=cast.mara)
    answers = {
        version: mara.get(reverse("measure-fhir", args=[version.pk])) for version in (ours, own)
    }
    for version, answer in answers.items():
        assert answer.headers["Content-Type"] == "application/fhir+json"
        name = f"{version.measure.key}-1-en.json"
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
        Questionnaire.model_validate(answer.json())
        assert answer.json()["status"] == "active"
    assert answers[ours].json()["item"][0]["text"] == ours.items.first().text
    assert PLANTED not in answers[own].content.decode()


# --- In ---


def other():
    """A questionnaire as some other program writes it: words at numbers, none of our extensions."""
    options = [
        {"valueCoding": {"code": str(n), "display": word}, "extension": []}
        for n, word in enumerate(("Never", "Sometimes", "Always"))
    ]
    for number, option in enumerate(options):
        option["valueCoding"]["extension"] = [{"url": ORDINAL, "valueDecimal": number}]
        del option["extension"]
    return {
        "resourceType": "Questionnaire",
        "status": "draft",
        "url": "https://example.org/Questionnaire/kettles",
        "title": "Kettles",
        "language": "en-GB",
        "item": [
            {
                "linkId": "all",
                "type": "group",
                "item": [
                    {
                        "linkId": str(n),
                        "type": "choice",
                        "text": f"Kettle {n}.",
                        "answerOption": options,
                    }
                    for n in (1, 2)
                ],
            },
            {"linkId": "c", "type": "text", "text": "Anything else?"},
        ],
    }


def read(told):
    return read_questionnaire(json.dumps(told), "kettles.json")


def test_another_programs_questionnaire_is_read_by_the_numbers_of_its_answers():
    Questionnaire.model_validate(other())
    measure, notes = read(other())
    assert (measure.key, measure.language, measure.title) == ("kettles", "en", "Kettles")
    assert (measure.minimum, measure.maximum, measure.step) == (0, 2, 1)
    assert [(item.key, item.low, item.high) for item in measure.items] == [
        ("1", "Never", "Always"),
        ("2", "Never", "Always"),
    ]
    assert (measure.comment_prompt, measure.method, measure.least_answered) == (
        "Anything else?",
        "mean",
        1,
    )
    assert any("both ends" in note for note in notes)
    assert any("how it is scored" in note for note in notes)


def test_whole_numbers_as_answers_are_read_with_their_ends_told_below():
    told = other()
    for item in told["item"][0]["item"]:
        item["answerOption"] = [{"valueInteger": n} for n in (1, 2, 3, 4)]
        control = "http://hl7.org/fhir/StructureDefinition/questionnaire-itemControl"
        codes = "http://hl7.org/fhir/questionnaire-item-control"
        item["item"] = [
            {
                "linkId": f"{item['linkId']}{end}",
                "type": "display",
                "text": end,
                "extension": [
                    {
                        "url": control,
                        "valueCodeableConcept": {"coding": [{"system": codes, "code": end}]},
                    }
                ],
            }
            for end in ("lower", "upper")
        ]
    Questionnaire.model_validate(told)
    measure, _notes = read(told)
    assert (measure.minimum, measure.maximum, measure.items[0].high) == (1, 4, "upper")


def test_a_link_id_that_is_no_key_gets_one():
    told = other()
    told["item"][0]["item"][1]["linkId"] = "/2.b"
    assert [item.key for item in read(told)[0].items] == ["1", "item-2"]


def test_that_something_must_be_answered_is_noted_and_not_kept():
    told = other()
    told["item"][0]["item"][0]["required"] = True
    assert any("may be skipped" in note for note in read(told)[1])


def test_a_copyright_notice_is_kept_and_a_long_one_pointed_to():
    assert read(other() | {"copyright": "© Kettles Ltd"})[0].licence == "© Kettles Ltd"
    measure, notes = read(other() | {"copyright": "© " * 200})
    assert measure.licence == "That of its holder"
    assert any("copyright notice" in note for note in notes)


def test_a_version_or_language_that_is_not_ours_is_noted():
    measure, notes = read(other() | {"version": "2.1.0", "language": "tlh"})
    assert (measure.version, measure.language) == (1, "en")
    assert len(notes) >= 4


def _first(told):
    return told["item"][0]["item"][0]


BENT = {
    "asked only sometimes": (lambda t: _first(t).update(enableWhen=[{"question": "2"}]), "1"),
    "several answers": (lambda t: _first(t).update(repeats=True), "1"),
    "pre-set": (lambda t: _first(t).update(initial=[{"valueInteger": 1}]), "1"),
    "cannot be answered": (lambda t: _first(t).update(readOnly=True), "1"),
    "answers kept elsewhere": (lambda t: _first(t).update(answerValueSet="http://x.org/v"), "1"),
    "a modifier": (lambda t: _first(t).update(modifierExtension=[{"url": "x"}]), "1"),
    "a date": (lambda t: _first(t).update(type="date"), "1"),
    "words above a group": (lambda t: t["item"][0].update(text="Please:"), "all"),
    "no number": (lambda t: _first(t)["answerOption"].append({"valueString": "x"}), "1"),
    "one answer": (lambda t: _first(t).update(answerOption=[{"valueInteger": 1}]), "1"),
    "unequal distances": (
        lambda t: _first(t).update(answerOption=[{"valueInteger": n} for n in (1, 2, 4)]),
        "1",
    ),
    "another scale": (
        lambda t: t["item"][0]["item"][1].update(
            answerOption=[{"valueInteger": n} for n in (1, 2)]
        ),
        "2",
    ),
    "a line without an end": (lambda t: _first(t).update(type="integer", extension=[LINE]), "1"),
    "something below": (
        lambda t: _first(t).update(item=[{"linkId": "1.1", "type": "display", "text": "x"}]),
        "1.1",
    ),
    "no words": (lambda t: _first(t).pop("text"), "1"),
    "no words at its ends": (
        lambda t: [
            item.update(answerOption=[{"valueInteger": n} for n in (1, 2)])
            for item in t["item"][0]["item"]
        ],
        "1",
    ),
    "two answers in words": (
        lambda t: t["item"].append({"linkId": "d", "type": "text", "text": "And?"}),
        "d",
    ),
    "a statement after the end": (
        lambda t: t["item"].append(t["item"][0]["item"].pop() | {"linkId": "z"}),
        "z",
    ),
    "an unknown component": (
        lambda t: _first(t).update(extension=[{"url": f"{OURS}component", "valueCode": "hope"}]),
        "1",
    ),
    "words too long": (lambda t: _first(t).update(text="x" * 281), "1"),
    "words that are none": (lambda t: _first(t).update(text={"a": 1}), "1"),
}


@pytest.mark.parametrize("what", BENT)
def test_what_cannot_be_asked_is_refused_and_its_link_id_named(what):
    bend, link_id = BENT[what]
    told = deepcopy(other())
    bend(told)
    with pytest.raises(InstrumentError) as refusal:
        read(told)
    assert str(refusal.value).startswith(f"kettles.json, linkId {link_id}: ")


def nested(depth):
    item = {"linkId": "1", "type": "integer"}
    for place in range(depth):
        item = {"linkId": f"g{place}", "type": "group", "item": [item]}
    return json.dumps({"resourceType": "Questionnaire", "item": [item]})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{\n  oops", "kettles.json, line 2: "),
        ("[" * 100_000, "kettles.json, line 1: "),
        ('{"a": NaN}', "cannot be read as JSON"),
        ('{"a": ' + "9" * 5000 + "}", "cannot be read as JSON"),
        ("[]", "no FHIR Questionnaire"),
        ('{"resourceType": "Patient"}', "no FHIR Questionnaire"),
        ('{"resourceType": "Questionnaire"}', "there are no items"),
        ('{"resourceType": "Questionnaire", "item": "x"}', "there are no items"),
        ('{"resourceType": "Questionnaire", "item": [1, null]}', "there are no items"),
        (
            '{"resourceType": "Questionnaire", "modifierExtension": []}',
            "in a way that is not known here",
        ),
        (nested(9), "linkId g1: groups lie too deep"),
        (nested(2), "linkId 1: it does not say from where to where"),
    ],
)
def test_what_is_no_questionnaire_is_refused_in_plain_words(text, said):
    with pytest.raises(InstrumentError, match=r"^kettles\.json") as refusal:
        read_questionnaire(text, "kettles.json")
    assert said in str(refusal.value)


# --- By upload ---


def upload(mara, cast, content=b"", name="kettles.json", **told):
    if content:
        told["file"] = SimpleUploadedFile(name, content)
    return mara.post(reverse("measure-upload", args=[cast.practice.pk]), told, follow=True)


def test_fhir_is_uploaded_like_toml_and_says_what_was_left_out(cast, mara):
    answer = upload(mara, cast, json.dumps(other()).encode())
    body = answer.content.decode()
    assert "Added as a draft" in body
    assert "Only the words at both ends are kept" in body
    version = MeasureVersion.objects.get(measure__practice=cast.practice)
    assert as_read(version) == read(other())[0]


@pytest.mark.parametrize("mark", ["", "\ufeff", "\n "])
def test_what_stands_in_a_file_may_be_pasted_instead(cast, mara, mark):
    upload(mara, cast, text=mark + json.dumps(other()))
    assert MeasureVersion.objects.filter(measure__practice=cast.practice).count() == 1


def test_an_error_is_said_with_its_line_and_the_text_stands_there_to_be_mended(cast, mara):
    text = TOML.replace('component = "goals"', 'component = "hope"')
    line = text.splitlines().index('component = "hope"') + 1
    answer = upload(mara, cast, text.encode(), name="teapots.toml")
    form = answer.context["form"]
    assert f"teapots.toml, line {line}: " in form.errors["text"][0]
    assert form["text"].value() == text
    mended = upload(mara, cast, text=TOML)
    assert "Added as a draft" in mended.content.decode()


@pytest.mark.parametrize(
    ("content", "told", "field", "said"),
    [
        (b"", {}, "file", "Choose a file"),
        (b"", {"text": " \n"}, "file", "Choose a file"),
        (b"#" * 200_001, {}, "file", "larger than 200 KB"),
        (b"key = '\xff'", {}, "text", "no text in UTF-8"),
        (b"", {"text": "#" * 200_001}, "text", "at most 200000"),
    ],
)
def test_an_upload_that_is_none_is_refused_beside_its_field(cast, mara, content, told, field, said):
    answer = upload(mara, cast, content, **told)
    assert said in " ".join(answer.context["form"].errors[field])
    assert not MeasureVersion.objects.filter(measure__practice=cast.practice).exists()


def test_what_is_there_already_is_refused_on_the_page(cast, mara):
    add(cast.practice, by=cast.mara)
    answer = upload(mara, cast, TOML.encode(), name="teapots.toml")
    assert "is here already" in answer.content.decode()


def test_no_file_that_is_sent_ever_lies_on_a_disk(cast, mara, settings, monkeypatch):
    """Not even one that is larger than what Django keeps in memory."""
    made = []
    monkeypatch.setattr(
        "django.core.files.uploadedfile.TemporaryUploadedFile.__init__",
        lambda *args, **kwargs: made.append(args),
    )
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = upload(mara, cast, b"#" * 100_000, name="teapots.toml")
    assert answer.status_code == 200
    assert "Choose a file" in answer.context["form"].errors["file"][0]
    assert made == []
