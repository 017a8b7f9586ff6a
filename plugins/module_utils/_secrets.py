# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the secrets in values that may otherwise be shown. Private to softlayer.certificates.

Private keys are found anywhere in a text. So are passwords in URLs of databases, proxies and endpoints, percent-encoded or
not, in the login or among the parameters. If a URL can be read in two ways, for example with an unencoded `@` or `/` in the
password, the reading that hides more is used.
"""

from __future__ import annotations

import base64
import json
import re
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from urllib.parse import quote, unquote, unquote_plus

HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
"""Ansible's replacement for a secret value."""
STARS = "********"
"""Ansible's replacement for a secret inside a text."""
MANY = 1_000
"""Secrets from which on it is faster to look at each piece of a text than for each secret."""
PIECE = 32
"""Characters. The middle of a key is like that of no other key; how they begin and end is the same."""
SHORTEST = 4
"""Characters; a shorter password is hidden in its own URL, and in other texts only where it stands alone.

Else it would garble them: many words contain any three letters, as each name in `.com` does. ansible-core 2.22 draws the same line.
"""
LONGEST_PASSWORD = 256
"""Characters; longer secrets are keys."""

PRIVATE_KEY = re.compile(
    r"(?:-{0,5}BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY|Proc-Type: ?4,ENCRYPTED)"
    r".*?(?:END [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,20}-{0,5}|\Z)",
    re.DOTALL,
)
"""A private key in PEM, even if truncated, or without its dashes or its first line."""
_BASE64 = r"(?:[A-Za-z0-9+/]|\s|\\[rn])"
_BARE_START = re.compile(
    # The base64 of a DER sequence that has a long length, or a short one and begins with another sequence or a number.
    rf"(?:(?<![A-Za-z0-9+/])|(?<=\\[rn]))M(?:[A-H][AEIMQUYcgkosw048][Cw]|I[A-P][A-Za-z0-9+/])(?={_BASE64}{{54}})"
)
_DIGITS = re.compile(r"[A-Za-z0-9+/]*")
_BARE = re.compile(rf"{_BASE64}+=*")
_DER_LENGTH = rb"(?:[\x00-\x80]|\x81.|\x82..|\x83...)"
_KEY_DER = re.compile(
    # PKCS#1, PKCS#8, SEC 1 and PKCS#12 begin with a version; an encrypted PKCS#8 begins with an algorithm of PKCS#5 or PKCS#12.
    rb"\x30%(n)b(?:\x02\x01[\x00\x01\x03]|\x30%(n)b\x06.\x2a\x86\x48\x86\xf7\x0d\x01[\x05\x0c])" % {b"n": _DER_LENGTH},
    re.DOTALL,
)
_DIGIT = r"[A-Za-z0-9+/=_-]"
_LINES_OF_BASE64 = re.compile(rf"{_DIGIT}{{16,}}(?:(?:[ \t\r]*\n\s*|(?:\\r)?\\n){_DIGIT}+(?=\s*(?:\n|\Z)|\\[rn]))*")
"""Possibly a part of a key, with the lines after it, the last of which may be short ..."""
_WORD = re.compile(
    r"[A-Za-z][a-z]*([A-Z][a-z]+)*([_-][A-Za-z][a-z]*([A-Z][a-z]+)*)*|[A-Z]+(_[A-Z]+)+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
)
"""... unless each is a word, several words joined as in the API's names, a status such as MAINTENANCE_PENDING, or a UUID."""
_WHOLE_URL = re.compile(r"\s*[\w+.-]+://")
_LOGIN_WITHOUT_SCHEME = re.compile(r"\s*(?:[\w+.-]*//|/)?(?P<user>[^\s@/:]*):(?P<password>\S*)@[^\s@]+\s*")
_WORDS = re.compile(r"(?<!\S)\S*[@=]\S*")
"""A word in a text that may be a URL with a password."""
_QUERY = re.compile(r"\?[\w.-]+=")
_NAME = r"(?:[\w.-]*(?:password|passwd|passphrase|pwd|secret|token)|pass|key|hexkey|(?:api|access)[_-]?key)"
_PARAMETER = re.compile(r"[?&;#]([^=&?;#]*=([^&]*(?:&[^&=]*(?=&|\Z))*))")
_HAS_SECRET = re.compile(rf"(?<![\w.-]){_NAME}\s*=", re.IGNORECASE)
_CONNINFO = re.compile(r"\s*[\"']?\w+\s*=")
_CONNINFO_PAIR = re.compile(
    rf"(?:^|\s){_NAME}\s*=\s*(?:'(?P<quoted>(?:[^'\\]|\\.)*)|(?P<plain>[^\s']\S*))", re.IGNORECASE
)

_QUOTES = "\"'`\u201c\u201d\u201e\u00ab\u00bb"
_OPENING, _CLOSING = r"\s(\[{<=", rf"{_QUOTES})\]}}>,;.!?:"
"""What stands in front of a word, and between it and the next blank; both as a set of a regular expression.

No quote begins a word, or one letter would be hidden in `the order's certificate`.
"""

