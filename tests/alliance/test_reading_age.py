"""Who has read books for nine years can read what clients are asked, in each language."""

import re
import tomllib

import pytest

from tests.reading_age import (
    INSTRUMENTS,
    Text,
    english,
    french,
    german,
    reading_age,
    spanish,
    syllables,
    table,
    text_of,
)

TOLD = {path.name: tomllib.loads(path.read_text()) for path in sorted(INSTRUMENTS.glob("*.toml"))}
FOR_CLIENTS = [name for name, told in TOLD.items() if told["perspective"] == "client"]
WITH_FORMULA = [name for name in FOR_CLIENTS if TOLD[name]["language"] not in ("hi", "ar")]
WITHOUT = [name for name in FOR_CLIENTS if TOLD[name]["language"] in ("hi", "ar")]
OLDEST = 10
LONGEST_SENTENCE = 20
LONGEST_END = 4
DOCUMENT = INSTRUMENTS.parents[2] / "docs" / "method" / "measures.md"
# Loaded before there was this rule; a loaded file is never changed.
LONGER_END = "As much as I want"
# What is never said to clients, as it would be called in their language.
NEVER = {
    "en": ("alliance", "rupture", "score", "rate your", "symptom"),
    "de": ("allianz", "bündnis", "bruch", "score", "punktzahl", "bewerten", "symptom"),
    "es": ("alianza", "ruptura", "puntuación", "puntaje", "califi", "síntoma"),
    "fr": ("alliance", "rupture", "score", "évalue", "symptôme"),
    "hi": ("गठबंधन", "स्कोर", "मूल्यांकन", "लक्षण"),
    "ar": ("تحالف", "تصدع", "تقييم", "أعراض"),
}


@pytest.mark.parametrize("name", WITH_FORMULA)
def test_what_a_client_reads_can_be_read_at_nine(name):
    assert reading_age(text_of(TOLD[name])) < OLDEST


@pytest.mark.parametrize("name", WITHOUT)
def test_where_no_formula_is_known_sentences_and_words_are_short(name):
    text = text_of(TOLD[name])
    assert reading_age(text) is None
    assert text.words_a_sentence < 10
    assert text.letters_a_word < 5


@pytest.mark.parametrize("name", TOLD)
def test_no_sentence_is_long_and_no_end_of_a_scale_is_a_sentence(name):
    assert text_of(TOLD[name]).longest <= LONGEST_SENTENCE
    ends = {item[end] for item in TOLD[name]["items"] for end in ("low", "high")} - {LONGER_END}
    if name != "session-therapist.en.toml":
        assert max(len(end.split()) for end in ends) <= LONGEST_END
    assert not [end for end in ends if end.endswith((".", "।", "!"))]


@pytest.mark.parametrize("name", TOLD)
def test_no_client_is_told_of_alliances_ruptures_or_scores(name):
    told = TOLD[name]
    said = " ".join(
        [told["title"], told["intro"], told.get("comment_prompt", "")]
        + [item[part] for item in told["items"] for part in ("text", "low", "high")]
    )
    assert not [word for word in NEVER[told["language"]] if word in said.lower()]


def test_the_guide_has_the_figures_of_the_files_that_there_are():
    assert "\n".join(table()) in DOCUMENT.read_text()


# --- The formulas, worked out by hand ---


@pytest.mark.parametrize(
    ("language", "counted"),
    [
        ("en", {"the": 1, "marks": 1, "today": 2, "table": 2, "wanted": 2, "completely": 4}),
        ("de", {"ich": 1, "heute": 2, "Aussagen": 3, "beschäftigt": 3, "Zeit": 1}),
        ("es", {"quiero": 2, "tenía": 3, "idea": 3, "aquí": 2, "bien": 1, "leer": 2}),
        ("fr", {"même": 1, "personne": 2, "vraiment": 2, "séance": 2, "que": 1, "voulez": 2}),
    ],
)
def test_syllables_are_counted_by_a_rule_of_thumb(language, counted):
    assert {word: syllables(word, language) for word in counted} == counted


def test_the_formulas_give_what_is_worked_out_by_hand():
    # Six words of one syllable in one sentence.
    cat = Text(
        "en", ["the", "cat", "sat", "on", "the", "mat"], [["the", "cat", "sat", "on", "the", "mat"]]
    )
    assert english(cat) == pytest.approx(0.39 * 6 + 11.8 - 15.59)
    # Four words; two have three syllables, two are longer than six letters, one is short.
    words = ["Aussagen", "sind", "Übungen", "heute"]
    text = Text("de", words, [words])
    assert german(text) == pytest.approx(
        0.1935 * 50 + 0.1672 * 4 + 0.1297 * 50 - 0.0327 * 25 - 0.875
    )
    words = ["quiero", "leer"]
    assert spanish(Text("es", words, [words])) == pytest.approx(206.84 - 60 * 2 - 1.02 * 2)
    words = ["une", "séance"]
    assert french(Text("fr", words, [words])) == pytest.approx(207 - 73.6 * 1.5 - 1.015 * 2)


@pytest.mark.parametrize("language", ["en", "de", "es", "fr"])
def test_long_words_in_long_sentences_need_older_readers(language):
    easy = Text(language, ["la", "ma"] * 4, [["la", "ma"]] * 4)
    hard = Text(language, ["lamalamalama"] * 8, [["lamalamalama"] * 8])
    assert reading_age(easy) < OLDEST < reading_age(hard)


def test_words_of_every_writing_are_found_whole():
    told = {
        "title": "आज मुझे कैसा लगा? मुझे जो चाहिए।",
        "intro": "أُخذ كلامي على محمل الجد. ٣٠ ثانية",
        "items": [{"text": "Aujourd’hui, côte-à-côte: oui."}],
    }
    text = text_of({"language": "hi", **told})
    assert [len(sentence) for sentence in text.sentences] == [4, 3, 5, 2, 3, 1]
    assert re.fullmatch("मुझे", text.words[1])
