# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Python code that Ansible would compile anew in each process is compiled once, and kept in a folder.

Python compiles each file of what Ansible packs for a module, twice; Ansible compiles each file of a collection that it imports, in the
process of each task.
"""

from __future__ import annotations

import _imp
import hashlib
import marshal
import os
import zipimport
from functools import partial
from pathlib import Path
from types import CodeType, ModuleType


def keep_in(folder: Path) -> None:
    """Have Python take what it imports from ZIP archives from a folder."""
    keep_for(zipimport, folder)


def keep_for(importer: ModuleType, folder: Path) -> None:
    """Have a module that imports others take them from a folder."""
    importer.compile = partial(_compile, folder)  # type: ignore[attr-defined]


def _compile(
    folder: Path, source: str | bytes, filename: str, mode: str, flags: int = 0, *, dont_inherit: bool
) -> CodeType:
    """Do what the function that is built into Python does, or look up what that did."""
    assert dont_inherit
    text = source.encode() if isinstance(source, str) else source
    kept = folder / hashlib.sha256(text + f"{mode} {flags}".encode()).hexdigest()
    try:
        code: CodeType = marshal.loads(kept.read_bytes())
    except FileNotFoundError:
        code = compile(source, filename, mode, flags, dont_inherit=True)
        new = folder / f"{kept.name}.{os.getpid()}"
        new.write_bytes(marshal.dumps(code))
        new.rename(kept)  # what exists is complete
    else:
        _imp._fix_co_filename(code, filename)
    return code
