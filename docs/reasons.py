# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the guide to reasons of what the code says of each: `python3 docs/reasons.py` after a change of `_base/codes.py`."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CODES = ROOT / "plugins/module_utils/_base/codes.py"
GUIDE = ROOT / "docs/docsite/rst/guide_reasons.rst"
ENTRY = re.compile(r"^(\w+(?:, \w+)*): (.+?) \| (.+)$", re.MULTILINE)
PAGE = """\
..
  Copyright (c) softlayer.certificates contributors
  GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later

..
  docs/reasons.py has made this page of plugins/module_utils/_base/codes.py: change it there.

.. _ansible_collections.softlayer.certificates.docsite.guide_reasons:

What a reason means
===================

A result says in one word, ``reason``, why something was not done, and in a sentence, ``message``, what is the matter with just this. A run that
fails as a whole has such a word in ``failure.code``. All of them, by the alphabet; options of ``ssl_certificate_rotate`` begin with
``ssl_rotation_`` as variables of its role. In doubt, run it again: it looks at what is there, and does nothing twice. ``adopt`` is the
playbook that gives a listener a certificate of another kind, once:
:ref:`ansible_collections.softlayer.certificates.docsite.guide_lets_encrypt.adopt`.

.. csv-table::
   :header: Reason, What it means, What to do
   :widths: 28, 36, 36
   :class: cards

"""


def meanings() -> dict[str, tuple[str, str]]:
    """What each word means, and what to do about it, as the strings below the types say."""
    strings = [node.value.value for node in ast.parse(CODES.read_text(encoding="utf-8")).body if is_string(node)]
    entries = [entry for text in strings for entry in ENTRY.findall(re.sub(r"\n {4}", " ", text))]
    words = [(word, (meaning, remedy)) for names, meaning, remedy in entries for word in names.split(", ")]
    assert len(dict(words)) == len(words), "a word is told of twice"
    return dict(sorted(words))


def is_string(node: ast.stmt) -> bool:
    """Whether a statement is nothing but a string."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def page() -> str:
    """The guide."""
    rows = [(f"``{word}``", *told) for word, told in meanings().items()]
    return PAGE + "".join("   " + ",".join(f'"{cell}"' for cell in row) + "\n" for row in rows)


if __name__ == "__main__":
    GUIDE.write_text(page(), encoding="utf-8")
