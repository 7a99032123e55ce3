"""Fields whose text is stored encrypted, bound to its table, column and row."""

from django.core.exceptions import FieldError
from django.core.validators import MaxLengthValidator
from django.db import connections, models
from django.db.models import ExpressionWrapper, F, Lookup, Q
from django.db.models.lookups import Exact
from django.db.models.query_utils import DeferredAttribute

from sessions_app.access.encryption import SIGN, EncryptionError, decrypt, encrypt


def _context(model, column, pk):
    return f"{model._meta.db_table}.{column}:{model._meta.pk.to_python(pk)}"


class Ciphertext:
    """A text as it is stored. It opens for its own row only, and never shows itself.

    Whoever fetches an encrypted field without its row, as `values()` does,
    gets this.
    """

    __slots__ = ("field", "token")

    def __init__(self, field, token):
        self.field = field
        self.token = token

    def open(self, pk):
        """Return the text, given the primary key of its row."""
        return decrypt(self.token, context=self.field.context(pk))

    def __str__(self):
        raise EncryptionError(f"{self.field} is encrypted: fetch the row, or open it with its key.")

    def __repr__(self):
        return f"<Ciphertext of {self.field}>"


class OpenedOnArrival(DeferredAttribute):
    """Opens what comes from the database as it is put into its row.

    At once and not when it is asked for: there a template's `and` would take
    the error for "nothing was said".
    """

    def __set__(self, instance, value):
        if isinstance(value, Ciphertext):
            value = value.open(instance.__dict__.get(instance._meta.pk.attname))
        instance.__dict__[self.field.attname] = value


class EncryptedTextField(models.TextField):
    """A text that the database keeps without being able to read it.

    An empty text stays empty, so it can be asked whether there is one; nothing
    else can be asked, and a row is saved one by one or by `bulk_create`:
    `update()` does not know the rows that the text is bound to. `max_length`
    and other validators look at the text itself. The primary key must be known
    before the row is stored, and stand above the field in its model.
    """

    descriptor_class = OpenedOnArrival

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.max_length is not None:
            self.validators.append(MaxLengthValidator(self.max_length))

    def context(self, pk):
        """Return what a text is bound to, for the row with the primary key `pk`."""
        if pk is None:
            raise EncryptionError(f"{self} is bound to its row, and this one has no key yet.")
        return _context(self.model, self.column, pk)

    def seal(self, text, pk):
        """Return `text` as it is stored in the row with the primary key `pk`."""
        return Ciphertext(self, encrypt(self.to_python(text), context=self.context(pk)))

    def pre_save(self, model_instance, add):
        text = getattr(model_instance, self.attname)
        if text in ("", None):
            return text
        self._refuse_expression(text)
        return self.seal(text, model_instance.pk)

    def get_db_prep_save(self, value, connection):
        if isinstance(value, Ciphertext):
            return value.token
        if value in ("", None):
            return value
        raise FieldError(f"{self} is encrypted for its row: change the row, and save that.")

    def get_placeholder(self, value, compiler, connection):
        self._refuse_expression(value)
        return "%s"

    def _refuse_expression(self, value):
        if hasattr(value, "resolve_expression"):
            raise FieldError(f"{self} is encrypted: the database cannot work it out.")

    def from_db_value(self, value, expression, connection):
        return Ciphertext(self, value) if value else value

    def get_lookup(self, lookup_name):
        found = super().get_lookup(lookup_name)
        if found in (StoredAs, IsEmpty) or lookup_name == "isnull":
            return found
        raise FieldError(f"{self} is encrypted: it can be asked whether it is empty, nothing else.")


@EncryptedTextField.register_lookup
class IsEmpty(Exact):
    """Compares with nothing but the empty text."""

    def get_prep_lookup(self):
        if self.rhs not in ("", None):
            raise FieldError(f"{self.lhs.output_field} is encrypted: compare it with '' only.")
        return self.rhs


@EncryptedTextField.register_lookup
class StoredAs(Lookup):
    """Looks at how the stored text begins: the sign, and after it the key."""

    lookup_name = "stored_as"

    def as_sql(self, compiler, connection):
        column, parameters = self.process_lhs(compiler, connection)
        return f"SUBSTR({column}, 1, %s) = %s", [*parameters, len(self.rhs), self.rhs]


class OfEncrypted(models.CheckConstraint):
    """Holds something of an encrypted column, and is held by the database alone.

    Asked beforehand, as other constraints are, the text would be sent there in clear.
    """

    def validate(self, model, instance, exclude=None, using=None):
        """Accept the row: in memory its text is plain."""


class IsEncrypted(OfEncrypted):
    """Holds that a column is empty or encrypted, whichever way it is written."""


def is_encrypted(field, name):
    """Constrain a field to be stored empty or encrypted."""
    return IsEncrypted(condition=Q(**{field: ""}) | Q(**{f"{field}__stored_as": SIGN}), name=name)


def as_stored(name):
    """Return an expression for an encrypted field as it lies in the database."""
    return ExpressionWrapper(F(name), output_field=models.TextField())


# --- For migrations, in which the field is still, or again, a plain TextField -----------


def encrypt_rows(model, name, *, using):
    """Encrypt the texts of a column."""
    _convert_rows(model, name, using, encrypt)


def decrypt_rows(model, name, *, using):
    """Turn the texts of a column back into plain ones."""
    _convert_rows(model, name, using, decrypt)


def _convert_rows(model, name, using, convert):
    rows = model._base_manager.using(using)
    column = model._meta.get_field(name).column
    for pk, text in list(rows.exclude(**{name: ""}).values_list("pk", name)):
        rows.filter(pk=pk).update(**{name: convert(text, context=_context(model, column, pk))})
    # PostgreSQL alters no table while checks are pending.
    connections[using].check_constraints()
