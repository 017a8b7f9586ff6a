# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A session with an API that has one answer, for functions that make one call."""

from __future__ import annotations

from typing import Any


class Api:
    """Stands for the client: gives one answer, or raises it, and remembers what it was asked."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
        self.warnings: list[str] = []
        self.warn = self.warnings.append

    def call(self, *args: Any, **keywords: Any) -> Any:
        self.asked.append((args, keywords))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    read_list = call


def client(answer: Any) -> Any:
    """An API with one answer, of whatever type a function wants it."""
    return Api(answer)
