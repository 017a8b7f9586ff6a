# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How demonstrations tell what they do."""

from __future__ import annotations

import textwrap

WIDTH = 100


def tell(title: str, text: str) -> None:
    """Print a heading and a paragraph."""
    print(f"\n{'=' * WIDTH}\n{title}\n{'=' * WIDTH}\n{textwrap.fill(text, WIDTH)}\n", flush=True)


def show(text: str) -> None:
    """Print what a file holds, or a program has printed."""
    print(textwrap.indent(text.strip("\n"), "    "), flush=True)
