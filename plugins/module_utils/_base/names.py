# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of certificates, email addresses, and shell patterns for them. Private to softlayer.certificates.

Pure. Names are compared without regard to case, and both forms of an internationalized name are equal
(`münchen.example` and `xn--mnchen-3ya.example`, RFC 5890).
"""

from __future__ import annotations

import ipaddress
import re
import typing as t
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from fnmatch import fnmatchcase

from .text import MAX_LISTED

with suppress(ImportError):
    import idna

WILDCARDS = re.compile(r"[*?\[]")
NON_HOST_CHARACTERS = re.compile(r"[@/:=]")
"""Characters of email addresses, URIs, and IPv6 addresses, which DNS names do not contain."""
ADDRESS_PATTERN = re.compile(r"[^\s@,;:<>()\[\]\\\"%!]+@[^\s@,;:<>()\[\]\\\".]+(?:\.[^\s@,;:<>()\[\]\\\".]+)*")
"""An email address in the `dot-atom` form of RFC 5322, 3.4.1, without `%` and `!`, which make old mail systems forward the mail to another
address."""

MAX_PORT = 65_535
UNSAFE_CHARACTERS = re.compile(r"[^a-z0-9._-]")
MAX_STEM_LENGTH = 200
"""Maximum length of a file name without extension, in characters; file systems allow 255 with the extension."""


def encode_name(name: str) -> str:
    """Return a host name in lower case with its labels in ASCII form; an invalid label stays unchanged."""
    return _convert_labels(name, _encode_label)


def decode_name(name: str) -> str:
    """Return a host name in lower case with its labels in Unicode form; an invalid label stays unchanged."""
    return _convert_labels(name, _decode_label)


def _convert_labels(name: str, convert: Callable[[str], str]) -> str:
    return ".".join(convert(label) for label in name.strip().lower().rstrip(".").split("."))


def _encode_label(label: str) -> str:
    if label.isascii() or WILDCARDS.search(label):
        return label
    try:
        return idna.encode(label, uts46=True).decode("ascii")
    except idna.IDNAError:
        return label


def _decode_label(label: str) -> str:
    if not label.startswith("xn--") or WILDCARDS.search(label):
        return label
    try:
        return idna.decode(label)
    except idna.IDNAError:
        return label


def is_matching_name(name: str | None, patterns: Iterable[str]) -> bool:
    """Return whether a host name matches one of the shell patterns; a missing name matches none.

    `*` also matches dots. A wildcard certificate's own name is written `[*].example.com`.
    """
    if name is None:
        return False
    forms = [(form, form(name)) for form in (encode_name, decode_name)]
    wanted = ((written, form(pattern)) for pattern in patterns for form, written in forms)
    # Thousands of names as patterns are compared without a search for wildcards.
    return any(
        written == pattern or (WILDCARDS.search(pattern) is not None and fnmatchcase(written, pattern))
        for written, pattern in wanted
    )


def has_matching_name(names: Iterable[str], patterns: Collection[str]) -> bool:
    """Return whether one of several host names matches one of the shell patterns."""
    return any(is_matching_name(name, patterns) for name in names)


def is_matching_address(address: str | None, patterns: Iterable[str]) -> bool:
    """Return whether an email address matches one of the shell patterns; a list of addresses matches none.

    A letter does not match a similar letter of a pattern, even if Unicode equates both letters (the Kelvin sign and `k`), because mail to the
    similar address reaches another mailbox. A local part that is not ASCII matches no wildcard. A domain that is not ASCII must be a valid
    internationalized domain (RFC 5890).
    """
    if not is_one_address(address):
        return False
    local, _at, domain = address.strip().rpartition("@")
    labels = [label for label in domain.split(".") if not label.isascii()]
    are_valid = all(_encode_label(label.lower()).startswith("xn--") for label in labels)
    if unicodedata.normalize("NFKC", domain) != domain or not are_valid:
        return False
    if not local.isascii():
        parts = (pattern.strip().rpartition("@") for pattern in patterns)
        return any(local == wanted and is_matching_name(domain, [of_domain]) for wanted, _at, of_domain in parts)
    forms = [(form, _normalize_address(address, form)) for form in (encode_name, decode_name)]
    return any(
        fnmatchcase(written, _normalize_address(pattern, form)) for pattern in patterns for form, written in forms
    )


def is_one_address(address: str | None) -> t.TypeGuard[str]:
    """Return whether a text is exactly one email address.

    A list of addresses could match a pattern at its end and still reach other mailboxes. Separators include the full-width forms of East Asian
    text.
    """
    if address is None or not address.strip().isprintable():
        return False
    return all(ADDRESS_PATTERN.fullmatch(form.strip()) for form in (address, unicodedata.normalize("NFKC", address)))


def _normalize_address(address: str, form: Callable[[str], str]) -> str:
    local, at, domain = address.strip().lower().rpartition("@")
    return f"{local}{at}{form(domain)}"


def format_listener_name(record: Mapping[str, object]) -> str:
    """Return the displayed name of a listener or load balancer in a result, such as `web:443`; empty for other records."""
    return ":".join(str(record[name]) for name in ("load_balancer", "port") if record.get(name))


def build_listener_sort_key(name: str) -> tuple[str, int]:
    """Return the sort key of the name of a listener: the load balancer, then the port as a number."""
    balancer, _colon, port = name.rpartition(":")
    return (balancer, int(port)) if port.isdecimal() else (name, 0)


def choose_server_name(names: Iterable[str], addresses: Iterable[str] = ()) -> str | None:
    """Return a name by which TLS clients can request a certificate, or `None`.

    The function prefers a name without a wildcard, and otherwise replaces the wildcard by `www`. For a certificate with IP addresses only, the
    function returns an address, which TLS clients compare but do not send (RFC 6066, 3).
    """
    best = min(names, key=lambda name: (name.startswith("*"), name), default=None)
    return best.replace("*", "www") if best else min(addresses, default=None)


def is_address(name: str) -> bool:
    """Return whether a name is an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def find_wildcard(name: str) -> str | None:
    """Return the wildcard that covers a name, or `None` for a name of two labels, because TLS clients reject `*.com` (OpenSSL, `X509_check_host`)."""
    label, _dot, rest = name.partition(".")
    return f"*.{rest}" if label and "." in rest else None


