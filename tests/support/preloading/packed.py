# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Ansible has packed for a module: the server imports what the first run of a module has imported, and later runs take that.

They take it only if all that their own archive has of it is the same, byte by byte.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import zipimport
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

TOPS = ("ansible", "ansible_collections")
SHARED = "module_utils"

kept: dict[str, tuple[tuple[int, int], ModuleType]] = {}
"""The modules that were imported, by name, each with the checksum and size of its file."""
_fitting: dict[str, bool] = {}
"""The archives of this process, and whether what is kept fits them."""
_told: dict[str, Path] = {}
"""The archives of this process that have more than is kept, and where they are left for the server."""


def keep_in(folder: Path) -> None:
    """Have modules that are imported from archives be those that are kept; leave what is not kept to the server in a folder."""
    create: Callable[..., ModuleType | None] = zipimport.zipimporter.create_module
    run: Callable[..., None] = zipimport.zipimporter.exec_module

    def create_module(self: Any, spec: Any) -> ModuleType | None:
        fits = _fits(self.archive, folder)
        if spec.name not in kept or not fits:
            return create(self, spec)
        module = kept[spec.name][1]
        names = vars(module).keys() & {"__file__", "__cached__", "__loader__", "__package__", "__path__"}
        vars(module).update(dict.fromkeys(names))  # Python sets anew what is none
        return module

    def exec_module(self: Any, module: ModuleType) -> None:
        if kept.get(module.__name__, ((), None))[1] is not module:
            run(self, module)

    zipimport.zipimporter.create_module = create_module  # type: ignore[assignment,method-assign]
    zipimport.zipimporter.exec_module = exec_module  # type: ignore[assignment,method-assign]


def _fits(archive: str, folder: Path) -> bool:
    if archive not in _fitting:
        there = _files(archive)
        _fitting[archive] = all(there.get(name, mark) == mark for name, (mark, _module) in kept.items())
        if _fitting[archive] and not {name for name in there if f".{SHARED}." in name} <= kept.keys():
            _told[archive] = folder / f"{os.getpid()}-{len(_told)}.zip"
            _told[archive].write_bytes(Path(archive).read_bytes())  # it is deleted before the run ends
    return _fitting[archive]


def _files(archive: str) -> dict[str, tuple[int, int]]:
    """Checksum and size of each module of an archive."""
    directory = zipimport._zip_directory_cache[archive]  # type: ignore[attr-defined]
    files = {path: (entry[7], entry[3]) for path, entry in directory.items() if path.endswith(".py")}
    return {path[:-3].removesuffix("/__init__").replace("/", "."): mark for path, mark in files.items()}


def _imported(archive: str) -> set[str]:
    """What was imported from an archive, of what modules share."""
    loaders = {name: getattr(module, "__loader__", None) for name, module in list(sys.modules.items())}
    from_archives = {name: loader for name, loader in loaders.items() if isinstance(loader, zipimport.zipimporter)}
    return {name for name, loader in from_archives.items() if loader.archive == archive and f".{SHARED}." in name}


def tell() -> None:
    """At the end of a run, say what it has imported that is not kept."""
    for archive, aside in _told.items():
        if more := _imported(archive) - kept.keys():
            aside.with_suffix(".new").write_text("\n".join(sorted(more)), encoding="utf-8")
            aside.with_suffix(".new").rename(aside.with_suffix(".names"))  # what exists is complete
        else:
            aside.unlink()


def learn(folder: Path) -> None:
    """Import what runs have told of, before the next one is forked."""
    for told in sorted(folder.glob("*.names")):
        archive = str(told.with_suffix(".zip"))
        sys.path.insert(0, archive)
        for name in told.read_text("utf-8").split("\n"):
            with contextlib.suppress(Exception):
                importlib.import_module(name)
        _keep(archive)
        sys.path.remove(archive)
        told.unlink()
        os.unlink(archive)


def _keep(archive: str) -> None:
    """Keep what was imported, and have no trace of it."""
    files = _files(archive)
    for name in _imported(archive) - kept.keys():
        kept[name] = files[name], sys.modules[name]
    for name in [name for name in sys.modules if name.split(".")[0] in TOPS]:
        del sys.modules[name]
    _fitting.clear()
    _told.clear()
    zipimport._zip_directory_cache.pop(archive)  # type: ignore[attr-defined]
    for path in [path for path in sys.path_importer_cache if path.startswith(archive)]:
        del sys.path_importer_cache[path]
