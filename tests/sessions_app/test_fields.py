"""An encrypted field is like any other to its row, and tells nothing without it."""

import copy
import pickle
import uuid

import pytest
from django.apps import apps
from django.core.exceptions import FieldError, ValidationError
from django.db import IntegrityError, connection, connections, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models import CheckConstraint, F, Value
from django.db.models.functions import Concat, Lower
from django.db.utils import ConnectionHandler
from django.template import Context, Template
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from alliance.ratings.models import Comment
from sessions_app.access.encryption import SIGN, EncryptionError, make_key, read_keys
from sessions_app.access.fields import Ciphertext, EncryptedTextField, OfEncrypted, as_stored
from sessions_app.access.models import Practice
from sessions_app.clients.models import Client, ClientIdentity
from sessions_app.sessions.models import Session
from tests.conftest import hold, rate

NOTE = "Spoke of the father."


@pytest.fixture
def session(cast):
    return hold(cast.cleo, note=NOTE)


def stored(row, name):
    """Return a field as it lies in the database."""
    return type(row).objects.values_list(as_stored(name), flat=True).get(pk=row.pk)


def fetch(row):
    return type(row).objects.get(pk=row.pk)


# --- The row ---------------------------------------------------------------------------


class TestRoundTrip(TestCase):
    """Any text, through the database and back."""

    @given(st.text())
    def test_a_row_gives_back_what_was_put_into_it(self, text):
        client = Client.objects.create(
            practice=Practice.objects.create(name="Lindenhof"), code=uuid.uuid4().hex[:24]
        )
        identity = ClientIdentity.objects.create(client=client, name=text, email=text)
        assert (identity.name, identity.email) == (text, text)
        kept = fetch(identity)
        assert (kept.name, kept.email) == (text, text)
        assert stored(kept, "name").startswith(SIGN) is bool(text)
        assert len(text) < 4 or text not in stored(kept, "name")


def test_what_is_stored_is_encrypted_and_an_empty_text_is_empty(cast, session):
    assert stored(session, "note").startswith(SIGN)
    assert NOTE not in stored(session, "note")
    assert stored(hold(cast.cleo, weeks_ago=1), "note") == ""


def test_a_row_that_is_saved_again_is_encrypted_anew(session):
    before = stored(session, "note")
    fetch(session).save()
    assert stored(session, "note") != before
    assert fetch(session).note == NOTE


def test_other_fields_are_saved_without_touching_it(session):
    before = stored(session, "note")
    kept = Session.objects.defer("note").get(pk=session.pk)
    kept.minutes = 45
    kept.save(update_fields=["minutes"])
    kept.save()
    assert stored(session, "note") == before


def test_a_deferred_text_is_fetched_and_opened_when_it_is_asked_for(
    session, django_assert_num_queries
):
    for kept in (Session.objects.defer("note").get(), Session.objects.only("minutes").get()):
        with django_assert_num_queries(1):
            assert (kept.note, kept.note) == (NOTE, NOTE)
    assert Session.objects.only("note").get().note == NOTE


def test_a_row_read_anew_or_through_another_is_opened_too(cast, session):
    session.note = "Changed."
    session.refresh_from_db()
    assert session.note == NOTE
    identity = ClientIdentity.objects.get(client=cast.cleo.client)
    assert Client.objects.select_related("identity").get(code="CLEO").identity == identity
    assert Client.objects.select_related("identity").get(code="CLEO").identity.name == identity.name


def test_a_row_can_be_copied_and_pickled(session):
    kept = fetch(session)
    assert copy.copy(kept).note == copy.deepcopy(kept).note == NOTE
    assert pickle.loads(pickle.dumps(kept)).note == NOTE  # noqa: S301 - of our own making


def test_many_rows_are_stored_at_once(cast):
    values = {"episode": cast.cleo, "status": "missed"}
    day = timezone.timedelta(days=1)
    made = Session.objects.bulk_create(
        Session(starts_at=timezone.now() - day * n, note=f"Note {n}" if n else "", **values)
        for n in range(4)
    )
    assert [fetch(row).note for row in made] == ["", "Note 1", "Note 2", "Note 3"]
    assert all(stored(row, "note").startswith(SIGN) for row in made[1:])


def test_validators_look_at_the_text_and_not_at_what_is_stored(cast, session):
    session.note = "x" * 280
    session.full_clean()
    session.note += "x"
    with pytest.raises(ValidationError, match="at most 280 characters"):
        session.full_clean()
    identity = ClientIdentity(client=cast.dora.client, name="Dora", email="not an address")
    with pytest.raises(ValidationError) as refusal:
        identity.clean_fields()
    assert set(refusal.value.message_dict) == {"email"}


