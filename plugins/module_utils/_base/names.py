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
"""Characters that DNS names do not contain."""
ADDRESS_PATTERN = re.compile(r"[^\s@,;:<>()\[\]\\\"%!]+@[^\s@,;:<>()\[\]\\\".]+(?:\.[^\s@,;:<>()\[\]\\\".]+)*")
"""One address without a name, comments or quoting (the `dot-atom` form of RFC 5322, 3.4.1), and without `%` and `!`,
which make old mail systems route the mail elsewhere."""

MAX_PORT = 65_535
UNSAFE_CHARACTERS = re.compile(r"[^a-z0-9._-]")
MAX_STEM_LENGTH = 200
"""Characters; file systems allow 255 with the extension."""


def encode_name(name: str) -> str:
    """Return a host name in lower case with its labels in ASCII form; an invalid label does not change."""
    return _convert_labels(name, _encode_label)


def decode_name(name: str) -> str:
    """Return a host name in lower case with its labels in Unicode form; an invalid label does not change."""
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


def name_matches(name: str | None, patterns: Iterable[str]) -> bool:
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


def any_matches(names: Iterable[str], patterns: Collection[str]) -> bool:
    """Return whether one of the names of a certificate or an order matches one of the shell patterns."""
    return any(name_matches(name, patterns) for name in names)


def address_matches(address: str | None, patterns: Iterable[str]) -> bool:
    """Return whether an email address matches one of the shell patterns; anything but exactly one address matches none.

    Letters that only look like those of a pattern do not match, even if Unicode's rules for case or compatibility equate
    them (the Kelvin sign and `k`): mail to them goes elsewhere. A local part that is not ASCII matches no wildcard. A domain
    that is not ASCII must be a correctly written internationalised one (RFC 5890).
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
        return any(local == wanted and name_matches(domain, [of_domain]) for wanted, _at, of_domain in parts)
    forms = [(form, _normalize_address(address, form)) for form in (encode_name, decode_name)]
    return any(
        fnmatchcase(written, _normalize_address(pattern, form)) for pattern in patterns for form, written in forms
    )


def is_one_address(address: str | None) -> t.TypeGuard[str]:
    """Return whether a text is one email address.

    A list is refused: it might match a pattern at its end and still go to other addresses too. All characters that mail software
    may read as a separator count, including the wide forms of East Asian text.
    """
    if address is None or not address.strip().isprintable():
        return False
    return all(ADDRESS_PATTERN.fullmatch(form.strip()) for form in (address, unicodedata.normalize("NFKC", address)))


def _normalize_address(address: str, form: Callable[[str], str]) -> str:
    local, at, domain = address.strip().lower().rpartition("@")
    return f"{local}{at}{form(domain)}"


def listener_name(record: Mapping[str, object]) -> str:
    """Return the name in messages of a listener, or of balancers, in a result; empty for any other record."""
    return ":".join(str(record[name]) for name in ("load_balancer", "port") if record.get(name))


def build_listener_sort_key(name: str) -> tuple[str, int]:
    """Return what names of listeners, such as `web:443`, are sorted by: the balancer, then the port as a number."""
    balancer, _colon, port = name.rpartition(":")
    return (balancer, int(port)) if port.isdecimal() else (name, 0)


def choose_server_name(names: Iterable[str], addresses: Iterable[str] = ()) -> str | None:
    """Return a name by which TLS clients request a certificate, `None` if it has none.

    It is one without a wildcard if there is one, else one with `www` in its place. Of a certificate for addresses only, it is an
    address, which is compared but not sent in the handshake (RFC 6066, 3).
    """
    best = min(names, key=lambda name: (name.startswith("*"), name), default=None)
    return best.replace("*", "www") if best else min(addresses, default=None)


def is_address(name: str) -> bool:
    """Return whether a name of a certificate, or of a host, is an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def find_wildcard(name: str) -> str | None:
    """Return the wildcard that covers a name; `None` for a name of two labels, because TLS clients reject `*.com` (OpenSSL, `X509_check_host`)."""
    label, _dot, rest = name.partition(".")
    return f"*.{rest}" if label and "." in rest else None


def is_host_name(name: str) -> bool:
    """Return whether a name of a certificate is a DNS name, and not an IP address, email address, or URI."""
    return not is_address(name) and not NON_HOST_CHARACTERS.search(name)


def select_names(common_name: str | None, alternatives: Iterable[str]) -> list[str]:
    """Return the names that a certificate or an order goes by: the common name, else the DNS names."""
    return [common_name] if common_name else list(filter(is_host_name, alternatives))


def choose_name(common_name: str | None, alternatives: Sequence[str]) -> str | None:
    """Return the name in messages of a certificate or an order: the common name, else the first DNS name, else any other."""
    return next(iter([*select_names(common_name, alternatives), *alternatives]), None)


def choose_record_name(record: Mapping[str, t.Any]) -> str | None:
    """Return the same for a certificate or an order in a result."""
    return choose_name(record.get("common_name"), record.get("subject_alt_names") or ())


def build_diff_name(common_name: str | None, shown: str | None) -> dict[str, str | None]:
    """Return the shown name of a certificate for a diff, as `common_name` or `name`."""
    return {"common_name" if common_name else "name": shown}


def sort_by_similarity(name: str, names: Collection[str]) -> list[str]:
    """Return names, the ones most similar to a mistyped name first."""
    alike = get_close_matches(name, names, n=MAX_LISTED, cutoff=0.5)
    return [*alike, *(other for other in sorted(names) if other not in alike)]


def list_file_stems(name: str) -> list[str]:
    """Return the possible file names of the certificate or key for a name, without extension, best first.

    These are the name as written, then its ASCII and its Unicode form. `*`, and characters that would lead into another directory,
    are replaced by `_`.
    """
    forms = (name.strip(), encode_name(name), decode_name(name))
    return list(dict.fromkeys(re.sub(r"[*/\\]", "_", form) for form in forms))


def normalize_file_name(file_name: str) -> str:
    """Return what all ways to write a file's name have in common: in any case, composed or not (NFD), in Unicode or in ASCII form.

    `ß` and `ss` stay different, as in names of hosts.
    """
    return encode_name(unicodedata.normalize("NFC", file_name))


def group_file_names(file_names: Iterable[str]) -> dict[str, list[str]]:
    """Return the names of files by what is the same in all ways to write each."""
    alike: dict[str, list[str]] = {}
    for name in file_names:
        alike.setdefault(normalize_file_name(name), []).append(name)
    return alike


def build_safe_stem(name: str) -> str:
    """Return the one file name, without extension, that is written for a name: the ASCII form in `list_file_stems`.

    It is good on every file system: in lower case, so that no two names differ in their case alone, neither hidden nor like an option
    of a command, and at most `MAX_STEM_LENGTH` characters long. Different names may have the same one.
    """
    [stem, *_others] = list_file_stems(encode_name(name))
    return re.sub(r"^[.-]", "_", UNSAFE_CHARACTERS.sub("_", stem)[:MAX_STEM_LENGTH])


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is a loopback address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.rstrip(".").lower() == "localhost"