Span = tuple[int, int]
Option = Mapping[str, t.Any]


def secrets_in(value: object) -> Iterator[str]:
    """Yield the secrets in a value's texts, each in all forms in which it may appear elsewhere."""
    for text in _texts(value):
        keys, passwords = _spans(text)
        for start, end in keys:
            key = text[start:end].strip()
            yield from {key, "\n".join(line.strip() for line in key.splitlines()), "".join(key.split())}
        for start, end in passwords:
            forms = {form for part in _parts(text[start:end]) for form in _spellings(part)}
            yield from (form for form in forms if len(form) >= SHORTEST)


def _parts(password: str) -> Iterator[str]:
    """Yield a password, and the parts of it after a colon or an equals sign.

    Such a part may be the real password, known elsewhere too. So may be what is between the blanks around it.
    """
    yield password
    yield password.strip()
    plain = unquote_plus(password)
    if len(plain) <= LONGEST_PASSWORD:
        yield from (plain[mark.end() :].strip("'") for mark in re.finditer("[:=]", plain))


def _spellings(password: str) -> set[str]:
    plain = unquote(password)
    return {password, plain, unquote_plus(password), quote(plain, safe="")}


def without_secrets(text: str) -> str:
    """Return a text with each secret in it replaced by `STARS`."""
    shown, position = "", 0
    keys, passwords = _spans(text)
    for start, end in sorted({*keys, *passwords}):
        if end > position:
            shown += text[position : max(start, position)] + STARS
            position = end
    return shown + text[position:]


def without_key_material(text: str) -> str:
    """Return a server's text with all that may be a piece of a key, from wherever in it, replaced by `STARS`."""

    def shown(lines: re.Match[str]) -> str:
        return lines[0] if all(map(_WORD.fullmatch, re.findall(f"{_DIGIT}+", lines[0]))) else STARS

    return _LINES_OF_BASE64.sub(shown, PRIVATE_KEY.sub(STARS, text))


def redacted(
    values: Mapping[str, t.Any], options: Mapping[str, Option], hide: Callable[[t.Any], t.Any] = lambda _value: HIDDEN
) -> dict[str, t.Any]:
    """Return options in a form that may be shown.

    Args:
        values: what was given, by the options' names.
        options: the argument specification. A value that it has no place for is hidden, since nobody knows what it is.
        hide: returns the replacement for a hidden value.
    """
    return {without_secrets(name): _shown(value, options.get(name), hide) for name, value in values.items()}


def _shown(value: t.Any, option: Option | None, hide: Callable[[t.Any], t.Any]) -> t.Any:
    if value is None or isinstance(value, bool):
        return value
    if option is None or option.get("no_log"):
        return hide(value)
    inner = option.get("options")
    if inner is None:
        return in_each_text(value, without_secrets)
    if isinstance(value, list):
        return [redacted(entry, inner, hide) if isinstance(entry, dict) else hide(entry) for entry in value]
    return redacted(value, inner, hide) if isinstance(value, dict) else hide(value)


def hidden_texts(values: Mapping[str, t.Any], options: Mapping[str, Option]) -> set[str]:
    """Return the texts that `redacted` hides."""
    hidden: list[t.Any] = []
    redacted(values, options, hidden.append)
    return {text for text in _texts(hidden) if len(text) >= SHORTEST}


def contained_in(value: object, secrets: Iterable[str]) -> set[str]:
    """Return those of the secrets that any text, name or number of a result contains."""
    shown = json.dumps(value, ensure_ascii=False, default=str)
    forms = {secret: _in_json(secret) for secret in secrets}
    if len(forms) > MANY:
        forms = _perhaps_in(shown, forms)
    return {secret for secret, form in forms.items() if form in shown}


