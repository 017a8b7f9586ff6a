# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Ansible's programs need, imported beforehand, as far as that does not depend on settings.

Ansible reads its settings, from the environment and files, when `ansible.constants` is imported. So neither that is imported, nor
anything that imports it: each run does that for itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
import sys
import tempfile
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace

import collection
import compiled

SETTINGS = "ansible.constants"
NEEDED = (
    "ansible.cli.adhoc",
    "ansible.cli.inventory",
    "ansible.cli.playbook",
    "ansible.executor.process.worker",
    "ansible.plugins.action.assert",
    "ansible.plugins.action.copy",
    "ansible.plugins.action.include_vars",
    "ansible.plugins.action.normal",
    "ansible.plugins.action.set_fact",
    "ansible.plugins.action.template",
    "ansible.plugins.action.uri",
    "ansible.plugins.callback.default",
    "ansible.plugins.connection.local",
    "ansible.plugins.filter.core",
    "ansible.plugins.filter.encryption",
    "ansible.plugins.filter.mathstuff",
    "ansible.plugins.filter.urls",
    "ansible.plugins.filter.urlsplit",
    "ansible.plugins.inventory.ini",
    "ansible.plugins.inventory.yaml",
    "ansible.plugins.shell.sh",
    "ansible.plugins.strategy.linear",
    "ansible.plugins.test.core",
    "ansible.plugins.test.files",
    "ansible.plugins.test.mathstuff",
    "ansible.plugins.test.uri",
    "cryptography.x509",
)

NOT_PACKED = (
    "ANSIBLE_DISPLAY_TRACEBACK",
    "ANSIBLE_FORCE_COLOR",
    "ANSIBLE_INJECT_INVOCATION",
    "ANSIBLE_INVENTORY_UNPARSED_WARNING",
    "ANSIBLE_LOCALHOST_WARNING",
    "ANSIBLE_LOCAL_TEMP",
    "ANSIBLE_LOG_PATH",
    "ANSIBLE_NOCOLOR",
    "ANSIBLE_PIPELINING",
    "ANSIBLE_REMOTE_TMP",
)
"""Settings that change nothing of what is packed for a module."""


class SettingsNeeded(BaseException):
    """Not an exception that somebody who imports something handles."""


class WithoutSettings:
    """Finds that the settings are needed."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Import no settings."""
        if name == SETTINGS:
            raise SettingsNeeded
        return None


def prepare(folder: Path) -> None:
    """Import all that is needed and does not depend on settings, and read what comes with Ansible."""
    names = _all_needed()
    sys.meta_path.insert(0, WithoutSettings)
    for name in names:
        with contextlib.suppress(ImportError, SettingsNeeded):
            importlib.import_module(name)
    compiled.keep_for(importlib.import_module("ansible.utils.collection_loader._collection_finder"), folder)
    if "ANSIBLE_COLLECTIONS_PATH" in os.environ:
        collection.prepare(os.environ["ANSIBLE_COLLECTIONS_PATH"], unless=SettingsNeeded)
    sys.meta_path.remove(WithoutSettings)
    _read_files()
    _share_payloads(folder)


def _all_needed() -> list[str]:
    """All that is imported for a run. Another process finds out, and ends."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        for name in NEEDED:
            importlib.import_module(name)
        with open(writing, "w", encoding="utf-8") as pipe:
            pipe.write("\n".join(sys.modules))
        os._exit(0)
    os.close(writing)
    with open(reading, encoding="utf-8") as pipe:
        names = pipe.read().splitlines()
    os.wait()
    return names


def _read_files() -> None:
    """Read the long YAML files that come with Ansible."""
    from ansible.config.manager import ConfigManager
    from ansible.utils.collection_loader import _collection_finder

    files = Path(str(sys.modules["ansible"].__file__)).parent / "config"
    definitions, routing = str(files / "base.yml"), (files / "ansible_builtin_runtime.yml").read_bytes()
    read_definitions, read_routing = ConfigManager._read_config_yaml_file, _collection_finder._meta_yml_to_dict
    known = {definitions: read_definitions(None, definitions), routing: read_routing(routing, None)}
    # Handed out once: a process may change what it has read.
    ConfigManager._read_config_yaml_file = lambda self, path: known.pop(path, None) or read_definitions(self, path)
    _collection_finder._meta_yml_to_dict = lambda text, name: known.pop(text, None) or read_routing(text, name)


def _share_payloads(folder: Path) -> None:
    """Have runs that find the same code share what they pack for modules, which each run has in its own temporary folder."""
    import ansible.config.manager

    def make_temporary_folder(*, prefix: str, dir: str) -> str:
        of_ansible = ((name, value) for name, value in os.environ.items() if name.startswith(("ANSIBLE_", "PYTHON")))
        settings = sorted(item for item in of_ansible if item[0] not in NOT_PACKED)
        payloads = folder / f"payloads-{hashlib.sha256(repr(settings).encode()).hexdigest()}"
        payloads.mkdir(exist_ok=True)
        made = tempfile.mkdtemp(prefix=prefix, dir=dir)
        Path(made, "ansiballz_cache").symlink_to(payloads)
        return made

    ansible.config.manager.tempfile = SimpleNamespace(mkdtemp=make_temporary_folder)
