# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Load the files of the report page. Private to softlayer.certificates."""

from __future__ import annotations

import typing as t
from functools import cache
from pathlib import Path

from ansible.module_utils.common.yaml import yaml_load

PAGE_FOLDER = Path(__file__).with_name("_report")
PAGE_FILES = {"template": "page.html.j2", "css": "page.css", "script": "page.js"}


@cache
def load_page(language: str) -> dict[str, t.Any]:
    """Return the source files of the page, and the texts in a language; in English for an unknown language."""
    words = yaml_load((PAGE_FOLDER / "words.yml").read_bytes())
    sources = {name: (PAGE_FOLDER / file).read_text("utf-8") for name, file in PAGE_FILES.items()}
    return {**sources, "words": words.get(language) or words["en"]}
