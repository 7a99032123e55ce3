"""Gather what clients read into locale/*/LC_MESSAGES, and compile the translations.

Members of staff read English; what they alone read is not gathered. What is
compiled is kept with the project, so that nobody needs anything to run it.
"""

import ast
import re
import sys
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent
# Besides English, in which the words are written: code, name, and how it counts.
LANGUAGES = {
    "ar": (
        "Arabic",
        "nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : "
        "n%100>=11 && n%100<=99 ? 4 : 5;",
    ),
    "de": ("German", "nplurals=2; plural=(n != 1);"),
    "es": ("Spanish", "nplurals=2; plural=(n != 1);"),
    "fr": ("French", "nplurals=2; plural=(n > 1);"),
    "hi": ("Hindi", "nplurals=2; plural=(n > 1);"),
}
# What clients meet: each template that is laid out as their pages are, and what is put into it;
# what is sent to them and printed for them; and what our code says to them, where “file:name”
# is one class or function of a file.
CLIENT_LAYOUT = "asking/client.html"
CLIENT_FILES = [
    "templates/emails/asking/*",
    "templates/asking/sheet.html",
    "alliance/sending/letters.py",
    "alliance/asking/forms.py",
    "alliance/asking/standing_forms.py",
    "alliance/asking/standing_views.py:standing",
    "alliance/asking/pages.py",
    "alliance/ratings/models.py:Tension",
    "alliance/ratings/models.py:Audience",
]
# Laid out like the pages of clients, and read by members of staff. So is what a page of theirs
# says in a language of its own.
STAFF_TEMPLATES = {"asking/sheet_bar.html", "tablets/pair.html", "asking/preview.html"}
IN_ANOTHER_LANGUAGE = re.compile(r"{% language .*?{% endlanguage %}", re.DOTALL)
TRANSLATES = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd%]|\{\w*\}")


def client_words():
    """Return what a client may read, as (words, words for many or nothing), with its files."""
    found: dict[tuple[str, str], list[str]] = {}
    for path, words in _words():
        files = found.setdefault(words, [])
        if path not in files:
            files.append(path)
    return found


def client_templates():
    """Return the names of the templates that clients see, whoever includes them."""
    templates = ROOT / "templates"
    waiting = [
        path.relative_to(templates).as_posix()
        for path in sorted(templates.rglob("*.html"))
        if f'extends "{CLIENT_LAYOUT}"' in path.read_text(encoding="utf-8")
    ]
    waiting.append(CLIENT_LAYOUT)
    names = []
    while waiting:
        name = waiting.pop(0)
        if name not in names and name not in STAFF_TEMPLATES:
            names.append(name)
            text = (templates / name).read_text(encoding="utf-8")
            waiting += re.findall(r'{% include "([^"]+)"', text)
    return names


def _words():
    for name in client_templates():
        yield from _words_of(f"templates/{name}")
    for pattern in CLIENT_FILES:
        file, _colon, name = pattern.partition(":")
        for path in sorted(ROOT.glob(file)):
            yield from _words_of(path.relative_to(ROOT).as_posix(), name)


def _words_of(file, name=""):
    text = (ROOT / file).read_text(encoding="utf-8")
    calls = _calls_in_code(text, name) if file.endswith(".py") else _calls_in_template(text)
    for is_plural, said in calls:
        yield file, (said[0], said[1] if is_plural else "")


def _calls_in_code(text, name):
    tree = ast.parse(text)
    if name:
        (tree,) = (node for node in ast.walk(tree) if getattr(node, "name", None) == name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in TRANSLATES:
            said = [part.value for part in node.args if isinstance(part, ast.Constant)]
            yield node.func.id.startswith("n"), said


def _calls_in_template(text):
    from django.utils.translation.template import templatize

    string = r"""u?("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
    call = re.compile(rf"(n?)gettext\({string}(?:,\s*{string})?")
    one = re.compile(rf"\b_\({string}\)")
    told = templatize(IN_ANOTHER_LANGUAGE.sub("", text))
    for found in call.finditer(told):
        yield bool(found[1]), [ast.literal_eval(part) for part in found.groups()[1:] if part]
    for found in one.finditer(told):
        yield False, [ast.literal_eval(found[1])]


def gather(language):
    """Return the translations of a language: all that clients read, and nothing else."""
    name, plurals = LANGUAGES[language]
    path = ROOT / "locale" / language / "LC_MESSAGES" / "django.po"
    before = {}
    if path.exists():
        before = {(entry.msgid, entry.msgid_plural): entry for entry in polib.pofile(path)}
    file = polib.POFile(wrapwidth=100)
    file.header = (
        f"{name}. Translated by the project, not by a native clinician; awaits review.\n"
        "What clients read; members of staff read English. docs/translating.md says how."
    )
    file.metadata = {
        "Project-Id-Version": "alliance",
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": plurals,
    }
    for (one, many), files in client_words().items():
        old = before.get((one, many))
        count = int(re.match(r"nplurals=(\d)", plurals)[1])
        file.append(
            polib.POEntry(
                msgid=one,
                msgid_plural=many,
                msgstr=old.msgstr if old else "",
                msgstr_plural=(old.msgstr_plural if old else dict.fromkeys(range(count), ""))
                if many
                else {},
                occurrences=[(place, "") for place in files],
                flags=["python-format"] if re.search(r"%\(", one) else [],
                tcomment=old.tcomment if old else "",
            )
        )
    return path, file


def main():
    missing = 0
    for language in LANGUAGES:
        path, file = gather(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        file.save(path)
        file.save_as_mofile(path.with_suffix(".mo"))
        untranslated = file.untranslated_entries()
        missing += len(untranslated)
        for entry in untranslated:
            print(f"{language}: {entry.msgid}")
    sys.exit(f"{missing} still to translate." if missing else 0)


if __name__ == "__main__":
    main()
