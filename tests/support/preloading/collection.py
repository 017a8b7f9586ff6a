# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's own code, imported beforehand: Ansible would import it anew in the process of each task that needs a filter.

What is imported lies aside. A run finds it as it finds all of a collection, by its own settings, and takes it only where that leads to
the same file.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

COLLECTION = "ansible_collections.softlayer.certificates"
SHARED = "plugins/module_utils"

kept: dict[str, ModuleType] = {}
"""What was imported, by its file."""


def prepare(path: str, unless: type[BaseException]) -> None:
    """Import what the plugins share from the collection on a path, and have runs take it; leave out what an exception prevents."""
    from ansible.utils.collection_loader import _collection_finder

    folder = Path(path, *COLLECTION.split("."))
    _collection_finder._AnsibleCollectionFinder([path], scan_sys_paths=False)._install()
    for file in sorted(folder.glob(f"{SHARED}/**/*.py")):
        name = ".".join([COLLECTION, *file.relative_to(folder).with_suffix("").parts])
        with contextlib.suppress(ImportError, unless):
            importlib.import_module(name.removesuffix(".__init__"))
    _collection_finder._AnsibleCollectionFinder._remove()
    loaded = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "ansible_collections"}
    for name in loaded:  # a package has the modules that were imported from it
        package, _dot, module = name.rpartition(".")
        if package in loaded:
            delattr(loaded[package], module)
    below = f"{COLLECTION}.{SHARED.replace('/', '.')}."
    kept.update((str(module.__file__), module) for name, module in loaded.items() if name.startswith(below))
    _hand_out(_collection_finder._AnsibleCollectionLoader)


def _hand_out(loader: Any) -> None:
    """Have a loader of modules take those that are kept for their files, as if it had just run them."""
    create: Callable[..., ModuleType | None] = loader.create_module
    run: Callable[..., None] = loader.exec_module
    ours = {id(module) for module in kept.values()}

    def create_module(self: Any, spec: Any) -> ModuleType | None:
        return kept.get(self.get_filename(spec.name)) or create(self, spec)

    def exec_module(self: Any, module: ModuleType) -> None:
        if id(module) not in ours:
            run(self, module)

    loader.create_module, loader.exec_module = create_module, exec_module
