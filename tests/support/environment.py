# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests that run in this process stand on: the collection on the import path, and nothing of the user's environment.

A `conftest.py` imports this before anything that imports the collection.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = Path("ansible_collections", "softlayer", "certificates")

# Lives as long as the tests: their home, and a link to the collection where it is not laid out as Ansible wants it.
# Ansible has Python evaluate the name of a home, and Python warns of one with `-7is` in it: after `_` no number begins.
_scratch = tempfile.TemporaryDirectory(prefix="softlayer_certificates_")


def _collections_path() -> Path:
    """The folder that holds `ansible_collections`."""
    if ROOT.parts[-3:] == COLLECTION.parts:
        return ROOT.parents[2]
    link = Path(_scratch.name, COLLECTION)
    link.parent.mkdir(parents=True)
    link.symlink_to(ROOT)
    return Path(_scratch.name)


def _set_environment() -> None:
    """Hide credentials, settings and proxies, and let this process and those it starts import the collection."""
    for name in list(os.environ):
        if name.startswith(("ANSIBLE_", "IBMCLOUD_", "SL_", "SOFTLAYER_", "XDG_")) or name.lower().endswith("_proxy"):
            del os.environ[name]
    collections = str(_collections_path())
    home = Path(_scratch.name, "home")
    home.mkdir()
    os.environ["HOME"] = str(home)
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = collections
    os.environ["PYTHONPATH"] = os.pathsep.join([collections, str(ROOT)])
    sys.path.insert(0, collections)


_set_environment()


def _new_folder(name: str, factory: pytest.TempPathFactory) -> Path:
    """A folder among pytest's, which for each new one would look through all that there are."""
    return Path(tempfile.mkdtemp(prefix=f"{name}_", dir=factory.getbasetemp()))


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the test's own, as pytest's."""
    return _new_folder(re.sub(r"\W", "_", request.node.name)[:30], tmp_path_factory)


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of the test's own, where `~/.softlayer` and the ledger would be."""
    path = _new_folder("home", tmp_path_factory)
    monkeypatch.setenv("HOME", str(path))
    monkeypatch.setenv("XDG_STATE_HOME", str(path / ".local" / "state"))
    return path
