"""Signatures: made and checked by the command's functions and by openssl, refused where anything differs."""

import base64
import shutil
import subprocess
from pathlib import Path

import pytest

from ipllvm import cli
from ipllvm.errors import UsageError
from ipllvm.reporting import manifest, signing
from ipllvm.tests.reporting import reports

ed25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")
serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")


def keys(place: Path, name: str, *, openssh: bool = False, passphrase: bytes = b"") -> tuple[Path, Path]:
    """A private and its public key, as files."""
    key = ed25519.Ed25519PrivateKey.generate()
    private, public = place / name, place / f"{name}.pub"
    form = serialization.PrivateFormat.OpenSSH if openssh else serialization.PrivateFormat.PKCS8
    locked = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, locked))
    pair = (
        (serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        if openssh
        else (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    public.write_bytes(key.public_key().public_bytes(*pair))
    return private, public


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of one file, with its manifest."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "report.md").write_text("all is well")
    manifest.write(folder, reports.mixed(), "ipllvm audit llava-tiny")
    return folder


@pytest.mark.parametrize("openssh", [False, True])
def test_what_was_signed_is_known_by_its_key_alone(
    openssh: bool, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    private, public = keys(tmp_path, "mine", openssh=openssh)
    signing.sign(run, signing.private_key(private))
    assert cli.main(["verify", str(run), "--key", str(public)]) == 0
    assert capsys.readouterr().out == f"{run}: 1 files, all as they were written, signed by this key\n"
    _, other = keys(tmp_path, "another")
    assert cli.main(["verify", str(run), "--key", str(other)]) == 1
    assert "manifest.json.sig: not by this key" in capsys.readouterr().out
    assert cli.main(["verify", str(run)]) == 0
    assert "; signed, by whom --key tells" in capsys.readouterr().out


def test_whoever_changes_a_file_and_the_manifest_is_found_out(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    private, public = keys(tmp_path, "mine")
    signing.sign(run, signing.private_key(private))
    (run / "report.md").write_text("all is better")
    manifest.write(run, reports.mixed(), "ipllvm audit llava-tiny")
    assert cli.main(["verify", str(run)]) == 0, "checksums alone do not tell"
    assert cli.main(["verify", str(run), "--key", str(public)]) == 1
    assert "or manifest.json was changed after it was signed" in capsys.readouterr().out


@pytest.mark.parametrize("content", [None, b"", b"nonsense!", base64.b64encode(b"0" * 63), b"\xff" * 90])
def test_a_signature_that_is_none_is_a_fault(content: bytes | None, run: Path, tmp_path: Path) -> None:
    _, public = keys(tmp_path, "mine")
    if content is not None:
        (run / manifest.SIGNATURE).write_bytes(content)
    assert signing.problem(run, signing.public_key(public)).startswith("manifest.json.sig: ")


def test_openssl_checks_it_too(run: Path, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl here")
    private, public = keys(tmp_path, "mine")
    signature = signing.sign(run, signing.private_key(private))
    (tmp_path / "raw").write_bytes(base64.b64decode(signature.read_bytes()))
    words = ["pkeyutl", "-verify", "-pubin", "-inkey", str(public), "-rawin", "-in", str(run / manifest.NAME)]
    done = subprocess.run(
        [openssl, *words, "-sigfile", str(tmp_path / "raw")], capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_a_locked_key_takes_its_passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private, _ = keys(tmp_path, "mine", passphrase=b"sesame")
    with pytest.raises(UsageError, match="IPLLVM_KEY_PASSPHRASE unlocks one"):
        signing.private_key(private)
    monkeypatch.setenv(signing.PASSPHRASE, "sesame")
    signing.private_key(private)


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PUBLIC KEY-----\n\n", b"\0" * 70_000, None])
def test_what_is_no_key_is_refused_in_one_line(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    for load in (signing.private_key, signing.public_key):
        with pytest.raises(UsageError) as raised:
            load(file)
        assert "\n" not in str(raised.value) and str(file) in str(raised.value)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    form = serialization.PrivateFormat.PKCS8
    file = tmp_path / "key"
    file.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    with pytest.raises(UsageError, match="a key of another kind: make one by ssh-keygen -t ed25519"):
        signing.private_key(file)


def test_an_audit_reads_its_key_before_it_measures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ipllvm.commands.audit._forecast", lambda *_: pytest.fail("it began to measure"))
    assert cli.main(["audit", "planted:invariant", "--sign", str(tmp_path / "none")]) == 4
    assert "name the file of a key" in capsys.readouterr().err
