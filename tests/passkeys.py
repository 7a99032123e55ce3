"""A passkey made of software, for tests that need no browser."""

import hashlib
import json
import os
import struct

from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.webauthn.internal.auth import WebAuthn
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.cose import ES256
from fido2.utils import websafe_encode

HOST = "localhost"
ORIGIN = "http://localhost"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


class SoftPasskey:
    """Makes and shows one passkey, as a telephone would for http://localhost."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(16)
        self.user_handle = b""

    def create(self, options):
        """Answer the options of adding a passkey."""
        told = options["publicKey"]
        self.user_handle = told["user"]["id"]
        public = cbor.encode(ES256.from_cryptography_key(self.key.public_key()))
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + public
        data = self._data(PRESENT | VERIFIED | ATTESTED) + attested
        return self._answer(
            "webauthn.create",
            told["challenge"],
            {"attestationObject": cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})},
        )

    def get(self, options, *, is_verified=True):
        """Answer the options of signing in; without `is_verified` nobody gave a finger or PIN."""
        data = self._data(PRESENT | (VERIFIED if is_verified else 0))
        challenge = options["publicKey"]["challenge"]
        signed = data + hashlib.sha256(self._said("webauthn.get", challenge)).digest()
        return self._answer(
            "webauthn.get",
            challenge,
            {
                "authenticatorData": data,
                "signature": self.key.sign(signed, ec.ECDSA(hashes.SHA256())),
            },
            userHandle=self.user_handle,
        )

    def _data(self, flags):
        return hashlib.sha256(HOST.encode()).digest() + struct.pack(">BI", flags, 0)

    def _said(self, kind, challenge):
        return json.dumps({"type": kind, "challenge": challenge, "origin": ORIGIN}).encode()

    def _answer(self, kind, challenge, parts, **more):
        named = {name: websafe_encode(part) for name, part in parts.items()}
        said = {"clientDataJSON": websafe_encode(self._said(kind, challenge))}
        return json.dumps(
            {
                "id": websafe_encode(self.id),
                "rawId": websafe_encode(self.id),
                "type": "public-key",
                "response": said | named | more,
                "clientExtensionResults": {},
            }
        )


def give_passkey(user, name="My phone"):
    """Add a passkey to the account of `user`; return it and its row."""
    passkey = SoftPasskey()
    user_handle = websafe_encode(user_pk_to_url_str(user).encode())
    challenge = websafe_encode(bytes(32))
    made = passkey.create({"publicKey": {"challenge": challenge, "user": {"id": user_handle}}})
    return passkey, WebAuthn.add(user, name, json.loads(made)).instance