def test_what_is_not_a_text_becomes_one(session):
    session.note = 7
    session.save()
    assert fetch(session).note == "7"


# --- Nothing opens in the wrong place --------------------------------------------------


def test_a_text_moved_to_another_row_is_refused(cast, session):
    other = hold(cast.cleo, weeks_ago=1, note="Of another session.")
    Session.objects.filter(pk=other.pk).update(
        note=Ciphertext(Session._meta.get_field("note"), stored(session, "note"))
    )
    with pytest.raises(EncryptionError, match="moved here from elsewhere"):
        fetch(other)


def test_a_text_moved_to_another_field_is_refused(cast):
    identity = cast.cleo.client.identity
    ClientIdentity.objects.filter(pk=identity.pk).update(
        email=Ciphertext(ClientIdentity._meta.get_field("email"), stored(identity, "name"))
    )
    with pytest.raises(EncryptionError, match=r"sessions_app_clientidentity\.email"):
        fetch(identity)


def test_a_text_moved_to_another_table_is_refused(cast, session):
    rating = rate(session, 7, comment="A little slower, please.")
    field = Comment._meta.get_field("text")
    token = Session._meta.get_field("note").seal("Slower!", rating.pk).token
    Comment.objects.filter(pk=rating.pk).update(text=Ciphertext(field, token))
    with pytest.raises(EncryptionError, match=r"alliance_comment\.text"):
        fetch(rating.written)


def test_a_row_copied_under_another_key_takes_its_text_along(session):
    kept = fetch(session)
    kept.pk, kept.number = uuid.uuid4(), None
    kept.starts_at -= timezone.timedelta(days=1)
    kept.status = "missed"
    kept.save(force_insert=True)
    assert fetch(kept).note == NOTE
    assert fetch(session).note == NOTE


@pytest.mark.parametrize("address", ["episode", "session-edit"])
def test_with_a_wrong_key_a_page_is_an_error_and_shows_nothing(cast, client, session, address):
    key = {"episode": cast.cleo.pk, "session-edit": session.pk}[address]
    client.force_login(cast.theo)
    assert NOTE in client.get(reverse(address, args=[key])).content.decode()
    client.raise_request_exception = False
    with override_settings(FIELD_KEYS=read_keys(make_key())):
        client.force_login(cast.theo)  # A sign-in under another key would be over.
        page = client.get(reverse(address, args=[key]))
    assert page.status_code == 500
    assert SIGN not in page.content.decode()


@pytest.mark.parametrize("told", ["{{ row.note }}", "{% if row and row.note %}Noted.{% endif %}"])
def test_no_template_takes_a_text_that_does_not_open_for_none(session, told):
    with override_settings(FIELD_KEYS=read_keys(make_key())), pytest.raises(EncryptionError):
        Template(told).render(Context({"row": fetch(session)}))


# --- Without its row -------------------------------------------------------------------


def test_without_its_row_a_text_says_nothing_and_opens_by_key(session):
    ((pk, told),) = Session.objects.values_list("pk", "note")
    assert repr(told) == "<Ciphertext of sessions_app.Session.note>"
    for show in (str, "{}".format, lambda told: Template("{{ told }}").render(Context(locals()))):
        with pytest.raises(EncryptionError, match="fetch the row"):
            show(told)
    assert told.open(pk) == told.open(str(pk)) == NOTE
    with pytest.raises(EncryptionError):
        told.open(uuid.uuid4())
    with pytest.raises(EncryptionError, match="has no key yet"):
        told.open(None)


def test_a_text_worked_out_by_the_database_says_nothing(session):
    for worked_out in (F("note"), Lower("note")):
        told = Session.objects.annotate(told=worked_out).get().told
        with pytest.raises(EncryptionError):
            str(told)


def test_a_row_without_a_key_cannot_be_stored(db):
    with pytest.raises(EncryptionError, match="has no key yet"):
        ClientIdentity(name="Faye Miller").save()


# --- What can be asked, and what cannot ------------------------------------------------


def test_one_can_ask_whether_there_is_a_text(cast, session):
    silent = hold(cast.cleo, weeks_ago=1)
    assert list(Session.objects.filter(note="")) == [silent]
    assert list(Session.objects.exclude(note="")) == [session]
    assert list(Session.objects.filter(note=None)) == []
    assert Session.objects.filter(note__isnull=False).count() == 2
    assert list(Session.objects.filter(note__stored_as=SIGN)) == [session]


