# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the playbooks that set up AWX, and the notification that its guide shows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.support.pages import blocks_below

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks" / "awx"
GUIDE = PLAYBOOKS.parents[1] / "docs/docsite/rst/guide_awx.rst"


class _Loader(yaml.SafeLoader):
    """Reads `!unsafe` as the text that it marks."""


_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def objects() -> dict[str, Any]:
    """What the playbooks are said to make."""
    return playbook_variables("objects")


def settings() -> dict[str, Any]:
    """What differs from site to site, as it is if nothing is set."""
    return playbook_variables("settings")


def notification() -> str:
    """The body of the notification that the guide shows."""
    (text,) = blocks_below(GUIDE, "Notifications", "jinja")
    return text


def playbook_variables(name: str) -> dict[str, Any]:
    """What a file of theirs sets, with its templates."""
    return yaml.load((PLAYBOOKS / f"vars/{name}.yml").read_text(encoding="utf-8"), _Loader)


def proposed() -> dict[str, Any]:
    """What each question of the surveys offers, if nothing is set."""
    of_site = {f"{{{{ {name} }}}}": value for name, value in settings().items() if not isinstance(value, list | dict)}
    questions = objects()["awx_questions"]
    return {name: of_site.get(question["default"], question["default"]) for name, question in questions.items()}


class _Unsafe(yaml.SafeDumper):
    """Marks each text as one that is no template."""

    def represent_data(self, data: Any) -> yaml.Node:
        return self.represent_scalar("!unsafe", data) if isinstance(data, str) else super().represent_data(data)


def safe_dump(variables: Mapping[str, Any]) -> str:
    """The extra variables of a job as AWX writes them."""
    each = [yaml.dump({name: value}, Dumper=_Unsafe, default_flow_style=False) for name, value in variables.items()]
    return "".join(each)
