# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the playbooks that set up AWX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks" / "awx"


class _Loader(yaml.SafeLoader):
    """Reads `!unsafe` as the text that it marks."""


_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def objects() -> dict[str, Any]:
    """What the playbooks are said to make."""
    return _variables("objects")


def settings() -> dict[str, Any]:
    """What differs from site to site, as it is if nothing is set."""
    return _variables("settings")


def _variables(name: str) -> dict[str, Any]:
    data: dict[str, Any] = yaml.load((PLAYBOOKS / f"vars/{name}.yml").read_text(encoding="utf-8"), _Loader)
    return data
