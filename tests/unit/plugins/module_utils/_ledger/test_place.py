# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a URL says that the ledger is, that no message about it tells a password, and which files go with a container or a job."""

from __future__ import annotations

import pwd
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger import place
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger.place import (
    REMEDY,
    Mount,
    build_ledger_options,
    check_ledger_url,
    check_optional_ledger_url,
    find_ledger_directory,
    find_why_lost,
    has_layered_root,
    is_plain_url,
    make_unavailable_error,
    parse_ledger_url,
    parse_mounts,
    why_lost,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.support.failing import fails


def refusal(url: str | None) -> str:
    with fails("ledger_unavailable") as caught:
        parse_ledger_url(url)
    assert "sesame" not in str(caught.value.build_failure())
    with pytest.raises(CertificatesError, match=re.escape(caught.value.message)):
        check_ledger_url(url)
    return caught.value.message


@pytest.mark.parametrize(
    ("url", "driver", "password", "host", "database"),
    [
        ("sqlite:////srv/ledger.db", "sqlite", None, None, "/srv/ledger.db"),
        ("sqlite:////srv/a@b=c.db", "sqlite", None, None, "/srv/a@b=c.db"),
        ("postgres://me:sesame@db.example/ledger", "postgresql+psycopg", "sesame", "db.example", "ledger"),
        ("postgresql://me:a%40b%2Fc%3Dd@db.example/ledger", "postgresql+psycopg", "a@b/c=d", "db.example", "ledger"),
        ("postgresql://me:a=b@db.example/ledger", "postgresql+psycopg", "a=b", "db.example", "ledger"),
        ("postgresql://me@db.example/ledger?sslmode=require", "postgresql+psycopg", None, "db.example", "ledger"),
        ("postgresql:///ledger?host=/run/postgresql", "postgresql+psycopg", None, None, "ledger"),
    ],
)
def test_where_it_is(url: str, driver: str, password: str | None, host: str | None, database: str) -> None:
    place = parse_ledger_url(url)
    assert (place.drivername, place.password, place.host, place.database) == (driver, password, host, database)


@pytest.mark.parametrize(
    ("state", "home", "expected"),
    [
        ("/state", "", "/state"),
        (None, "/home/me", "/home/me/.local/state"),
        ("", "/home/me", "/home/me/.local/state"),
        (None, "me", "'me/.local/state' depends"),
        (None, None, "'~/.local/state' depends"),
        ("state", "/home/me", "'state' depends"),
        ("/a/../proc/self/cwd", "/home/me", "'/a/../proc/self/cwd' depends"),
    ],
)
def test_the_default_never_hangs_on_the_current_folder(
    state: str | None, home: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or another run would have another ledger."""
    for name, value in (("XDG_STATE_HOME", state), ("HOME", home)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)  # a user whom the machine does not know
    if expected.startswith("/"):
        assert parse_ledger_url(None).database == f"{expected}/softlayer.certificates/ledger.sqlite3"
        check_ledger_url(None)
        return
    for look in (parse_ledger_url, check_ledger_url):
        with fails(
            "ledger_unavailable", f"Cannot choose a path for the ledger: {expected}", "Set ledger_url", "sqlite:////"
        ):
            look("")


@pytest.mark.parametrize(
    "url",
    [
        *("postgresql://me:sesame@1@db.example/ledger", "postgresql://me:1@sesame@db.example/ledger"),
        *("postgresql://me:1?sesame=2@db.example/ledger", "postgresql://me:1/sesame=2@db.example/ledger"),
        *("postgresql://me:1 sesame=2@db.example/ledger", "postgresql://me:1?a=sesame@db.example"),
        *("postgresql://db.example/user=me password=sesame", "postgresql://db.example:sesame/ledger"),
        *("mysql://me:sesame@db.example/ledger", "sqlite:////srv/ledger.db?mode=ro"),
        *("sqlite:////srv/ledger.db?uri=true", "/srv/ledger.db", "sesame"),
    ],
)
def test_a_url_that_is_none_or_could_be_read_in_two_ways(url: str) -> None:
    """Where the login may end elsewhere than was meant, host or database would have a part of the password, and messages name both."""
    message = refusal(url)
    assert message.startswith("ledger_url must be the SQLAlchemy URL of a SQLite file") and "Percent-encode" in message


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///file:/srv/ledger.db"])
def test_a_ledger_in_memory(url: str) -> None:
    assert "a ledger in memory is lost at the end of the run. Set ledger_url to a URL such as" in refusal(url)


@pytest.mark.parametrize("driver", ["sqlite", "sqlite+pysqlite"])
@pytest.mark.parametrize(
    "path", ["ledger.db", "./ledger.db", "../ledger.db", "~/ledger.db", "$HOME/ledger.db", "/proc/self/cwd/ledger.db"]
)
def test_a_ledger_in_the_current_folder(path: str, driver: str) -> None:
    """Advised is no path below that folder, which may be anywhere, also in the installed collection."""
    with fails("ledger_unavailable") as caught:
        parse_ledger_url(f"{driver}:///{path}")
    assert caught.value.details == {"ledger": path}
    message = refusal(f"{driver}:///{path}")
    assert message.startswith(f"The path {path} of the ledger depends on the current directory")
    assert message.endswith(REMEDY)


def test_an_empty_url_is_refused() -> None:
    with fails("invalid_argument"):
        build_ledger_options().read({"ledger_url": " "})


@pytest.mark.parametrize("character", ["\n", "\r", "\t", "\0", "\x1b", "\x7f", "\u2028"])
@pytest.mark.parametrize("url", ["sqlite:////srv/{}ledger.db", "postgresql://me:ses{0}sesame@db.example/led{0}ger"])
def test_a_control_character_inside(url: str, character: str) -> None:
    url = url.format(character)
    message = refusal(url)
    assert "Write the URL on one line" in message and "ledger_url" in message
    with pytest.raises(CertificatesError):
        check_optional_ledger_url(url)


@pytest.mark.parametrize(
    ("url", "where", "check"),
    [
        ("postgresql://me:sesame@db.example/ledger", "ledger on db.example", "ledger_url and the database server"),
        ("postgresql:///ledger?password=sesame", "ledger on this host", "ledger_url and the database server"),
        ("sqlite://", "in memory", "ledger_url, and the permissions and free space of the ledger directory"),
    ],
)
def test_why_a_ledger_cannot_be_used(url: str, where: str, check: str) -> None:
    error = make_unavailable_error(sa.make_url(url), "it is away.")
    assert (error.code, error.details) == ("ledger_unavailable", {"ledger": where})
    assert error.message == (
        f"Cannot use the ledger {where}: it is away. Nothing is sent or stored without the ledger. Check {check}."
    )


@pytest.mark.parametrize(
    "said", ["no password sesame+1", "URL postgresql://me:sesame%2B1@db.example/x", "got 'sesame+1'"]
)
@pytest.mark.parametrize(
    "url", ["postgresql://me:sesame%2B1@db.example/ledger", "postgresql://db.example/ledger?password=sesame%2B1"]
)
def test_a_password_that_the_driver_quotes(url: str, said: str) -> None:
    """In any of its spellings."""
    error = make_unavailable_error(sa.make_url(url), f"connection failed: {said}")
    assert "connection failed" in error.message and "sesame" not in str(error.build_failure())


# What can be told without the library


@given(st.text("aZ0./-_", max_size=20) | st.text("aä./:@%?#&= \n", max_size=5))
def test_what_is_plain_is_a_file_that_can_be_the_ledger(name: str) -> None:
    url = f"sqlite:////{name}"
    if is_plain_url(url):
        place = parse_ledger_url(url)
        assert (place.get_backend_name(), place.database, dict(place.query)) == ("sqlite", f"/{name}", {})


@pytest.mark.parametrize(
    "url",
    [
        *("", "sqlite://", "sqlite:///", "sqlite:///:memory:"),
        *("sqlite:///ledger.sqlite3", "sqlite:///../ledger.sqlite3"),
        *("sqlite:////proc/self/cwd/ledger", "sqlite:////a/../proc/self/cwd/ledger", "sqlite:////a\n", "sqlite:////ä"),
        *("sqlite:////a?mode=ro", "sqlite:////a%20b", "sqlite+aiosqlite:////a", "SQLITE:////a", " sqlite:////a"),
        *("postgresql://user@host/database", "postgresql:////a", "/var/lib/certificates/ledger.sqlite3"),
    ],
)
def test_of_others_the_library_knows(url: str) -> None:
    assert not is_plain_url(url)


# The mounts are in the form of proc_pid_mountinfo(5).
VOLUME = "3fd1c0c8b4d3a4ff34b3b1b7ad0b6d2f6b8f2b0d8c6ad3c1a5e7f2a9d4c6b8e0"
MOUNTS = rf"""
620 590 0:61 / / rw,relatime - overlay overlay rw,lowerdir=/l/A:/l/B,upperdir=/diff,workdir=/work
621 620 0:64 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw
622 620 0:65 / /dev rw,nosuid - tmpfs tmpfs rw,size=65536k,mode=755
630 620 8:1 /srv/ledger /var/lib/ledger rw,relatime shared:1 master:2 - ext4 /dev/sda1 rw
631 620 8:1 /srv/with\040blank /var/lib/with\040blank rw - xfs /dev/sda1 rw
632 620 8:1 /var/lib/containers/storage/volumes/{VOLUME}/_data /anonymous rw,nosuid - ext4 /dev/sda1 rw
633 620 8:1 /var/lib/containers/storage/volumes/ledger/_data /named rw,nosuid - ext4 /dev/sda1 rw
634 620 8:1 /var/lib/kubelet/pods/4f3/volumes/kubernetes.io~empty-dir/scratch /scratch rw - ext4 /dev/sda1 rw
635 620 0:70 / /claim rw - nfs4 storage:/export rw
636 635 0:71 / /claim/memory rw - tmpfs tmpfs rw
637 620 8:1 /jobs/awx_7_x1 /runner rw,relatime - ext4 /dev/sda1 rw
638 620 0:72 / /covered rw - nfs4 storage:/covered rw
639 638 0:73 / /covered rw - tmpfs tmpfs rw
640 620 0:74 / /layered rw,relatime - overlay /storage/userdata/overlay/1/merge rw,lowerdir=/srv,upperdir=/upper,workdir=/work
641 620 0:75 / /layered/as-user rw - fuse.fuse-overlayfs fuse-overlayfs rw,user_id=0,group_id=0
642 620 0:76 /srv/ledger /of-a-machine-that-is-a-container rw - overlay overlay rw,lowerdir=/l/A,upperdir=/diff,workdir=/work
not a mount
643 620 0:77 / - not one either
644 620 0:78 / /cut/off rw,relatime
"""


def lost(path: str, in_container: bool = True, job_folders: Sequence[str] = ()) -> str | None:
    return why_lost(path, parse_mounts(MOUNTS), job_folders, in_container)


def test_what_is_read_of_a_mount() -> None:
    mounts = parse_mounts(MOUNTS)
    assert len(mounts) == 16
    assert mounts[4] == Mount("/var/lib/with blank", "/srv/with blank", "xfs")


@pytest.mark.parametrize(
    ("path", "with_what"),
    [
        ("/root/.local/state/ledger.sqlite3", "this container"),
        ("/var/lib/ledgers/ledger.sqlite3", "this container"),
        ("/dev/shm/ledger.sqlite3", "/dev, which is in the memory of this container"),
        ("/anonymous/ledger.sqlite3", "/anonymous, an unnamed volume"),
        ("/scratch/ledger.sqlite3", "/scratch, a volume of this pod"),
        ("/covered/ledger.sqlite3", "/covered, which is in the memory of this container"),
        ("/layered/ledger.sqlite3", "/layered, a volume whose changes are stored only in this container"),
        ("/layered/as-user/ledger", "/layered/as-user, a volume whose changes are stored only in this container"),
        ("/of-a-machine-that-is-a-container/ledger.sqlite3", None),
        ("/var/lib/ledger/ledger.sqlite3", None),
        ("/named/ledger.sqlite3", None),
        ("/claim/ledger.sqlite3", None),
        ("/claim", None),  # a mount may be a file
        ("/runner/home/ledger.sqlite3", None),
    ],
)
def test_with_what_a_file_of_a_container_goes(path: str, with_what: str | None) -> None:
    assert lost(path) == with_what
    assert lost(path, in_container=False) is None


def test_a_container_that_does_not_tell_its_mounts_keeps_nothing() -> None:
    assert why_lost("/var/lib/ledger.sqlite3", [], [], in_container=True) == "this container"


@pytest.mark.parametrize("in_container", [True, False])
def test_the_folder_of_a_job_of_awx(in_container: bool) -> None:
    folders = ("/jobs/awx_7_x1", "/runner")
    for path in ("/runner/home/ledger.sqlite3", "/jobs/awx_7_x1/home/ledger.sqlite3"):
        assert lost(path, in_container, folders) == "the directory of this AWX job"
    assert lost("/claim/ledger.sqlite3", in_container, folders) is None
    assert lost("/runner2/ledger.sqlite3", False, folders) is None


def test_where_a_job_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through symbolic links too; the folder that ansible-runner was given by a user is none."""
    job, link = tmp_path / "job", tmp_path / "link"
    job.mkdir()
    link.symlink_to(job)
    monkeypatch.setenv("AWX_ISOLATED_DATA_DIR", f"{tmp_path}/runner/artifacts/7")
    monkeypatch.delenv("AWX_PRIVATE_DATA_DIR", raising=False)
    assert find_why_lost(f"{tmp_path}/runner/ledger.sqlite3") is None
    monkeypatch.setenv("AWX_PRIVATE_DATA_DIR", str(link))
    for folder in (job, link, tmp_path / "runner"):
        assert find_why_lost(f"{folder}/ledger.sqlite3") == "the directory of this AWX job"


def test_a_root_of_layers_is_that_of_a_container() -> None:
    plain = "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
    layers = "21 20 0:61 / / rw - overlay overlay rw,lowerdir=/l\n"
    below = "22 20 0:62 / /x rw - overlay overlay rw,lowerdir=/l\n"
    texts = (plain, layers, plain + layers, layers + plain, plain + below, layers + below, "")
    assert [has_layered_root(parse_mounts(text)) for text in texts] == [*(False, True, True, False, False, True, False)]


def test_how_a_container_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its layers, by a mark, or by what Kubernetes sets; a name on a mount may be in any encoding."""
    told, mark = tmp_path / "mountinfo", tmp_path / "mark"
    monkeypatch.setattr(place, "Path", {"/proc/self/mountinfo": told}.__getitem__)
    monkeypatch.setattr(place, "CONTAINER_MARKS", (str(mark),))
    for name in ("KUBERNETES_SERVICE_HOST", "AWX_PRIVATE_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    told.write_bytes(MOUNTS.encode() + b"644 620 8:1 / /caf\xe9 rw - ext4 /dev/sda1 rw\n")
    assert find_why_lost("/scratch/ledger.sqlite3") == "/scratch, a volume of this pod"
    told.unlink()  # as on a system that is no Linux
    assert find_why_lost("/scratch/ledger.sqlite3") is None
    mark.touch()
    assert find_why_lost("/scratch/ledger.sqlite3") == "this container"
    mark.unlink()
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "192.0.2.1")
    assert find_why_lost("/scratch/ledger.sqlite3") == "this container"


def test_what_is_kept_beside_the_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert find_ledger_directory("sqlite:////var/lib/certificates/ledger.sqlite3") == "/var/lib/certificates"
    no_files = (None, "", " ", "postgresql://db/ledger", "sqlite://", "sqlite:///relative.db")
    assert {find_ledger_directory(url) for url in no_files} == {"/state/softlayer.certificates"}
    monkeypatch.setenv("XDG_STATE_HOME", "state")
    assert find_ledger_directory(None) is None and find_ledger_directory("a\nb") is None
