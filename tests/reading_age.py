"""How old a reader must be to read a questionnaire, by the formula of its language.

`python -m tests.reading_age` prints the table of docs/method/measures.md.
Formulas are made for texts of a hundred words and more; a questionnaire has
sixty to a hundred, so its number is a warning, not a measurement. The ends of
the scales are left out: they are no sentences.
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

INSTRUMENTS = Path(__file__).parent.parent / "alliance" / "measures" / "instruments"
LETTER = r"[^\W\d_]"
# Marks of Indic and Arabic writing that stand above or below a letter are part of the word.
WORD = re.compile(rf"(?:{LETTER}|\d)(?:{LETTER}|\d|[\u0300-\u036f\u0610-\u065f\u0900-\u0963]|[-])*")
# As Flesch (1948) has it, what ends with a colon or a semicolon is a sentence too.
ENDS = re.compile(r"[.!?:;؟؛।]+")
VOWELS = {
    "en": "aeiouy",
    "de": "aeiouyäöü",
    "es": "aeiouáéíóúü",
    "fr": "aeiouyàâäéèêëîïôöùûüœæ",
}
SCHOOL_BEGINS = 5  # Grade 1 is read at six.


def syllables(word, language):
    """Count the syllables of a word, as a rule of thumb: groups of vowels."""
    word = word.lower()
    if language == "es":
        # Two strong vowels, or a weak one with an accent beside another, are two syllables.
        word = re.sub(r"(?<=[aeoáéó])(?=[aeoáéó])|(?<=[íú])(?=[aeo])|(?<=[aeo])(?=[íú])", "-", word)
        word = re.sub(r"(?<=[gq])u(?=[eéií])", "", word)
    if language == "en":
        word = re.sub(r"(?<=[^aeiouyl])es?$|(?<=[^aeioudty])ed$|(?<=[aeiou]l)e$", "", word)
    if language == "fr":
        word = re.sub(r"(?<=[^aeiouyéèê])(?:es?|(?<!m)ent)$", "", word) or word
        word = re.sub(r"(?<=[gq])u(?=[eéèêi])", "", word)
        word = re.sub(r"(?<=é)(?=[aoiue])", "-", word)
    return max(1, len(re.findall(f"[{VOWELS[language]}]+", word)))


@dataclass(frozen=True, slots=True)
class Text:
    """A text as the formulas see it."""

    language: str
    words: list[str]
    sentences: list[list[str]]

    @property
    def longest(self):
        return max(map(len, self.sentences))

    @property
    def words_a_sentence(self):
        return len(self.words) / len(self.sentences)

    @property
    def letters_a_word(self):
        return fmean(sum(map(str.isalpha, word)) for word in self.words)

    @property
    def syllables_a_word(self):
        return fmean(syllables(word, self.language) for word in self.words)

    def percent(self, is_so):
        return 100 * sum(map(is_so, self.words)) / len(self.words)


def text_of(told):
    """Return what a client reads in sentences: title, introduction, statements, question."""
    language = told["language"]
    said = [told["title"], told["intro"], told.get("comment_prompt", ""), told.get("guess", "")]
    said += [item["text"] for item in told["items"]]
    pieces = (WORD.findall(piece) for text in said for piece in ENDS.split(text))
    sentences = [piece for piece in pieces if piece]
    return Text(language, [word for piece in sentences for word in piece], sentences)


def english(text):
    """Return the grade of Flesch–Kincaid: Kincaid et al. (1975), Research Branch Report 8-75."""
    return 0.39 * text.words_a_sentence + 11.8 * text.syllables_a_word - 15.59


def german(text):
    """Return the grade of the first Wiener Sachtextformel.

    Bamberger & Vanecek (1984), Lesen – Verstehen – Lernen – Schreiben.
    """
    long = text.percent(lambda word: syllables(word, "de") >= 3)
    wide = text.percent(lambda word: len(word) > 6)
    short = text.percent(lambda word: syllables(word, "de") == 1)
    return 0.1935 * long + 0.1672 * text.words_a_sentence + 0.1297 * wide - 0.0327 * short - 0.875


def spanish(text):
    """Return the ease of Fernández Huerta (1959), Consigna 214, 29–32: 90–100 is grade 4."""
    return 206.84 - 60 * text.syllables_a_word - 1.02 * text.words_a_sentence


def french(text):
    """Return the ease of Kandel & Moles (1958), Cahiers d'études de radio-télévision 19, 253–274.

    On Flesch's scale, where 90–100 is grade 5.
    """
    return 207 - 73.6 * text.syllables_a_word - 1.015 * text.words_a_sentence


def reading_age(text):
    """Return the age, in years, at which the grade of a text begins; None where none is known."""
    if text.language == "en":
        return english(text) + SCHOOL_BEGINS
    if text.language == "de":
        return german(text) + SCHOOL_BEGINS
    # Ten points of ease are a grade, from the grade at the middle of 90–100.
    if text.language == "es":
        return 4 + (95 - spanish(text)) / 10 + SCHOOL_BEGINS
    if text.language == "fr":
        return 5 + (95 - french(text)) / 10 + SCHOOL_BEGINS
    return None


def table():
    """Return the lines of the table: each file with what was found."""
    lines = [
        "| file | words | words a sentence | letters a word | reading age |",
        "|---|--:|--:|--:|--:|",
    ]
    for path in sorted(INSTRUMENTS.glob("*.toml")):
        text = text_of(tomllib.loads(path.read_text()))
        age = reading_age(text)
        lines.append(
            f"| `{path.name}` | {len(text.words)} | {text.words_a_sentence:.1f} "
            f"| {text.letters_a_word:.1f} | {'–' if age is None else f'{age:.1f}'} |"
        )
    return lines


if __name__ == "__main__":
    print("\n".join(table()))
