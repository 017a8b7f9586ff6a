# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines that say what listeners have, what they get, and what is lost by it. Private to softlayer.certificates. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .._remedies import remove
from .._text import some_of
from .summary import MOST_NAMED, Record, label, named


def adoption_lines(adopted: Sequence[Record], *, is_check_mode: bool) -> Iterator[str]:
    """Yield the lines for the list `adopted` of a result."""
    has, gets, lost = ("has", "would get", "would lose") if is_check_mode else ("had", "got", "lost")
    for listener in adopted:
        old, new = listener["had"], listener["gets"]
        if new is None:  # what has failed, is told with all that has
            yield from [f"{named(listener)}: {listener['message']}"] if listener["outcome"] == "unchanged" else []
            continue
        yield f"{named(listener)} {has} {_shown(old) if old else 'no certificate'}"
        yield f"{named(listener)} {gets} {_shown(new)}"
        accepted = f", by {' and '.join(listener['allowed'])}" if listener["allowed"] else ""
        yield f"{named(listener)} {lost} {some_of(listener['lost'], MOST_NAMED, '; ', '; ') or 'nothing'}{accepted}"
    given = [listener for listener in adopted if listener["had"] and listener["gets"]]
    for identifier, listener in {listener["had"]["id"]: listener for listener in given}.items():
        if listener["still_used_by"]:
            yield f"certificate {identifier} is still used by {some_of(listener['still_used_by'], MOST_NAMED)}"
        elif not is_check_mode:
            yield f"certificate {identifier} is used by no listener any more; if nobody wants it back, {remove(identifier)} deletes it"
            if listener["allowed"] and _age(listener["had"]) > _age(listener["gets"]):
                yield f"until {identifier} is removed, or {label(listener['gets'])} is renewed, each run tells that it is newer (held_back)"


def _age(certificate: Record) -> tuple[str, str]:
    return certificate["not_before"], certificate["not_after"]


def _shown(certificate: Record) -> str:
    """Say what a certificate is."""
    which = f"certificate {certificate['id']}" if certificate["id"] else "a certificate that is to be imported"
    kind = " ".join(str(certificate[name]) for name in ("key_type", "key_size") if certificate[name])
    return (
        f"{which}: {label(certificate) or 'without a name'}, {certificate['organization_name'] or 'no organization'}, {kind}, "
        f"until {certificate['ends_at']}"
    )
