# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run of the role `ssl_rotation` needs, by which steps it goes, and which certificates it imports. Private to softlayer.certificates.

Pure. Entries are records of `_run.sources.read_sources`: certificates of sources with what is public about them. Records of the store
are those of `ssl_certificate_info`.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from .._argspec import MAILBOXES
from .._codes import RotationReason
from .._mail.limits import why_unusable
from .._names import any_matches, is_host_name
from .._text import some_of
from .._times import parse
from .._x509.certificate import name_set, names_of
from .._x509.chain import UNTRUSTED
from .settings import is_report_path, which_mailboxes, why_out_of_range
from .sightings import age, can_replace

Record = Mapping[str, t.Any]
Names = frozenset[str]
SOURCES = ("certbot", "lego", "acme_sh", "folder", "mail")
"""The kinds of sources, as a source names itself."""
OF_SKIPPED = (
    *("source", "name", "path", "common_name", "subject_alt_names"),
    *("fingerprint_sha256", "key_type", "not_before", "not_after"),
)
"""What a result says of a certificate that is not imported: most nights that is all of them."""
TEXTS = frozenset({"certificate", "intermediate_certificate"})
"""What is repeated only of a certificate that is imported."""
OF_RECORDS = ("id", "fingerprint_sha256", "common_name", "subject_alt_names", "key_type", "not_before", "not_after")
"""What `choose` looks at of a record of the store."""
MOST_NAMED = 5
"""Maximum number of names in a message."""
FILLED_BY_HAND = {"folder", "mail"}
"""Kinds of sources that no client renews anything in."""


# The run


def steps(settings: Record, *, is_check_mode: bool = False) -> list[str]:
    """Return the steps of a run, each of which has a task file.

    A run with the deploy phase needs no other look at the listeners: that phase looks at all that it considers. Only in check mode
    it does not, so that what would be removed depends on a look at the listeners that it would leave as they are.

    Args:
        settings: the variables of the role, without the prefix of their names.
        is_check_mode: whether nothing is done in fact.
    """
    phases = set(settings["phases"])
    removes = "clean_up" in phases and settings["remove_superseded"]
    reports = "report" in phases and settings.get("report_path") is not None
    looks = "verify" in phases or removes
    wanted = {
        "sources": "import" in phases or reports,
        "import": "import" in phases,
        "deploy": "deploy" in phases,
        "listeners": "deploy" not in phases and (looks or reports),
        "verify": removes if is_check_mode and "deploy" in phases else "deploy" not in phases and looks,
        "clean_up": removes,
        "report": reports,
    }
    return [step for step, is_wanted in wanted.items() if is_wanted]


def why_refused(
    settings: Record,
    is_folder: Callable[[str], bool],
    absolute: Callable[[str], str],
    why_no_roots: Callable[[str], str | None],
) -> str | None:
    """Return why the role cannot begin with these settings, or `None` if it can.

    Args:
        settings: the variables of the role, without the prefix of their names.
        is_folder: returns whether an absolute path is a folder of the controller.
        absolute: makes a path of the controller absolute.
        why_no_roots: returns why an absolute path is not one of root certificates, in the words of the role.
    """
    phases, sources = settings["phases"], settings.get("sources") or ()
    if "import" in phases and not sources:
        return (
            "ssl_rotation_sources names no source: name where the certificates come from, "
            'such as [{"certbot": "/etc/letsencrypt"}].'
        )
    for position, source in enumerate(sources if "sources" in steps(settings) else ()):
        why_not = _why_no_source(source, is_folder, absolute)
        if why_not:
            return f"ssl_rotation_sources[{position}] {why_not}"
    out_of_range = why_out_of_range(settings, "ssl_rotation_")
    if out_of_range:
        return out_of_range
    roots = settings.get("trusted_ca_path")
    why_not = None if roots is None else why_no_roots(absolute(roots))
    if why_not:
        return why_not
    path = settings.get("report_path")
    if phases == ["report"] and path is None:
        return "The report phase alone needs ssl_rotation_report_path, the .html file to write."
    if "report" in phases and path is not None and not is_report_path(path, is_folder, absolute):
        return (
            f"ssl_rotation_report_path is {path}, but must be an .html file in a folder of the controller that exists."
        )
    return None


