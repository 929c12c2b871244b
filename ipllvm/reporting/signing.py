"""A signature beside a manifest: who has made an audit, for whoever holds the public key.

Ed25519 over the bytes of manifest.json, in base64, as `openssl pkeyutl -verify -rawin` checks it too. The
manifest has the checksum of every file and the fingerprints of weights and data, so all of it is signed.
Keys are PEM (`openssl genpkey -algorithm ed25519`) or OpenSSH's (`ssh-keygen -t ed25519`).
"""

import base64
import binascii
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ipllvm.errors import UsageError, first_line
from ipllvm.reporting.folders import replace_file
from ipllvm.reporting.manifest import NAME, SIGNATURE
from ipllvm.reporting.text import visible
from ipllvm.safety import reading

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PASSPHRASE: Final = "IPLLVM_KEY_PASSPHRASE"
OPENSSH: Final = b"-----BEGIN OPENSSH"
LARGEST: Final = 64_000
"""Bytes of a key or a signature."""


def private_key(file: Path) -> "Ed25519PrivateKey":
    """The key in a file, for which IPLLVM_KEY_PASSPHRASE may be needed; raises UsageError in one line."""
    content, given = _content(file), os.environ.get(PASSPHRASE)
    keys = _keys()
    load = keys.load_ssh_private_key if content.startswith(OPENSSH) else keys.load_pem_private_key
    try:
        found = load(content, given.encode() if given else None)
    except Exception as error:  # ValueError, TypeError, or what the library has of its own
        raise UsageError(
            f"{file}: no private key that can be read ({first_line(error)}); {PASSPHRASE} unlocks one"
        ) from error
    key: Ed25519PrivateKey = _ed25519(found, "Ed25519PrivateKey", file)
    return key


def public_key(file: Path) -> "Ed25519PublicKey":
    """The public key in a file; raises UsageError in one line."""
    content, keys = _content(file), _keys()
    load = keys.load_pem_public_key if content.startswith(b"-----BEGIN") else keys.load_ssh_public_key
    try:
        found = load(content)
    except Exception as error:
        raise UsageError(f"{file}: no public key that can be read ({first_line(error)})") from error
    key: Ed25519PublicKey = _ed25519(found, "Ed25519PublicKey", file)
    return key


def sign(folder: Path, key: "Ed25519PrivateKey") -> Path:
    """Writes the signature of the folder's manifest beside it; returns where."""
    signature = key.sign((folder / NAME).read_bytes())
    return replace_file(folder, SIGNATURE, base64.b64encode(signature).decode() + "\n")


def problem(folder: Path, key: "Ed25519PublicKey") -> str:
    """Why the signature is not one of that key over the manifest as it is; empty where it is."""
    from cryptography.exceptions import InvalidSignature

    if (folder / SIGNATURE).is_symlink() or not (folder / SIGNATURE).is_file():
        return f"{SIGNATURE}: missing: the audit was not signed"
    try:
        signature = base64.b64decode(_content(folder / SIGNATURE).strip(), validate=True)
        key.verify(signature, (folder / NAME).read_bytes())
    except (InvalidSignature, binascii.Error):
        return f"{SIGNATURE}: not by this key, or {NAME} was changed after it was signed"
    return ""


def _content(file: Path) -> bytes:
    try:
        return reading.file_bytes(file, LARGEST)
    except OSError as error:
        raise UsageError(f"{visible(str(file), 4096)}: {error.strerror}: name the file of a key") from error
    except reading.Refused as error:
        raise UsageError(f"{visible(str(file), 4096)}: {error}") from error


def _keys() -> Any:
    try:
        from cryptography.hazmat.primitives import serialization
    except ImportError as error:
        raise UsageError("to sign takes the package cryptography: pip install 'ipllvm[sign]'") from error
    return serialization


def _ed25519(found: object, kind: str, file: Path) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ed25519

    if not isinstance(found, getattr(ed25519, kind)):
        raise UsageError(f"{file}: a key of another kind: make one by ssh-keygen -t ed25519")
    return found
