# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the names on a path against its issuers' name constraints (RFC 5280, 4.2.1.10). Private to softlayer.certificates.

Pure. The verifier of `cryptography` refuses every path with constraints on directory names, and before release 45 it knows
only the rules of public authorities. Host names, addresses and directory names are compared here. A name of another kind
is not permitted if there are constraints on its kind.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Sequence
from contextlib import suppress

from .certificate import Certificate, comparable

with suppress(ImportError):  # the callers of _x509 report a missing library
    from cryptography import x509


def meets_name_constraints(leaf: Certificate, issuers: Sequence[Certificate]) -> bool:
    """Return whether all names on a path meet the constraints of the issuers above them.

    Args:
        leaf: the certificate.
        issuers: its issuers in order, including the root.
    """
    for number, issuer in enumerate(issuers):
        constraints = issuer.extension(x509.NameConstraints)
        below = [one for one in issuers[:number] if not one.is_self_issued]
        if constraints and not all(_is_within(one, constraints, is_leaf=one is leaf) for one in (leaf, *below)):
            return False
    return True


def _is_within(certificate: Certificate, constraints: x509.NameConstraints, *, is_leaf: bool) -> bool:
    if x509.SubjectAlternativeName.oid.dotted_string in certificate.unreadable_extensions:
        return False
    permitted, excluded = constraints.permitted_subtrees or (), constraints.excluded_subtrees or ()
    return all(
        _is_permitted(name, _of_its_kind(name, permitted)) and not _is_excluded(name, _of_its_kind(name, excluded))
        for name in _names(certificate, is_leaf=is_leaf)
    )


def _names(certificate: Certificate, *, is_leaf: bool) -> list[x509.GeneralName]:
    """Return the names that constraints apply to: the alternative names, and the subject unless it is empty."""
    names = list(certificate.extension(x509.SubjectAlternativeName) or ())
    if is_leaf and not any(isinstance(name, x509.DNSName) for name in names):
        # old clients take the common name for a host name
        names += [x509.DNSName(name) for name in certificate.server_names if "." in name and name.isascii()]
    return [*names, *([x509.DirectoryName(certificate.parsed.subject)] if certificate.subject else [])]


def _of_its_kind(name: x509.GeneralName, bases: Iterable[x509.GeneralName]) -> list[t.Any]:
    return [base.value for base in bases if type(base) is type(name)]


def _is_permitted(name: x509.GeneralName, bases: list[t.Any]) -> bool:
    if not bases:
        return True
    if isinstance(name, x509.DNSName):
        return any(_is_below(name.value, base) for base in bases)
    return (
        any(_covers(name, base) for base in bases) if isinstance(name, x509.IPAddress | x509.DirectoryName) else False
    )


def _is_excluded(name: x509.GeneralName, bases: list[t.Any]) -> bool:
    if isinstance(name, x509.DNSName):
        host, is_wildcard = name.value.removeprefix("*."), name.value.startswith("*.")
        return any(_is_below(name.value, base) or (is_wildcard and _is_below(base, host)) for base in bases)
    return (
        any(_covers(name, base) for base in bases)
        if isinstance(name, x509.IPAddress | x509.DirectoryName)
        else bool(bases)
    )


def _covers(name: x509.IPAddress | x509.DirectoryName, base: t.Any) -> bool:
    """Return whether an address is in a network, or a directory name begins with another one.

    Directory names are compared by whole relative names.
    """
    if isinstance(name, x509.IPAddress):
        return name.value in base
    first = comparable(base)
    return comparable(name.value)[: len(first)] == first


def _is_below(name: str, base: str) -> bool:
    """Return whether a host name equals another one or is in its domain.

    A base that begins with a dot, as OpenSSL reads it, matches only names below it.
    """
    name, base = name.lower().rstrip("."), base.lower().rstrip(".")
    return not base or name == base or name.endswith(base if base.startswith(".") else f".{base}")
