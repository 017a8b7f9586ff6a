# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files go with a container or a job. The mounts are in the form of proc_pid_mountinfo(5)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger import containers
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger.containers import (
    Mount,
    find_why_lost,
    has_layered_root,
    parse_mounts,
    why_lost,
)

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
        ("//root/ledger.sqlite3", "this container"),
        ("/var/lib/ledgers/ledger.sqlite3", "this container"),
        ("/dev/shm/ledger.sqlite3", "/dev, which is kept in this container's memory"),
        ("/anonymous/ledger.sqlite3", "/anonymous, a volume without a name"),
        ("/scratch/ledger.sqlite3", "/scratch, a volume of this pod"),
        ("/claim/memory/ledger.sqlite3", "/claim/memory, which is kept in this container's memory"),
        ("/covered/ledger.sqlite3", "/covered, which is kept in this container's memory"),
        ("/layered/ledger.sqlite3", "/layered, a volume whose changes this container keeps to itself"),
        ("/layered/as-user/ledger", "/layered/as-user, a volume whose changes this container keeps to itself"),
        ("/of-a-machine-that-is-a-container/ledger.sqlite3", None),
        ("/var/lib/ledger/ledger.sqlite3", None),
        ("/var/lib/with blank/ledger.sqlite3", None),
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
        assert lost(path, in_container, folders) == "the folder of this AWX job"
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
        assert find_why_lost(f"{folder}/ledger.sqlite3") == "the folder of this AWX job"


def test_a_root_of_layers_is_that_of_a_container() -> None:
    plain = "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
    layers = "21 20 0:61 / / rw - overlay overlay rw,lowerdir=/l\n"
    below = "22 20 0:62 / /x rw - overlay overlay rw,lowerdir=/l\n"
    texts = (plain, layers, plain + layers, layers + plain, plain + below, layers + below, "")
    assert [has_layered_root(parse_mounts(text)) for text in texts] == [*(False, True, True, False, False, True, False)]


def test_how_a_container_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its layers, by a mark, or by what Kubernetes sets; a name on a mount may be in any encoding."""
    told, mark = tmp_path / "mountinfo", tmp_path / "mark"
    monkeypatch.setattr(containers, "Path", {"/proc/self/mountinfo": told}.__getitem__)
    monkeypatch.setattr(containers, "MARKS", (str(mark),))
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