def _why_no_source(source: Record, is_folder: Callable[[str], bool], absolute: Callable[[str], str]) -> str | None:
    kinds = [kind for kind in SOURCES if source.get(kind) is not None]
    if len(kinds) != 1:
        named = f": it names {' and '.join(kinds)}, make one entry of each" if kinds else ""
        return f"must name one of {', '.join(SOURCES)}{named}."
    if kinds != ["mail"]:
        if source.get("privatekey_dir") is not None:
            return f"has privatekey_dir, which belongs to mail: the keys of {kinds[0]} are beside its certificates."
        path = source[kinds[0]]
        return None if is_folder(absolute(path)) else f"names {path}, which is no folder on the controller."
    folder = source.get("privatekey_dir")
    if folder is None:
        return "needs privatekey_dir, the folder of the controller with the private keys to look for in mail."
    if not is_folder(absolute(folder)):
        return f"has privatekey_dir {folder}, which is no folder on the controller."
    return _why_no_mail(source["mail"])


def _why_no_mail(mail: Record) -> str | None:
    named = which_mailboxes(mail)
    if named:
        return f"has a mail that must name the mailbox by one of {', '.join(MAILBOXES)}{named}"
    why_not = why_unusable(mail)
    return why_not and f"has a mail that cannot be used: {why_not}"


# What to import


@dataclass(frozen=True)
class Wishes:
    """Which certificates of the sources to import.

    Attributes:
        common_names: patterns one of which a name must match; `None` means no restriction.
        import_new: whether to import what renews nothing in the store.
        needs_trust: whether to import only what is trusted.
    """

    common_names: Sequence[str] | None = None
    import_new: bool = False
    needs_trust: bool = True


@dataclass(frozen=True)
class Choice:
    """The entries to import, and the others with the reason."""

    chosen: Sequence[Record]
    skipped: Sequence[Record]


def choose(entries: Iterable[Record], store: Iterable[Record], wishes: Wishes, at: datetime) -> Choice:
    """Decide which certificates of the sources to import.

    For each set of names and type of key, it is the newest that is valid now, unless the store has it, or one as new, or nothing
    that it renews. A trusted one is preferred to any other. Of equally new ones the first is taken. One all of whose names another one
    has that is imported, too, and is as new, is not needed: its listeners would get the other one.

    Args:
        entries: what the sources hold, in the order of the sources.
        store: all records of the store, with the fields `OF_RECORDS`.
        wishes: what to import.
        at: the present instant.
    """
    shelf = _Shelf(store, at)
    rivals: dict[tuple[Names | str, str], list[Record]] = {}
    skipped, seen = [], set()
    for entry in entries:
        if entry["fingerprint_sha256"] in seen or not is_meant(entry, wishes.common_names):
            continue
        seen.add(entry["fingerprint_sha256"])
        why_not = _why_unusable(entry, wishes, at)
        if why_not:
            skipped.append(_skipped(entry, *why_not))
        else:
            names = names_of(entry) or entry["fingerprint_sha256"]  # one that is for no name has no rival
            rivals.setdefault((names, entry["key_type"]), []).append(entry)
    chosen = []
    for group in rivals.values():
        best = max(group, key=_rank)
        skipped += [_skipped(one, "superseded", _newer(best)) for one in group if one is not best]
        why_not = shelf.why_not(best, wishes)
        if why_not:
            skipped.append(_skipped(best, *why_not))
        else:
            chosen.append(best)
    wider = _Wider(chosen)
    instead = [(one, wider.instead_of(one)) for one in chosen]
    skipped += [_skipped(one, "superseded", _newer(other, "these names and more")) for one, other in instead if other]
    return Choice([one for one, other in instead if other is None], skipped)


def without_replaced(useless: Iterable[Record], store: Iterable[Record], at: datetime) -> list[Record]:
    """Return what of the sources cannot be used, less the expired certificates of emails that were renewed long ago.

    Emails are kept, and the store has a newer, valid certificate with all their names.
    """
    shelf = _Shelf(store, at)
    return [
        one for one in useless if (one["source"], one["reason"]) != ("mail", "expired") or not any(shelf.as_new(one))
    ]


def is_meant(record: Record, patterns: Sequence[str] | None) -> bool:
    """Return whether one of a certificate's names matches one of the patterns, if there are any; an address is no name."""
    if patterns is None:
        return True
    hosts = filter(is_host_name, record["subject_alt_names"] or ())
    return any_matches(name_set(record["common_name"], hosts), patterns)


def _why_unusable(entry: Record, wishes: Wishes, at: datetime) -> tuple[RotationReason, str] | None:
    begin, end = parse(entry["not_before"]), parse(entry["not_after"])
    if begin is None or end is None or end < at:
        by_hand = entry["source"] in FILLED_BY_HAND
        remedy = "put a renewed one there" if by_hand else f"have {entry['source']} renew it"
        return "expired", f"It expired at {entry['not_after']}: {remedy}."
    if begin > at:
        return (
            "not_yet_valid",
            f"It is not valid before {entry['not_before']}: run it again then, or check this machine's clock.",
        )
    if wishes.needs_trust and entry["trust"] != "trusted":
        return UNTRUSTED[entry["trust"]], entry["trust_message"]
    return None


