# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is a source, and the keys for which a mailbox is searched. What a source has: the tests beside this one.

A key belongs to a certificate because of its public key, whatever the files are called and wherever they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.files import (
    File,
    FileCache,
    FileContent,
    FileGroup,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.source import (
    Source,
    detect_kind,
    find_keys,
    make_group,
    pair,
    separate_bundles,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.bundle import (
    Bundle,
    KeyRef,
    Kind,
    Origin,
    Problem,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from hypothesis import given
from hypothesis import strategies as st

from tests.support.certificates import PASSPHRASE, Authority, certificate_of, key_pem, name_of, new_key
from tests.support.client_trees import CLIENTS
from tests.support.failing import fails
from tests.support.sources import AUTHORITY

pytest_plugins = ["tests.support.sources"]

ONE = AUTHORITY.issue("www.example.com")


@pytest.mark.parametrize("kind", [*CLIENTS, "traefik", "folder", "mail"])
def test_a_source_is_what_keeps_it_and_where(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The path may begin with the home folder; for mail, it is that of the keys."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "certs").mkdir()
    given = {"mail": {}, "privatekey_dir": "~/certs/"} if kind == "mail" else {kind: "~/certs/", "mail": None}
    assert Source.of(given) == Source(kind, f"{tmp_path}/certs")  # type: ignore[arg-type]


# What is none


@pytest.mark.parametrize("kind", [*CLIENTS, "folder", "mail"])
def test_a_source_that_is_a_file(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "here"
    path.write_text(ONE.pem)
    option = "privatekey_dir" if kind == "mail" else kind
    said = f"{path}, the value of {option}, is not a directory on this host. Specify the directory"
    with fails("not_found", said) as caught:
        Source.of({"mail": {}, option: str(path)} if kind == "mail" else {kind: str(path)})
    assert caught.value.details == {"path": str(path)}


# What lies at a path


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        (["acme.json"], "traefik"),
        (["live/README"], "certbot"),
        (["renewal/www.conf"], "certbot"),
        (["www/privkey.pem"], "certbot"),
        (["privkey.pem"], "certbot"),
        (["certificates/www.json"], "lego"),
        (["certificates/ca/www/www.json"], "caddy"),
        (["ca/www/www.json"], "caddy"),
        (["www/www.json"], "caddy"),
        (["account.conf"], "acme_sh"),
        (["www.example.com/www.example.com.conf"], "acme_sh"),
        (["www.example.com_ecc/www.example.com.conf"], "acme_sh"),
        (["www.example.com/other.conf"], None),
        (["www.crt", "www.key"], "folder"),
        (["notes.json", "notes.txt"], None),
        ([], None),
    ],
    ids=str,
)
def test_a_folder_is_recognised_by_what_lies_there(files: list[str], kind: str | None, tmp_path: Path) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert detect_kind(str(tmp_path)) == kind


def test_a_certificates_own_folder_is_recognised_by_its_name(tmp_path: Path) -> None:
    for folder, name, kind in (
        ("certificates", "www.json", "lego"),
        ("certificates", "www.crt", "folder"),
        ("www.example.com", "www.example.com.conf", "acme_sh"),
        ("www.example.com", "www.json", None),
        ("www.example.com", "www.example.com.json", "caddy"),
    ):
        path = tmp_path / name / folder
        path.mkdir(parents=True)
        (path / name).touch()
        assert detect_kind(str(path)) == kind, name


def test_a_file_is_traefiks_if_it_is_json(tmp_path: Path) -> None:
    for name in ("acme.json", "cert.pem"):
        (tmp_path / name).touch()
    assert detect_kind(str(tmp_path / "acme.json")) == "traefik"
    assert detect_kind(str(tmp_path / "cert.pem")) is detect_kind(str(tmp_path / "none.json")) is None


def test_what_is_in_no_folder_and_a_folder_without_certificates(tmp_path: Path) -> None:
    assert Source.of({"secrets_manager": {}}) == Source("secrets_manager", "")
    with fails("not_found", f"Cannot find certificates at {tmp_path}") as caught:
        Source.of({"path": str(tmp_path)})
    assert caught.value.details == {"path": str(tmp_path)}


def test_the_kind_of_a_path_is_detected(tmp_path: Path) -> None:
    (tmp_path / "live").mkdir()
    assert Source.of({"path": str(tmp_path)}) == Source("certbot", str(tmp_path))


@pytest.mark.parametrize("kind", [*CLIENTS, "traefik", "folder"])
@pytest.mark.parametrize("name", ["here", "x" * 5000], ids=["short", "long"])
def test_a_source_may_be_missing(kind: str, name: str, tmp_path: Path) -> None:
    """Its disk may not be mounted."""
    assert Source.of({kind: str(tmp_path / name)}).path == str(tmp_path / name)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({}, "but a source has none"),
        ({"certbot": None}, "but a source has none"),
        ({"secrets_manager": None}, "set secrets_manager: {}"),
        ({"certbot": "/etc", "folder": "/etc"}, "certbot and folder"),
        ({"mail": {}}, "privatekey_dir"),
        ({"folder": ""}, "folder"),
    ],
)
def test_what_is_no_source_at_all(source: Any, said: str) -> None:
    with fails("invalid_argument", said):
        Source.of(source)


# Keys


def test_the_keys_for_mail_are_those_that_can_be_read_each_once(tmp_path: Path) -> None:
    """By their real paths, so that a link that is changed does not make another key of it."""
    (tmp_path / "keys").mkdir()
    locked, key = key_pem(new_key(), passphrase=PASSPHRASE), new_key()
    files = {"a.key": key_pem(key), "again.pem": key_pem(key), "c.PEM": ONE.key_pem + ONE.pem, "locked.key": locked}
    others = {"garbage.key": "garbage", "chain.pem": ONE.chain_pem, "other.txt": key_pem(new_key())}
    for name, text in {**files, **others}.items():
        (tmp_path / "keys" / name).write_text(text)
    (tmp_path / "link").symlink_to("keys")
    usable = find_keys(str(tmp_path / "link"), FileCache(PASSPHRASE))
    assert [*usable.values()] == [f"{tmp_path}/keys/{name}" for name in ("a.key", "c.PEM", "locked.key")]


# Which key belongs to which certificate

BY_TWO = Authority(intermediates=2)
KEYS = [new_key() for _number in range(4)]
LEAVES = [
    Certificate(BY_TWO.issue(f"{number}.example.com", key=KEYS[number % len(KEYS)]).der)
    for number in range(2 * len(KEYS))
]
"""Two for each key."""
ISSUERS = [Certificate.from_library(one) for one in (*BY_TWO.chain, BY_TWO.root)]
CA_KEY = Certificate.from_library(
    certificate_of(name_of("CA"), name_of("CA"), BY_TWO.key, BY_TWO.key, ca=True)
).public_key_sha256

PUBLIC_KEYS = [*sorted({leaf.public_key_sha256 for leaf in LEAVES}), CA_KEY]
KINDS: tuple[Kind, ...] = ("certificate", "key", "any")

NAMES = st.text("abc", min_size=1, max_size=3)


def content_of(kind: Kind, path: str, certificates: Iterable[Certificate] = (), key: str | None = None) -> FileContent:
    """A file."""
    there, ref = tuple(dict.fromkeys(certificates)), None if key is None else KeyRef(key, path=path)
    return FileContent(File(kind, path), Bundle(issuers=there) if kind == "chain" else Bundle(there, key=ref))


FILES = st.builds(
    lambda kind, certificates, key: content_of(kind, "", certificates, key),
    st.sampled_from(KINDS),
    st.lists(st.sampled_from([*LEAVES, *ISSUERS]), max_size=4),
    st.none() | st.sampled_from(PUBLIC_KEYS),
)
FOLDERS = st.lists(st.tuples(NAMES, FILES), max_size=12)


def groups(files: list[tuple[str, FileContent]]) -> list[FileGroup]:
    """FileCache with their names, those of one name together; each has a path of its own."""
    found: dict[str, list[FileContent]] = {}
    for number, (name, content) in enumerate(files):
        key = content.bundle.key and content.bundle.key.public_key_sha256
        there = content_of(content.file.kind, f"/{number}", content.bundle.certificates, key)
        found.setdefault(name, []).append(there)
    return [
        FileGroup(name, found[name][0].file.path, is_entry=False, contents=tuple(found[name])) for name in sorted(found)
    ]


@given(FOLDERS)
def test_what_is_found_is_what_the_public_keys_say(files: list[tuple[str, FileContent]]) -> None:
    found = pair(groups(files))
    there = {certificate for _name, content in files for certificate in content.bundle.certificates}
    keys = {content.bundle.key.public_key_sha256 for _name, content in files if content.bundle.key}
    usable = {one for one in there if one in LEAVES and one.public_key_sha256 in keys}
    assert sorted(one.certificates[0].der for one in found.usable_bundles) == sorted(one.der for one in usable)
    assert all(one.matching_certificates == one.certificates for one in found.usable_bundles)
    lacking = {one.certificate for one in found.unusable_bundles}
    assert len(lacking) == len(found.unusable_bundles) and lacking == there.intersection(LEAVES) - usable
    assert {one.problem and one.problem.reason for one in found.unusable_bundles} <= {"key_missing"}
    assert set(found.issuers) == there.intersection(ISSUERS)


def test_what_is_in_no_file_needs_a_key_and_its_lack_is_worth_no_word() -> None:
    """Such as what came by mail."""
    letter = make_group(Bundle((LEAVES[0], *ISSUERS), origin=Origin("Your certificate", "Message 5")))
    assert (letter.name, letter.path, letter.is_entry) == ("Your certificate", "Message 5", False)
    [content] = letter.contents
    assert content.file == File("certificate", "Message 5")
    there = content_of("key", "/key", (), LEAVES[0].public_key_sha256)
    [usable] = pair([letter, FileGroup("a", "/a", contents=(there,))]).usable_bundles
    assert (usable.certificate, usable.origin) == (LEAVES[0], Origin("Your certificate", "Message 5"))


@pytest.mark.parametrize("is_pkcs12", [True, False])
def test_beside_a_certificate_is_what_its_key_store_has(is_pkcs12: bool) -> None:
    """Or else all that lies in its folder."""
    key = KeyRef(LEAVES[0].public_key_sha256, path="/store", is_pkcs12=is_pkcs12)
    store = FileContent(File("any", "/store"), Bundle((LEAVES[0], ISSUERS[0]), key=key))
    others = content_of("chain", "/chain", ISSUERS[1:])
    [usable] = pair([FileGroup("a", "/a", contents=(store, others))]).usable_bundles
    assert set(usable.issuers) == {LEAVES[0], ISSUERS[0], *([] if is_pkcs12 else ISSUERS[1:])}


def test_what_comes_as_bundles_is_distinguished_by_its_problem() -> None:
    """The issuers of any may complete the others."""
    whole = Bundle((LEAVES[0], ISSUERS[0]), tuple(ISSUERS[1:2]))
    useless = Bundle((LEAVES[1], *ISSUERS), problem=Obstacle("key_missing", {"error": "No."}))
    found = separate_bundles([useless, whole])
    assert (found.usable_bundles, found.unusable_bundles) == ((whole,), (useless,))
    assert found.issuers == tuple(ISSUERS) and separate_bundles([whole]).issuers == tuple(ISSUERS[:2])


def test_what_was_wrong_before_is_all_that_is_said() -> None:
    problem = Obstacle("unreadable", {"error": "No."})
    group = FileGroup("a", "/a", problem=problem, contents=(content_of("key", "/key", (), PUBLIC_KEYS[0]),))
    [useless] = pair([group]).unusable_bundles
    assert (useless.problem, useless.origin) == (problem, Origin("a", "/a")) and pair([group]).doubtful_groups == (
        group,
    )


def test_the_path_of_a_certificate_is_the_first_that_is_not_for_chains() -> None:
    contents = [
        content_of(kind, path, certificates)
        for kind, path, certificates in (
            ("chain", "/chain", LEAVES[:1]),
            ("any", "/first", LEAVES[:2]),
            ("any", "/second", LEAVES[1:]),
        )
    ]
    group = FileGroup("a", "/a", contents=tuple(contents))
    assert [Path(group.paths[leaf]).name for leaf in LEAVES[:3]] == ["first", "first", "second"]


@pytest.mark.parametrize(
    ("name", "names", "is_ca", "is_used"),
    [
        ("www.example.com", (), True, True),
        (None, ("www.example.com",), True, True),
        ("Root", (), False, True),
        ("Root", (), True, False),
        ("Root 2.0", (), True, False),
        (None, (), True, False),
    ],
)
def test_the_key_of_a_real_authority_stays_where_it_is(
    name: str | None, names: tuple[str, ...], is_ca: bool, is_used: bool
) -> None:
    """A certificate that its own host has signed is often a CA's, too."""
    subject, key = name_of(name), KEYS[0]
    one = Certificate.from_library(certificate_of(subject, subject, key, key, ca=is_ca, names=names))
    files = [("a", content_of("any", "", (one,), one.public_key_sha256))]
    assert [pair.certificate for pair in pair(groups(files)).usable_bundles] == [one] * is_used


NO, WRONG = Obstacle("unreadable", {"error": "No."}), Obstacle("bad_passphrase", {"error": "Wrong."})
CERTIFICATE = content_of("certificate", "/cert", LEAVES[:1])
KEY = content_of("key", "/key", (), LEAVES[0].public_key_sha256)


def troubled(kind: Kind, problem: Problem) -> FileContent:
    """A file that cannot be used."""
    return FileContent(File(kind, f"/{kind}"), Bundle(problem=problem))


@pytest.mark.parametrize(
    ("contents", "of_an_entry", "of_any_files", "warned"),
    [
        ([CERTIFICATE, KEY], [], [], 0),
        ([CERTIFICATE], [("key_missing", "/cert")], [("key_missing", "/cert")], 0),
        ([KEY], [("certificate_missing", "/a")], [], 0),
        ([CERTIFICATE, troubled("key", NO)], [("unreadable", "/cert")], [("unreadable", "/cert")], 0),
        ([CERTIFICATE, troubled("any", WRONG)], [("bad_passphrase", "/cert")], [("bad_passphrase", "/cert")], 0),
        (
            [CERTIFICATE, troubled("any", NO)],
            [("key_missing", "/cert")],
            [("key_missing", "/cert"), ("unreadable", "/any")],
            0,
        ),
        ([CERTIFICATE, troubled("chain", NO)], [("key_missing", "/cert")], [("key_missing", "/cert")], 2),
        ([CERTIFICATE, KEY, troubled("chain", NO)], [], [], 2),
        ([CERTIFICATE, KEY, troubled("any", NO)], [], [("unreadable", "/any")], 1),
        ([troubled("key", NO)], [("unreadable", "/key")], [("unreadable", "/key")], 0),
        ([troubled("chain", NO)], [], [], 2),
    ],
)
def test_what_is_said_of_files_that_cannot_be_used(
    contents: list[FileContent], of_an_entry: list[tuple[str, str]], of_any_files: list[tuple[str, str]], warned: int
) -> None:
    """Each trouble once; where the certificate can be used all the same, it is a warning."""
    entry, files = (
        pair([FileGroup("a", "/a", is_entry=is_entry, contents=tuple(contents))]) for is_entry in (True, False)
    )
    assert [(one.problem and one.problem.reason, one.origin.path) for one in entry.unusable_bundles] == of_an_entry
    assert [(one.problem and one.problem.reason, one.origin.path) for one in files.unusable_bundles] == of_any_files
    assert [*entry.warnings, *files.warnings] == [NO] * warned
