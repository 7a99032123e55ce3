"""What a sign-in remembers, unreadable to whoever has the table and not the keys."""

from django.contrib.sessions.serializers import JSONSerializer

from sessions_app.access.encryption import EncryptionError, decrypt, encrypt

CONTEXT = "what a sign-in remembers"


class Encrypted(JSONSerializer):
    """JSON, encrypted: among it is, for minutes, the secret of an app that is being set up."""

    def dumps(self, obj):
        return encrypt(super().dumps(obj).decode("latin-1"), context=CONTEXT).encode("ascii")

    def loads(self, data):
        """Return what was stored; what does not decrypt is a sign-in that is over."""
        try:
            return super().loads(decrypt(data.decode("ascii"), context=CONTEXT).encode("latin-1"))
        except (EncryptionError, UnicodeDecodeError):
            return {}