@pytest.mark.parametrize(
    "asked",
    [
        {"note": NOTE},
        {"note": F("called_off_by")},
        {"note": F("note")},
        {"note__exact": NOTE},
        {"note__iexact": ""},
        {"note__in": [""]},
        {"note__contains": "father"},
        {"note__icontains": "father"},
        {"note__startswith": "S"},
        {"note__gt": ""},
        {"note__regex": "."},
        {"note__length": 3},
        {"episode__sessions__note": NOTE},
    ],
    ids=str,
)
def test_one_cannot_ask_anything_else(session, asked):
    with pytest.raises(FieldError, match="is encrypted"):
        Session.objects.filter(**asked).exists()
    with pytest.raises(FieldError, match="is encrypted"):
        Session.objects.exclude(**asked).exists()


@pytest.mark.parametrize(
    "value",
    [NOTE, F("called_off_by"), Value(NOTE), Concat("note", Value(NOTE)), Lower("note")],
    ids=str,
)
def test_a_text_is_not_written_past_its_row(session, value):
    before = stored(session, "note")
    with pytest.raises(FieldError, match="is encrypted"), transaction.atomic():
        Session.objects.update(note=value)
    assert stored(session, "note") == before


@pytest.mark.parametrize("value", [F("called_off_by"), Value(NOTE)], ids=str)
def test_a_row_is_not_stored_with_something_to_be_worked_out(session, value):
    session.note = value
    with pytest.raises(FieldError, match="the database cannot work it out"):
        session.save()


def test_several_rows_are_not_updated_at_once(session):
    session.note = "Changed."
    with pytest.raises(FieldError, match="is encrypted"):
        Session.objects.bulk_update([session], ["note"])


def test_a_text_can_be_emptied_in_many_rows(session):
    assert Session.objects.update(note="") == 1
    assert fetch(session).note == ""


def test_sql_that_writes_plain_words_is_refused_by_the_table(session):
    with pytest.raises(IntegrityError, match="session_note_is_encrypted"), transaction.atomic():
        connection.cursor().execute("UPDATE sessions_app_session SET note = 'plain'")


# --- The migrations that encrypt what there is -----------------------------------------

BEFORE = [
    ("sessions_app", "0002_promises_kept_by_triggers"),
    ("alliance", "0003_what_stands_out"),
]
AFTER = [
    ("sessions_app", "0003_names_and_notes_encrypted"),
    ("alliance", "0004_comments_encrypted"),
]
TEXTS = {
    "FAYE": ("Faye Miller", "faye@example.org", "+43 1 234", NOTE, "Slower, please."),
    "NOBODY": ("", "", "", "", ""),
    # Who writes what looks encrypted gets back what they wrote.
    "ROGUE": ("aes1.k1.AAAA", "aes1.k1.AAAA", "aes1.k1.AAAA", "aes1.k1.AAAA", "aes1.k1.AAAA"),
}
VERSION = {
    "number": 1,
    "minimum": 0,
    "maximum": 10,
    "step": 1,
    "least_answered": 1,
    "licence": "none",
}
COLUMNS = [
    ("sessions_app_clientidentity", "name"),
    ("sessions_app_clientidentity", "email"),
    ("sessions_app_clientidentity", "phone"),
    ("sessions_app_session", "note"),
    ("alliance_rating", "comment"),
]


@pytest.fixture
def elsewhere(committed, tmp_path):
    """Return a second database, empty, on the same engine."""
    told = {**connection.settings_dict}
    if connection.vendor == "postgresql":
        connection.cursor().execute("CREATE SCHEMA elsewhere")
        told["OPTIONS"] = {"options": "-c search_path=elsewhere"}
    else:
        told["NAME"] = str(tmp_path / "elsewhere.sqlite3")
    connections["elsewhere"] = ConnectionHandler({"default": {}, "elsewhere": told})["elsewhere"]
    yield connections["elsewhere"]
    connections["elsewhere"].close()
    del connections["elsewhere"]
    if connection.vendor == "postgresql":
        connection.cursor().execute("DROP SCHEMA elsewhere CASCADE")


def migrate(opened, targets):
    """Bring a database to these migrations, and return the models as they are then."""
    MigrationExecutor(opened).migrate(targets)
    return MigrationExecutor(opened).loader.project_state(targets).apps


def write(apps):
    """Store clients, each with a session and a rating, as the tables were then."""

    def make(label, **values):
        return apps.get_model(label).objects.using("elsewhere").create(**values)

    practice = make("sessions_app.practice", name="Lindenhof")
    user = make("sessions_app.user", email="theo@example.org", name="Theo")
    theo = make("sessions_app.membership", practice=practice, user=user, is_clinician=True)
    measure = make("alliance.measure", key="m", perspective="client")
    version = make("alliance.measureversion", measure=measure, language="en", **VERSION)
    for code, (name, email, phone, note, comment) in TEXTS.items():
        client = make("sessions_app.client", practice=practice, code=code)
        make("sessions_app.clientidentity", client=client, name=name, email=email, phone=phone)
        episode = make("sessions_app.episode", client=client, therapist=theo)
        now = timezone.now()
        held = make("sessions_app.session", episode=episode, number=1, starts_at=now, note=note)
        make(
            "alliance.rating",
            session=held,
            respondent="client",
            measure=measure,
            measure_version=version,
            answers={},
            comment=comment,
            submitted_at=now,
        )


