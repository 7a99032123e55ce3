"""The settings refuse what is unsafe, in one plain sentence, and keep secrets out of logs."""

import io
import logging
import os
import secrets
import subprocess
import sys
from importlib.util import find_spec

import pytest
from django.conf import settings
from django.db import connection
from django.db.utils import ConnectionHandler
from hypothesis import given
from hypothesis import strategies as st

from alliance.logs import MaskSecrets
from sessions_app.access.encryption import make_key

GOOD = {
    "SECRET_KEY": secrets.token_urlsafe(64),
    "ALLOWED_HOSTS": "alliance.example.org",
    "FIELD_KEYS": make_key(),
}


@pytest.fixture
def manage(tmp_path):
    """Run `manage.py` with this environment and no other."""

    def run(*arguments, **environment):
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env={"PATH": os.environ["PATH"], "VAR": str(tmp_path), **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


# --- Starting, or refusing to ----------------------------------------------------------


def test_a_good_production_environment_passes_the_deployment_check(manage):
    done = manage("check", "--deploy", "--fail-level", "WARNING", **GOOD)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "System check identified no issues (0 silenced).\n"


@pytest.mark.parametrize("switch", ["DEBUG", "DEMO"])
def test_on_ones_own_machine_nothing_needs_to_be_set_and_a_key_is_made_and_kept(
    manage, tmp_path, switch
):
    assert manage("check", **{switch: "1"}).returncode == 0
    kept = tmp_path / "secret_key"
    key = kept.read_text()
    assert len(key) >= 50
    assert kept.stat().st_mode & 0o077 == 0
    assert manage("check", **{switch: "1"}).returncode == 0
    assert kept.read_text() == key


REFUSED = {
    "no key": ({**GOOD, "SECRET_KEY": ""}, "SECRET_KEY is not set"),
    "a short key": ({**GOOD, "SECRET_KEY": "x8Jq-2mVt7"}, "SECRET_KEY is too easy to guess"),
    "a key of one letter": ({**GOOD, "SECRET_KEY": "a" * 64}, "SECRET_KEY is too easy to guess"),
    "no host": ({**GOOD, "ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS is not set"),
    "commas for hosts": ({**GOOD, "ALLOWED_HOSTS": " , "}, "ALLOWED_HOSTS is not set"),
    "any host": ({**GOOD, "ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS must name hosts"),
    "any host among others": (
        {**GOOD, "ALLOWED_HOSTS": "alliance.example.org, *"},
        "ALLOWED_HOSTS must name hosts",
    ),
    "a demonstration to the world": ({**GOOD, "DEMO": "1"}, "DEMO=1 signs people in by a link"),
    "a demonstration to any host": ({"DEMO": "1", "ALLOWED_HOSTS": "*"}, "DEMO=1 signs people in"),
    "a debugging demonstration to the world": (
        {**GOOD, "DEBUG": "1", "DEMO": "1"},
        "DEMO=1 signs people in",
    ),
    "no key for fields": ({**GOOD, "FIELD_KEYS": ""}, "FIELD_KEYS is not set"),
    "blanks for a key": ({**GOOD, "FIELD_KEYS": " , "}, "FIELD_KEYS is not set"),
    "a word for a key": ({**GOOD, "FIELD_KEYS": "k1:hunter2"}, "FIELD_KEYS: key 1 is not"),
    "a second key without id": (
        {**GOOD, "FIELD_KEYS": f"{GOOD['FIELD_KEYS']},{make_key().partition(':')[2]}"},
        "FIELD_KEYS: key 2 is not",
    ),
    "the same key twice": (
        {**GOOD, "FIELD_KEYS": f"{GOOD['FIELD_KEYS']},{GOOD['FIELD_KEYS']}"},
        "FIELD_KEYS: the id",
    ),
    "a key of one letter for fields": (
        {**GOOD, "FIELD_KEYS": f"k1:{'A' * 43}="},
        "FIELD_KEYS: the key “k1” is too easy to guess",
    ),
    "keys and a file with keys": (
        {**GOOD, "FIELD_KEYS_FILE": "/etc/hostname"},
        "FIELD_KEYS and FIELD_KEYS_FILE are both set",
    ),
    "a file with keys that is not there": (
        {**GOOD, "FIELD_KEYS": "", "FIELD_KEYS_FILE": "/nowhere/hunter2"},
        "FIELD_KEYS_FILE names a file that cannot be read",
    ),
    "a file without keys, even for debugging": (
        {"DEBUG": "1", "FIELD_KEYS_FILE": "/dev/null"},
        "FIELD_KEYS is not set",
    ),
    "MySQL": (
        {**GOOD, "DATABASE_URL": "mysql://u:p@localhost/alliance"},
        "DATABASE_URL must name PostgreSQL or SQLite",
    ),
    "a database nobody knows": ({**GOOD, "DATABASE_URL": "nonsense://x"}, "DATABASE_URL"),
    "a slash in the password of the database": (
        {**GOOD, "DATABASE_URL": "postgres://u:hunter/2@localhost/alliance"},
        "DATABASE_URL",
    ),
    "mail by pigeon": ({**GOOD, "EMAIL_URL": "pigeon://loft"}, "EMAIL_URL looks like smtp://"),
    "mail without scheme": ({**GOOD, "EMAIL_URL": "mail.example.org"}, "EMAIL_URL looks like"),
    "mail without host": ({**GOOD, "EMAIL_URL": "smtp://"}, "EMAIL_URL looks like smtp://"),
    "a slash in the password for mail": (
        {**GOOD, "EMAIL_URL": "smtp://user:hunter/2@mail.example.org:587"},
        "EMAIL_URL looks like smtp://",
    ),
    "links in messages without encryption": (
        {**GOOD, "SERVED_AT": "http://alliance.example.org"},
        "SERVED_AT looks like https://",
    ),
    "a word for the key of bounces": (
        {**GOOD, "BOUNCE_KEY": "hunter2"},
        "BOUNCE_KEY is too easy to guess",
    ),
    "a fruit for debugging": ({"DEBUG": "banana"}, "DEBUG is switched on by 1 and off by 0"),
    "a fruit for demonstrating": ({"DEMO": "banana"}, "DEMO is switched on by 1 and off by 0"),
    "a fruit behind a proxy": (
        {**GOOD, "BEHIND_HTTPS_PROXY": "banana"},
        "BEHIND_HTTPS_PROXY is switched on by 1",
    ),
}


@pytest.mark.parametrize(("environment", "reason"), REFUSED.values(), ids=REFUSED)
def test_an_unsafe_environment_is_refused_in_one_plain_line(manage, environment, reason):
    done = manage("check", **environment)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"manage.py: {reason}")
    assert line.endswith(".")
    assert "hunter" not in line


@pytest.mark.parametrize(
    ("told", "leads"),
    [
        ({}, "https://alliance.example.org"),
        ({"SERVED_AT": "https://other.example.org/"}, "https://other.example.org"),
        ({"ALLOWED_HOSTS": ".example.org,localhost"}, "https://example.org"),
    ],
)
def test_links_in_messages_lead_to_where_it_is_served(manage, told, leads):
    asked = "from django.conf import settings; print(settings.SERVED_AT, settings.MESSENGER)"
    done = manage("shell", "--no-imports", "-c", asked, **GOOD | told)
    assert done.stdout == f"{leads} \n"  # And nobody sends text messages.


@pytest.mark.parametrize("off", ["0", "false", "No", ""])
def test_a_switch_that_is_off_protects_as_if_it_were_absent(manage, off):
    done = manage("check", DEBUG=off, DEMO=off)
    assert done.returncode != 0
    assert "SECRET_KEY is not set" in done.stderr


@pytest.mark.parametrize(
    ("address", "told"),
    [
        (
            "smtp://me%40x:p%2Fw@mail.example.org:587?tls=1",
            "mail.example.org 587 me@x p/w True False",
        ),
        ("smtps://mail.example.org", "mail.example.org 465   False True"),
        ("smtp://mail.example.org", "mail.example.org 25   False False"),
    ],
)
def test_an_address_for_mail_says_host_port_account_and_encryption(manage, address, told):
    names = ("HOST", "PORT", "HOST_USER", "HOST_PASSWORD", "USE_TLS", "USE_SSL")
    asked = ", ".join(f"settings.EMAIL_{name}" for name in names)
    done = manage(
        "shell", "--no-imports", "-c", f"from django.conf import settings; print({asked})",
        **GOOD, EMAIL_URL=address,
    )  # fmt: skip
    assert done.stdout == f"{told}\n"


# --- The database ----------------------------------------------------------------------


def test_what_was_thanked_for_is_safe_with_the_database(db, tmp_path):
    if connection.vendor == "postgresql":
        assert connection.cursor().connection.server_version >= 150000
        return
    on_disk = {**settings.DATABASES["default"], "NAME": tmp_path / "alliance.sqlite3"}
    opened = ConnectionHandler({"default": on_disk})["default"]
    kept = {}
    with opened.cursor() as cursor:
        for pragma in ("journal_mode", "synchronous", "foreign_keys"):
            kept[pragma] = cursor.execute(f"PRAGMA {pragma}").fetchone()[0]
    opened.close()
    assert kept == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_postgresql_is_spoken_to_by_psycopg2_and_by_nothing_else():
    assert find_spec("psycopg2") is not None
    assert find_spec("psycopg") is None


# --- The log ---------------------------------------------------------------------------

SECRET = "Zq3-x_9kQ7LmNt2RbV8s"
ADDRESSES = [f"/r/{SECRET}/", f"/demo/{SECRET}/", f"/password/reset/key/1a-{SECRET}/"]


def masked(message, *arguments):
    record = logging.LogRecord("django", logging.WARNING, __file__, 1, message, arguments, None)
    return MaskSecrets().format(record)


def test_times_in_the_log_are_utc_and_say_so():
    record = logging.LogRecord("django", logging.WARNING, __file__, 1, "Gone", (), None)
    record.created, record.msecs = 0.25, 250
    assert MaskSecrets("%(asctime)s %(message)s").format(record) == "1970-01-01T00:00:00.250Z Gone"


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_secret_in_an_address_is_masked_in_the_message_and_in_its_arguments(address):
    room = address.partition(SECRET)[0].removesuffix("1a-")
    assert masked(f"Gone: {address}") == f"Gone: {room}***/"
    assert masked("Gone: %s", address) == f"Gone: {room}***/"
    assert masked('"%s" %s %d', f"POST {address} HTTP/1.1", "410", 99) == (
        f'"POST {room}***/ HTTP/1.1" 410 99'
    )
    assert masked("%(where)s", {"where": address}) == f"{room}***/"


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("shown", ["https://host{}", "{}?x=1", "'{}'", "{}thanks/", "a {0} b {0}"])
def test_a_secret_is_masked_wherever_its_address_stands(address, shown):
    assert SECRET not in masked("%s", shown.format(address))
    assert SECRET not in masked("%s", shown.format(address.removesuffix("/")))


@given(
    st.text(st.characters(exclude_characters="/\"'"), min_size=6).filter(
        lambda secret: not any(letter.isspace() for letter in secret)
    )
)
def test_whatever_the_secret_nothing_of_it_is_left(secret):
    assert masked("Gone: %s", f"/r/{secret}/") == "Gone: /r/***/"


@pytest.mark.parametrize("message", ["Not Found: /episodes/1/", "100% of /r/ and /demo/ done"])
def test_what_holds_no_secret_is_left_as_it_is(message):
    assert masked(message) == message


def test_every_handler_masks_secrets():
    handlers = settings.LOGGING["handlers"].values()
    assert handlers
    assert all(handler["formatter"] == "masked" for handler in handlers)


@pytest.fixture
def log():
    """Return what the project's own handler writes from here on."""
    written = io.StringIO()
    (handler,) = (
        handler
        for handler in logging.getLogger().handlers
        if isinstance(handler.formatter, MaskSecrets)
    )
    before = handler.setStream(written)
    yield written
    handler.setStream(before)


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_request_that_finds_nothing_leaves_no_secret_in_the_log(db, client, log, address):
    assert client.get(f"/nowhere{address}").status_code == 404
    assert "Not Found: /nowhere/" in log.getvalue()
    assert "/***" in log.getvalue()
    assert SECRET not in log.getvalue()
