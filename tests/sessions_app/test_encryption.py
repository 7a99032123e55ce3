"""A stored text opens with its key and in its place, and says nothing anywhere else."""

import base64
import io
import string

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.test import override_settings
from hypothesis import example, given
from hypothesis import strategies as st

from sessions_app.access.checks import key_file_is_private, keys_work
from sessions_app.access.encryption import (
    EncryptionError,
    current_key,
    decrypt,
    encrypt,
    key_of,
    make_key,
    read_keys,
)

ONE = {"k1": bytes(range(32))}
OTHER = {"k1": bytes(range(1, 33))}
HERE = "a_table.a_field:1"

texts = st.text()


@pytest.fixture(autouse=True)
def keys():
    with override_settings(FIELD_KEYS=ONE):
        yield


def refused(reason):
    return pytest.raises(EncryptionError, match=reason)


# --- Round trip ------------------------------------------------------------------------


@given(texts, texts)
@example("", "")
@example("ends in \0\0", HERE)
@example("ends in \x80", HERE)
@example("x" * 63, HERE)
@example("x" * 64, HERE)
def test_every_text_comes_back_as_it_was(text, context):
    assert decrypt(encrypt(text, context=context), context=context) == text


@given(st.text(min_size=4))
def test_nothing_of_the_text_is_in_what_is_stored(text):
    stored = encrypt(text, context=HERE)
    raw = base64.urlsafe_b64decode(stored.rpartition(".")[2])
    for shown in (stored.encode(), raw):
        assert text.encode() not in shown
        assert base64.urlsafe_b64encode(text.encode()).rstrip(b"=") not in shown


def test_a_text_is_never_stored_twice_alike():
    assert len({encrypt("Cleo", context=HERE) for _time in range(1000)}) == 1000


@given(st.text(st.characters(codec="ascii"), max_size=63))
def test_a_name_and_a_line_are_stored_in_the_same_length(text):
    assert len(encrypt(text, context=HERE)) == len(encrypt("", context=HERE))


# --- Refusals --------------------------------------------------------------------------