def read(apps):
    """Return what the rows say, by client, through the models as they are then."""

    def rows(label):
        return apps.get_model(label).objects.using("elsewhere")

    for identity in rows("sessions_app.clientidentity"):
        session = rows("sessions_app.session").get(episode__client=identity.client_id)
        comment = rows("alliance.rating").get(session=session).comment
        told = (identity.name, identity.email, identity.phone, session.note, comment)
        yield identity.client.code, told


def lying(opened):
    """Return every text as it lies in the tables."""
    with opened.cursor() as cursor:
        for table, column in COLUMNS:
            cursor.execute(f"SELECT {column} FROM {table}")  # noqa: S608 - our own names
            yield from (text for (text,) in cursor.fetchall())


def triggers(opened):
    told = "trigger_name FROM information_schema.triggers WHERE trigger_schema = 'elsewhere'"
    if opened.vendor == "sqlite":
        told = "name FROM sqlite_master WHERE type = 'trigger'"
    with opened.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT {told}")
        return {name for (name,) in cursor.fetchall()}


def test_what_there_is_is_encrypted_and_can_be_turned_back(elsewhere):
    write(migrate(elsewhere, BEFORE))
    promises = triggers(elsewhere)
    assert len(promises) > 8
    plain = sorted(lying(elsewhere))
    assert plain == sorted(text for texts in TEXTS.values() for text in texts)

    apps = migrate(elsewhere, AFTER)
    assert dict(read(apps)) == TEXTS
    encrypted = [text for text in lying(elsewhere) if text]
    assert len(encrypted) == 10
    assert all(text.startswith(SIGN) for text in encrypted)
    assert not set(encrypted) & set(plain)
    assert triggers(elsewhere) == promises
    with pytest.raises(IntegrityError, match="is_encrypted"), elsewhere.cursor() as cursor:
        cursor.execute("UPDATE alliance_rating SET comment = 'plain'")

    assert dict(read(migrate(elsewhere, BEFORE))) == TEXTS
    assert sorted(lying(elsewhere)) == plain
    assert triggers(elsewhere) == promises


def test_what_was_written_moves_into_rows_of_its_own_and_back(elsewhere):
    together = [("alliance", "0008_ways_to_ask_and_comments_apart")]
    apart = [("alliance", "0009_comments_open_to_whom_they_were_written")]
    write(migrate(elsewhere, [*together, ("sessions_app", "0009_names_can_be_seen")]))
    promises = triggers(elsewhere)

    apps = migrate(elsewhere, apart)
    comments = apps.get_model("alliance.comment").objects.using("elsewhere")
    expected = {texts[-1] for texts in TEXTS.values() if texts[-1]}
    assert {comment.text for comment in comments.all()} == expected
    ratings = apps.get_model("alliance.rating").objects.using("elsewhere")
    told = {rating.comment_audience for rating in ratings.filter(pk__in=comments.values("pk"))}
    assert told == {"therapist"}
    assert {
        rating.comment_audience for rating in ratings.exclude(pk__in=comments.values("pk"))
    } == {""}
    assert triggers(elsewhere) == promises

    apps = migrate(elsewhere, together)
    ratings = apps.get_model("alliance.rating").objects.using("elsewhere")
    assert sorted(rating.comment for rating in ratings.all()) == sorted(
        texts[-1] for texts in TEXTS.values()
    )
    assert triggers(elsewhere) == promises


# --- Rules about encrypted columns --------------------------------------------------------


def columns_in(condition):
    """Return the names of the columns that a condition speaks of."""
    for child in condition.children:
        if hasattr(child, "children"):
            yield from columns_in(child)
        else:
            yield child[0].split("__")[0]


def test_no_rule_about_an_encrypted_column_sends_its_text_to_the_database():
    judged = 0
    for model in apps.get_models():
        names = {
            field.name for field in model._meta.fields if isinstance(field, EncryptedTextField)
        }
        for constraint in model._meta.constraints:
            if isinstance(constraint, CheckConstraint):
                is_about = names & set(columns_in(constraint.condition))
                judged += bool(is_about)
                assert not is_about or isinstance(constraint, OfEncrypted), constraint.name
    assert judged >= 7