def _perhaps_in(shown: str, forms: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets of which a text contains the middle: one look at the text instead of one for each."""
    middles: dict[str, list[str]] = {}
    for secret, form in forms.items():
        begin = max(0, len(form) - PIECE) // 2
        middles.setdefault(form[begin : begin + PIECE], []).append(secret)
    pieces = (shown[begin : begin + PIECE] for begin in range(len(shown)))
    seen = {piece for piece in pieces if piece in middles} | {piece for piece in middles if len(piece) < PIECE}
    return {secret: forms[secret] for piece in seen for secret in middles[piece]}


def _in_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def in_each_text(value: t.Any, change: Callable[[str], str]) -> t.Any:
    """Return a copy of a value with all its texts changed, except the names in dictionaries."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: in_each_text(item, change) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [in_each_text(item, change) for item in value]
    return value


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return a text without these passwords, and without anything that looks like a secret.

    Args:
        text: may quote a password in the notation of Python or JSON.
        secrets: those that are too long for a password are keys, which are recognised by their form. Those that are shorter than
            `SHORTEST` are hidden as `without_short` does it, last, since one may be a word of a longer secret.
    """
    longest = min(LONGEST_PASSWORD, len(text))
    passwords = {secret for secret in secrets if 0 < len(secret) <= longest}
    forms = {form for password in passwords if len(password) >= SHORTEST for form in _quoted(password) if form in text}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, STARS)
    return without_short(without_secrets(text), passwords)


def without_short(text: str, secrets: Iterable[str]) -> str:
    """Return a text with those secrets that are shorter than `SHORTEST` replaced where they stand alone: as a word, or in quotes."""
    passwords = (secret for secret in secrets if 0 < len(secret) < SHORTEST)
    short = frozenset(password for password in passwords if any(form in text for form in _quoted(password)))
    return _alone(short).sub(STARS, text) if short else text


@lru_cache(maxsize=100)
def _alone(secrets: frozenset[str]) -> re.Pattern[str]:
    forms = sorted({form for secret in secrets for form in _quoted(secret)}, key=lambda form: (-len(form), form))
    quoted, words = ("|".join(map(re.escape, some)) for some in (forms, [form for form in forms if form.strip()]))
    in_quotes = rf"(?<=[{_QUOTES}])(?:{quoted})(?=\\*[{_QUOTES}])"
    return re.compile(
        rf"{in_quotes}|(?<![^{_OPENING}])(?:{words})(?=[{_CLOSING}]{{0,9}}(?:\s|\Z))" if words else in_quotes
    )


def quoted(secrets: Iterable[str]) -> set[str]:
    """Return the forms of passwords, of those that are no keys, in texts that somebody has quoted them in."""
    return {form for secret in secrets if SHORTEST <= len(secret) <= LONGEST_PASSWORD for form in _quoted(secret)}


@lru_cache(maxsize=10_000)
def _quoted(password: str) -> tuple[str, ...]:
    """Return the forms of a password inside texts that Python and JSON have quoted."""
    return (
        password,
        repr(password)[1:-1],
        repr(f"{password}'\"")[1:-4],  # in a text with both kinds of quotes, one kind has a backslash
        json.dumps(password)[1:-1],
        _in_json(password),
    )


def _texts(value: object) -> Iterator[str]:
    """Yield the names in dictionaries and all texts, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _texts(name)
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


@lru_cache(maxsize=10_000)
def _spans(text: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Return the positions of private keys and those of passwords; options are looked through several times."""
    return tuple(_key_spans(text)), tuple(_url_spans(text))


def _key_spans(text: str) -> Iterator[Span]:
    """Yield the positions of private keys: in PEM, or as bare base64 (also of PKCS#12)."""
    yield from (key.span() for key in PRIVATE_KEY.finditer(text))
    candidate = _BARE_START.search(text)
    while candidate:
        position = candidate.end()
        if _KEY_DER.match(_decoded(text[candidate.start() : candidate.start() + 100])):
            whole = t.cast("re.Match[str]", _BARE.match(text, candidate.start()))
            yield whole.span()
            position = whole.end()
        candidate = _BARE_START.search(text, position)


def _decoded(text: str) -> bytes:
    """Return the bytes that the beginning of a base64 text encodes."""
    together = "".join(text.replace("\\n", "").replace("\\r", "").split())
    digits = t.cast("re.Match[str]", _DIGITS.match(together))[0]
    return base64.b64decode(digits[: len(digits) // 4 * 4])


def _url_spans(text: str) -> Iterator[Span]:
    """Yield the positions of passwords: in URLs, in a proxy's login without a scheme, in a connection string of libpq."""
    bare = _LOGIN_WITHOUT_SCHEME.fullmatch(text)
    is_whole = _WHOLE_URL.match(text)
    if is_whole:  # then a part after a blank belongs to the password, not to a following text
        yield from _spans_of_url(text, 0, len(text))
    elif bare:
        yield bare.span("password" if bare["password"] else "user")
    if is_whole or _CONNINFO.match(text):
        yield from (pair.span(pair.lastgroup or 0) for pair in _CONNINFO_PAIR.finditer(text))
    if not is_whole:
        for word in _WORDS.finditer(text):
            yield from _spans_of_url(text, *word.span())


def _spans_of_url(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the positions of passwords in what may be a URL, from `start` to `end`.

    They are in its login, if it has a `://`, and among its parameters.
    """
    for parameter in _PARAMETER.finditer(text[start:end]):
        if _HAS_SECRET.search(unquote_plus(parameter[1])):
            yield start + parameter.start(2), start + parameter.end(2)
    begin = text.find("://", start, end)
    if begin >= 0:
        yield from _login_span(text, begin + 3, end)


def _login_span(text: str, start: int, end: int) -> Iterator[Span]:
    rest = text[start:end]
    query = _QUERY.search(rest)
    at = rest.rfind("@", 0, query.start() if query else None)
    if at < 0:  # SQLAlchemy ends the login at the first one, whatever is in front of it
        at = rest.find("@")
    user, colon, password = rest[: max(at, 0)].partition(":")
    if colon and not re.search(r"[/?#]", user):
        first = len(user) + 1
        yield (start + first, start + at) if password else (start, start + len(user))