def is_host_name(name: str) -> bool:
    """Return whether a name of a certificate is a DNS name, and not an IP address, email address, or URI."""
    return not is_address(name) and not NON_HOST_CHARACTERS.search(name)


def select_names(common_name: str | None, alternatives: Iterable[str]) -> list[str]:
    """Return the common name of a certificate or order, or its DNS names if it has no common name."""
    return [common_name] if common_name else list(filter(is_host_name, alternatives))


def choose_name(common_name: str | None, alternatives: Sequence[str]) -> str | None:
    """Return the displayed name of a certificate or order: the common name, the first DNS name, or the first other name."""
    return next(iter([*select_names(common_name, alternatives), *alternatives]), None)


def choose_record_name(record: Mapping[str, t.Any]) -> str | None:
    """Return the displayed name of a certificate or order in a result."""
    return choose_name(record.get("common_name"), record.get("subject_alt_names") or ())


def build_diff_name(common_name: str | None, shown: str | None) -> dict[str, str | None]:
    """Return the displayed name of a certificate for a diff, with the key `common_name` or `name`."""
    return {"common_name" if common_name else "name": shown}


def sort_by_similarity(name: str, names: Collection[str]) -> list[str]:
    """Return names, the most similar names to a mistyped name first."""
    alike = get_close_matches(name, names, n=MAX_LISTED, cutoff=0.5)
    return [*alike, *(other for other in sorted(names) if other not in alike)]


def list_file_stems(name: str) -> list[str]:
    """Return the possible file names, without extension, of a certificate or key for a name, the preferred file name first.

    The file names are the unchanged name, its ASCII form, and its Unicode form. `_` replaces `*` and path separators.
    """
    forms = (name.strip(), encode_name(name), decode_name(name))
    return list(dict.fromkeys(re.sub(r"[*/\\]", "_", form) for form in forms))


def normalize_file_name(file_name: str) -> str:
    """Return the normalized form of a file name: in lower case, composed (NFC), and in ASCII form.

    `ß` and `ss` stay different, as in host names.
    """
    return encode_name(unicodedata.normalize("NFC", file_name))


def group_file_names(file_names: Iterable[str]) -> dict[str, list[str]]:
    """Return file names by their normalized form."""
    alike: dict[str, list[str]] = {}
    for name in file_names:
        alike.setdefault(normalize_file_name(name), []).append(name)
    return alike


def build_safe_stem(name: str) -> str:
    """Return the file name, without extension, under which the collection saves the certificate of a name.

    The file name is valid on every file system: ASCII, in lower case, not hidden, without a leading hyphen, and at most `MAX_STEM_LENGTH`
    characters long. Different names may have the same file name.
    """
    [stem, *_others] = list_file_stems(encode_name(name))
    return re.sub(r"^[.-]", "_", UNSAFE_CHARACTERS.sub("_", stem)[:MAX_STEM_LENGTH])


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is a loopback address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.rstrip(".").lower() == "localhost"