@given(texts, st.data())
def test_any_flipped_bit_is_refused(text, data):
    stored = bytearray(encrypt(text, context=HERE).encode())
    place = data.draw(st.integers(0, len(stored) - 1))
    stored[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(EncryptionError):
        decrypt(stored.decode("latin-1"), context=HERE)


def test_another_way_to_write_the_same_bytes_is_refused():
    letters = f"{string.ascii_uppercase}{string.ascii_lowercase}{string.digits}-_"
    stored = encrypt("Cleo", context=HERE)
    # The last letter before the “=” carries two bits that say nothing.
    again = f"{stored[:-2]}{letters[letters.index(stored[-2]) | 1]}="
    assert again != stored
    assert len({base64.urlsafe_b64decode(each.split(".")[2]) for each in (stored, again)}) == 1
    with pytest.raises(EncryptionError):
        decrypt(again, context=HERE)


@given(texts, st.data())
def test_whatever_is_cut_off_is_missed(text, data):
    stored = encrypt(text, context=HERE)
    with pytest.raises(EncryptionError):
        decrypt(stored[: data.draw(st.integers(0, len(stored) - 1))], context=HERE)


@given(texts, texts, texts)
def test_a_text_opens_nowhere_else(text, here, elsewhere):
    stored = encrypt(text, context=here)
    if here == elsewhere:
        elsewhere += "0"
    with pytest.raises(EncryptionError, match="does not decrypt"):
        decrypt(stored, context=elsewhere)


@given(texts, st.binary(min_size=32, max_size=32).filter(lambda key: key != ONE["k1"]))
def test_another_key_of_the_same_id_does_not_open_it(text, key):
    stored = encrypt(text, context=HERE)
    with override_settings(FIELD_KEYS={"k1": key}), refused("made with another key than “k1”"):
        decrypt(stored, context=HERE)


def test_the_same_key_under_another_id_does_not_open_it():
    stored = encrypt("Cleo", context=HERE).replace("k1", "k2")
    with override_settings(FIELD_KEYS={"k2": ONE["k1"]}), refused("does not decrypt"):
        decrypt(stored, context=HERE)


def test_a_missing_key_is_named():
    stored = encrypt("Cleo", context=HERE)
    with override_settings(FIELD_KEYS={"k2": OTHER["k1"]}), refused("“k1” of .* is not among"):
        decrypt(stored, context=HERE)


@given(texts)
@example("")
@example("Cleo")
@example("aes1.k1.Cleo")
@example("aes1.k1.AAAA")
@example("aes1..AAAA")
def test_what_was_never_encrypted_is_refused_and_not_told(text):
    with pytest.raises(EncryptionError) as refusal:
        decrypt(text, context=HERE)
    if len(text) > 12:
        assert text not in str(refusal.value)


def test_without_a_key_nothing_is_encrypted():
    with override_settings(FIELD_KEYS={}), pytest.raises(EncryptionError, match="is empty"):
        encrypt("Cleo", context=HERE)


# --- Keys ------------------------------------------------------------------------------


def test_the_first_key_encrypts_and_all_decrypt():
    earlier = encrypt("Cleo", context=HERE)
    with override_settings(FIELD_KEYS={"k2": OTHER["k1"], **ONE}):
        assert decrypt(earlier, context=HERE) == "Cleo"
        later = encrypt("Cleo", context=HERE)
        assert (current_key(), key_of(later), key_of(earlier)) == ("k2", "k2", "k1")
    with pytest.raises(EncryptionError, match="k2"):
        decrypt(later, context=HERE)


def test_what_is_not_encrypted_has_no_key():
    assert key_of("Cleo") == ""


@given(st.integers(1, 4), st.sampled_from([",", ", ", "\n", "\r\n", ",\n"]))
def test_keys_are_read_in_their_order(number, between):
    made = [make_key() for _time in range(number)]
    keys = read_keys(f"\n{between.join(made)}{between}")
    assert list(keys) == [key.partition(":")[0] for key in made]
    assert [base64.b64encode(key).decode() for key in keys.values()] == [
        key.partition(":")[2] for key in made
    ]


FULL = base64.b64encode(ONE["k1"]).decode()


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("", "key 1 is not written"),
        ("k1", "key 1 is not written"),
        (FULL, "key 1 is not written"),
        (f":{FULL}", "key 1 is not written"),
        (f"k.1:{FULL}", "key 1 is not written"),
        (f"{'k' * 33}:{FULL}", "key 1 is not written"),
        (f"k1:{FULL[:-4]}", "key 1 is not written"),
        (f"k1:{FULL[:-1]}", "key 1 is not written"),
        (f"k1:{FULL}AAAA", "key 1 is not written"),
        (f"k1:{FULL},k2:hunter2", "key 2 is not written"),
        (f"k1:{FULL},k1:{FULL}", "“k1” stands there twice"),
        (f"k1:{'A' * 43}=", "“k1” is too easy to guess"),
    ],
)
def test_a_key_that_is_not_one_is_refused_without_being_told(told, reason):
    with pytest.raises(ImproperlyConfigured, match=reason) as refusal:
        read_keys(told)
    assert FULL[:8] not in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


def test_the_command_prints_one_fresh_key_each_time():
    lines = []
    for _time in range(2):
        printed = io.StringIO()
        call_command("make_field_key", stdout=printed)
        (line,) = printed.getvalue().splitlines()
        lines.append(line)
    assert len(read_keys(",".join(lines))) == 2


# --- The checks at the start -----------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (ONE, None),
        ({**ONE, "k2": OTHER["k1"]}, None),
        ({}, "FIELD_KEYS is empty"),
        ({"k1": b"short"}, "32 bytes long"),
        ({**ONE, "k2": b"short"}, "32 bytes long"),
    ],
)
def test_keys_that_do_not_work_are_an_error_of_the_check(keys, told):
    with override_settings(FIELD_KEYS=keys):
        found = keys_work(None)
    assert [error.id for error in found] == (["access.E001"] if told else [])
    assert not told or told in found[0].msg


@pytest.mark.parametrize(("mode", "is_warned_of"), [(0o600, False), (0o640, True), (0o604, True)])
def test_a_file_with_keys_that_others_can_read_is_warned_of(
    monkeypatch, tmp_path, mode, is_warned_of
):
    file = tmp_path / "keys"
    file.write_text(make_key())
    file.chmod(mode)
    monkeypatch.setenv("FIELD_KEYS_FILE", str(file))
    assert bool(key_file_is_private(None)) is is_warned_of


def test_without_a_file_with_keys_there_is_nothing_to_warn_of(monkeypatch):
    monkeypatch.delenv("FIELD_KEYS_FILE", raising=False)
    assert key_file_is_private(None) == []