def _rank(entry: Record) -> tuple[bool, str, str]:
    return _is_trusted(entry), *age(entry)


def _is_trusted(entry: Record) -> bool:
    return bool(entry["trust"] == "trusted")


def _newer(best: Record, names: str = "the same names") -> str:
    return f"{best['source']} has a better one for {names}, {best['path']}, valid until {best['not_after']}."


def without_texts(entry: Record) -> Record:
    """Return an entry without its certificates, as results have it."""
    return {name: value for name, value in entry.items() if name not in TEXTS}


def _skipped(entry: Record, reason: RotationReason, message: str) -> Record:
    return {**{name: entry[name] for name in OF_SKIPPED}, "outcome": "skipped", "reason": reason, "message": message}


class _Wider:
    """Certificates that are to be imported, found by name: a name that few have is looked for, since thousands may share one."""

    def __init__(self, chosen: Iterable[Record]) -> None:
        self._by_name: dict[str, list[Record]] = {}
        for entry in chosen:
            for name in names_of(entry):
                self._by_name.setdefault(name, []).append(entry)

    def instead_of(self, entry: Record) -> Record | None:
        """Return the best one that has all names of a certificate and more, is as new and as trusted, and can replace it."""
        names = names_of(entry)
        sharing = min((self._by_name[name] for name in names), key=len, default=[])
        wider = (one for one in sharing if names < names_of(one) and can_replace(one, entry))
        fitting = (one for one in wider if age(one) >= age(entry) and _is_trusted(one) >= _is_trusted(entry))
        return max(fitting, key=lambda one: (len(names_of(one)), _rank(one)), default=None)


class _Shelf:
    """The records of the store, found by fingerprint and by name."""

    def __init__(self, store: Iterable[Record], at: datetime) -> None:
        self._at = at
        self._by_fingerprint: dict[str, Record] = {}
        self._by_name: dict[str, list[Record]] = {}
        for record in store:
            self._by_fingerprint.setdefault(record["fingerprint_sha256"], record)
            for name in names_of(record):
                self._by_name.setdefault(name, []).append(record)

    def why_not(self, entry: Record, wishes: Wishes) -> tuple[RotationReason, str] | None:
        """Return why a certificate is not to be imported, or `None` if it is."""
        same = self._by_fingerprint.get(entry["fingerprint_sha256"])
        if same is not None:
            return "already_imported", f"The store has it: certificate {same['id']}."
        names = names_of(entry)
        related = {record["id"]: record for name in names for record in self._by_name.get(name, ())}
        newer = next((one for one in self.as_new(entry) if one["key_type"] == entry["key_type"]), None)
        if newer is not None:
            return (
                "superseded",
                f"The store has a newer one for the same names: certificate {newer['id']}, valid until {newer['not_after']}.",
            )
        if wishes.import_new or any(names_of(record) <= names for record in related.values()):
            return None
        return "new_name", _why_new(names, list(related.values()), is_empty=not self._by_fingerprint)

    def as_new(self, entry: Record) -> Iterator[Record]:
        """Yield the records that have not expired, have all names of a certificate, and are as new or newer."""
        names = names_of(entry)
        for record in min((self._by_name.get(name, []) for name in names), key=len, default=[]):
            end = parse(record["not_after"])
            if names <= names_of(record) and end is not None and end >= self._at and age(record) >= age(entry):
                yield record


def _why_new(names: Names, related: Sequence[Record], *, is_empty: bool) -> str:
    remedy = "ssl_rotation_import_new: true imports it."
    if is_empty:
        return (
            f"The list of the store is empty. If certificates are stored, give the API user the permission SECURITY_CERTIFICATE_MANAGE; "
            f"if none is, {remedy}"
        )
    if not names:
        return f"It is for no name, so it renews no certificate of the store. {remedy}"
    if not related:
        return f"The store holds no certificate for {some_of(sorted(names), MOST_NAMED)} that it would renew: {remedy}"
    nearest = min(related, key=lambda record: len(names_of(record) - names))
    lost = some_of(sorted(names_of(nearest) - names), MOST_NAMED)
    return f"It renews no certificate of the store: certificate {nearest['id']} is also for {lost}. {remedy}"
