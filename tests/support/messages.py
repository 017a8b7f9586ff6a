# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fulfillment emails in every form in which they arrive, what is none, and what is sent to do harm; all made anew.

``FORMS`` hold the certificate, ``NEGATIVES`` do not or not for us, ``FLOODS`` are large and made to be slow to read.
"""

from __future__ import annotations

import base64
import bz2
import hashlib
import html
import io
import lzma
import quopri
import re
import struct
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from email.header import Header
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from tests.support.archives import (
    OFFICE,
    OUTLOOK_MESSAGE,
    RAR,
    SEVEN_ZIP,
    TNEF,
    TNEF_WITH_CERTIFICATE,
    gzipped,
    tarred,
)
from tests.support.certificates import (
    BYTES,
    DISORDER,
    Authority,
    Issued,
    certificate_of,
    pem_of,
    pkcs7_of,
)
from tests.support.letters import LETTERS
from tests.support.notices import NOTICES

Change = Callable[[str], str]
Build = Callable[[Issued], bytes]
BODY_SECRET = "pickup PIN 4711-kaffeekanne"
"""Stands in the body of each message and must be in no output."""
SENDER = "RapidSSL Orders <orders@ca.example>"
SUBJECT = "Your certificate for www.example.com"
MESSAGE_ID = "<1234.5678@ca.example>"
DATE = "Mon, 05 Jan 2026 10:11:12 +0100"
RULE = "-" * 17


@dataclass(frozen=True)
class Form:
    """A message that holds a certificate: how it is made and what is to be found in it."""

    build: Build
    format: str = "inline_pem"
    chain: bool = True
    """Whether the issuers are in it, too."""
    exact: bool = False
    """Whether it would be another message with other line ends."""


@dataclass(frozen=True)
class Negative:
    """A message that does not give a certificate: how it is made and why it does not."""

    build: Build
    reasons: frozenset[str]
    days: int = 0
    """When it is looked at, from now."""


# MIME, by hand: what is to be tested is seldom what the library would write


def _quoted_printable(data: bytes) -> bytes:
    # Line by line: once it has seen CRLF in the bytes of a certificate, Python ends its own lines so, too.
    return b"\n".join(map(quopri.encodestring, data.split(b"\n"))).replace(b"\r", b"=0D")


TRANSFER: dict[str, Callable[[bytes], bytes]] = {
    "base64": base64.encodebytes,
    "quoted-printable": _quoted_printable,
    "7bit": bytes,
    "8bit": bytes,
    "binary": bytes,
}


@dataclass(frozen=True)
class Part:
    """A MIME entity: its headers and its body as it is sent."""

    headers: tuple[str, ...]
    body: bytes

    def __bytes__(self) -> bytes:
        return "\n".join([*self.headers, "", ""]).encode("latin-1") + self.body


def part(data: bytes, content_type: str | None, encoding: str | None = "base64", *headers: str) -> Part:
    """Some data as a MIME entity."""
    written = [f"Content-Type: {content_type}"] if content_type else []
    written += [f"Content-Transfer-Encoding: {encoding}"] if encoding else []
    return Part((*written, *headers), TRANSFER[encoding or "8bit"](data))


def text_part(text: str, subtype: str = "plain", charset: str = "utf-8", encoding: str = "base64") -> Part:
    """A text as the body of a message."""
    return part(text.encode(charset), f"text/{subtype}; charset={charset}", encoding)


def attachment(
    data: bytes,
    name: str | None = None,
    content_type: str = "application/octet-stream",
    encoding: str = "base64",
    disposition: str = "attachment",
) -> Part:
    """A file as an attachment, with or without a name."""
    parameter = f'; filename="{name}"' if name else ""
    return part(data, content_type, encoding, f"Content-Disposition: {disposition}{parameter}")


def multipart(subtype: str, *parts: Part, parameters: str = "") -> Part:
    """Several entities in one."""
    boundary = "=_" + hashlib.sha256(b"".join(map(bytes, parts))).hexdigest()[:24]
    body = b"".join(b"--%b\n%b\n" % (boundary.encode(), bytes(each)) for each in parts)
    header = f'Content-Type: multipart/{subtype}; boundary="{boundary}"{parameters}'
    return Part((header,), body + b"--%b--\n" % boundary.encode())


def mail(content: Part, *headers: str, subject: str = SUBJECT) -> bytes:
    """A message."""
    written = [f"From: {SENDER}", f"Subject: {subject}", f"Date: {DATE}", f"Message-ID: {MESSAGE_ID}", *headers]
    return bytes(replace(content, headers=(*written, "MIME-Version: 1.0", *content.headers)))


COVER = text_part(f"Your certificate is attached.\n\nYour {BODY_SECRET}\n", encoding="7bit", charset="us-ascii")


def with_attachments(*files: Part) -> bytes:
    """A message that says little and has files attached."""
    return mail(multipart("mixed", COVER, *files))


# What the authorities write


def rapidssl(pem: str, intermediates: str = "") -> str:
    """The text that RapidSSL, GeoTrust and Symantec sent, with PEM at its end."""
    below = f"\nINTERMEDIATE CA:\n{RULE}{RULE}\n{intermediates}" if intermediates else ""
    return f"""Dear Jörg Müller,

Congratulations! GeoTrust has approved your request for a RapidSSL certificate. Your
certificate is included at the end of this email. Your {BODY_SECRET}

INSTALLATION INSTRUCTIONS

1. INSTALL CERTIFICATE: Install the X.509 version of your certificate included at the end.
For installation instructions for your SSL Certificate, go to: https://ca.example/install?a=1&b=2

2. CHECK INSTALLATION: Ensure you have installed your certificate correctly (a < b > c).

{"=" * 60}
Web Server CERTIFICATE
{RULE}

{pem}
{below}
{"-- "}
RapidSSL Customer Support -- https://ca.example/support
"""


def plain_ascii(text: str) -> str:
    """Without what 7bit cannot hold."""
    return text.replace("ö", "oe").replace("ü", "ue")


def fulfillment(issued: Issued, change: Change = str) -> str:
    """That text with a certificate and its issuers, whose PEM was changed on its way."""
    return rapidssl(change(issued.pem), change(issued.chain_pem))


SECTIGO = f"""Dear customer,

Attached to this email you should find a .zip file containing:

   Root CA Certificate - AddTrustExternalCARoot.crt
   Intermediate CA Certificate - COMODORSAAddTrustCA.crt
   Your PositiveSSL Certificate - www_example_com.crt

Your {BODY_SECRET}
"""


def sectigo(issued: Issued) -> str:
    """The text that Comodo and Sectigo send, the certificate at its bottom."""
    return f"{SECTIGO}\nYou can also find your PositiveSSL Certificate in text format below.\n\n{issued.pem}"


def in_text(change: Change) -> Form:
    """A message of plain text."""
    return Form(lambda issued: mail(text_part(fulfillment(issued, change))))


# HTML: every client has its own


def html_lines(template: str) -> Change:
    """Every line escaped and put into a template."""
    return lambda text: "".join(template.format(html.escape(line)) for line in text.split("\n"))


def html_pieces(template: str) -> Change:
    """Some characters of a line at a time, with something around or behind them."""

    def line_of(line: str) -> str:
        return "".join(template.format(html.escape(line[at : at + 20])) for at in range(0, len(line), 20))

    return lambda text: "<br>\n".join(line_of(line) for line in text.split("\n"))


def _pre(text: str) -> str:
    return f"<pre>{html.escape(text)}</pre>"


HTML: dict[str, Change] = {
    "pre": _pre,
    "collapsed": lambda text: f"<p>{html.escape(' '.join(text.split()))}</p>",
    "br": html_lines("{}<br>\n"),
    "p": html_lines("<p>{}</p>"),
    "outlook": html_lines("<p class=MsoNormal><span style='font-family:\"Courier New\"'>{}<o:p></o:p></span></p>\n"),
    "gmail_quote": lambda text: (
        f'<div class="gmail_quote"><blockquote style="margin:0">{_pre(text)}</blockquote></div>'
    ),
    "quoted": html_lines("&gt; {}<br>\n"),
    "nbsp": html_lines("&nbsp;&nbsp;{}&nbsp;<br>\n"),
    "soft_hyphens": html_pieces("{}&shy;"),
    "zero_width_spaces": html_pieces("{}&#8203;"),
    "spans": html_pieces("<span>{}</span>"),
    "links_inside": html_pieces('<a href="http://www.example.com/?a=1&b=2>3">{}</a>'),
    "comments_inside": html_pieces("{}<!-- a > comment -- with - dashes -->"),
    "with_style_and_script": lambda text: (
        "<style>p > a { color: red } /* ----- */</style><script>if (a < b) { c('</p>') }</script>" + _pre(text)
    ),
    "stray_angle_brackets": lambda text: f"<p>1 < 2 << 3 & 4 &amp 5 &; &#; &#x; <> </></p>{_pre(text)}",
}
"""How a text may look as HTML."""


def html_document(body: str, title: str = SUBJECT) -> str:
    """A whole HTML document."""
    head = f'<head><meta http-equiv="Content-Type" content="text/html"><title>{title}</title></head>'
    return f"<!DOCTYPE html>\n<html>{head}<body>{body}</body></html>\n"


def in_html(convert: Change, encoding: str = "base64") -> Form:
    """A message of HTML only."""
    return Form(
        lambda issued: mail(
            text_part(html_document(convert(plain_ascii(fulfillment(issued)))), "html", encoding=encoding)
        )
    )


# Transfer encodings and character sets


LOCAL_TEXT = {
    "utf-8": "Grüße \N{EN DASH} 証明書",
    "utf-16": "Grüße \N{EN DASH} 証明書",
    "utf-32": "Grüße",
    "iso-8859-1": "Grüße\N{NO-BREAK SPACE}",
    "windows-1252": "Grüße \N{EN DASH}\N{NO-BREAK SPACE}€",
    "koi8-r": "Здравствуйте",
    "iso-2022-jp": "証明書",
}
"""Character sets and what is written in them."""


def in_charset(charset: str, subtype: str = "plain") -> Form:
    """A message in another character set."""

    def build(issued: Issued) -> bytes:
        text = f"{LOCAL_TEXT[charset]}\n\n{plain_ascii(fulfillment(issued))}"
        return mail(text_part(html_document(_pre(text)) if subtype == "html" else text, subtype, charset))

    return Form(build)


def in_wrong_charset(declared: str, actual: str = "utf-8") -> Form:
    """A message whose character set is not what it says."""
    return Form(lambda issued: mail(part(fulfillment(issued).encode(actual), f"text/plain; charset={declared}")))


WRONG_CHARSETS = {
    "unknown": in_wrong_charset("x-unknown"),
    "punycode": in_wrong_charset("punycode"),
    "utf_8_is_not": in_wrong_charset("utf-8", "windows-1252"),
    "utf_16_is_not": in_wrong_charset("utf-16"),
    **{f"{charset}_without_mark": in_wrong_charset("us-ascii", charset) for charset in ("utf-16-le", "utf-16-be")},
}
"""Character sets that are not there, or not what was used."""


def _raw_text(line_end: bytes = b"\n", encoding: str = "8bit") -> Build:
    def build(issued: Issued) -> bytes:
        text = plain_ascii(fulfillment(issued))
        return mail(text_part(text, charset="us-ascii", encoding=encoding)).replace(b"\n", line_end)

    return build


ENCODINGS = {
    f"{name}_{line}": Form(_raw_text(end, name), exact=True)
    for name in ("8bit", "quoted-printable", "base64")
    for line, end in (("lf", b"\n"), ("crlf", b"\r\n"), ("cr", b"\r"))
}


def with_headers(*headers: str, encoding: str = "base64", before: bytes = b"", after: bytes = b"") -> Form:
    """A plain text whose MIME headers are written in this way, with something before and after all; base64 ends in padding."""

    def build(issued: Issued) -> bytes:
        text = plain_ascii(fulfillment(issued)).encode()
        body = TRANSFER[encoding](text + b"\n" * ((1 - len(text)) % 3))
        return before + mail(Part(headers, body)) + after

    return Form(build)


TEXT, BASE64 = "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64"
LIST_FOOTER = b"\n_______________\nadmins mailing list\nadmins@example.com\n"
HEADERS: dict[str, Form] = {
    "none": with_headers(encoding="7bit"),
    "folded": with_headers("Content-Type: text/plain;\n\tcharset=utf-8;\n format=fixed", BASE64),
    "mbox_line": with_headers(TEXT, BASE64, before=b"From orders@ca.example Mon Jan  5 10:11:12 2026\n"),
    "byte_order_mark": with_headers("Content-Type: text/plain", encoding="7bit", before=b"\xef\xbb\xbf"),
    "no_final_line_end": Form(lambda issued: _raw_text()(issued).rstrip()),
    "list_footer_after_base64": with_headers(TEXT, BASE64, after=LIST_FOOTER),
}
"""Ways to write a message's headers, right and wrong."""


# Messages in messages, and parts in parts


@cache
def mail_signer() -> Issued:
    """Somebody who signs messages, whose own certificate is in the signature."""
    return Authority("Mail signing").issue("orders@ca.example")


def _signature_of(content: Part, option: pkcs7.PKCS7Options) -> bytes:
    signer = mail_signer()
    builder = pkcs7.PKCS7SignatureBuilder().set_data(bytes(content))
    builder = builder.add_signer(signer.certificate, signer.key, hashes.SHA256())  # type: ignore[arg-type]
    for issuer in signer.chain:
        builder = builder.add_certificate(issuer)
    return builder.sign(Encoding.DER, [option])


def smime_signed(content: Part) -> Part:
    """A message in the clear with an S/MIME signature beside it."""
    signature = _signature_of(content, pkcs7.PKCS7Options.DetachedSignature)
    signed = attachment(signature, "smime.p7s", 'application/pkcs7-signature; name="smime.p7s"')
    return multipart("signed", content, signed, parameters='; protocol="application/pkcs7-signature"; micalg=sha-256')


def opaque_signed(content: Part) -> bytes:
    """A message within its S/MIME signature."""
    return _signature_of(content, pkcs7.PKCS7Options.Binary)


PGP_ARMOR = "-----BEGIN PGP {0}-----\n\niQEzBAEBCAAdFiEEaGVsbG8gd29ybGQgdGhpcyBpcw==\n=AbCd\n-----END PGP {0}-----\n"


def pgp_signed(content: Part) -> Part:
    """A message in the clear with an OpenPGP signature beside it (RFC 3156)."""
    signed = part(PGP_ARMOR.format("SIGNATURE").encode(), 'application/pgp-signature; name="signature.asc"', "7bit")
    return multipart("signed", content, signed, parameters='; protocol="application/pgp-signature"; micalg=pgp-sha512')


def pgp_clear_signed(text: str) -> str:
    """A text with OpenPGP armor around it, its dashes escaped (RFC 9580, 7.2)."""
    escaped = re.sub(r"(?m)^-", "- -", text)
    return f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{escaped}\n{PGP_ARMOR.format('SIGNATURE')}"


def forwarded(content: Part, encoding: str | None = None, content_type: str = "message/rfc822") -> Part:
    """A message as part of another."""
    return multipart("mixed", COVER, part(mail(content), content_type, encoding))


PICTURE = part(b"\x89PNG\r\n\x1a\n" + bytes(64), "image/png; name=logo.png", "base64", "Content-ID: <a@b>")
HTML_COVER = text_part(html_document("<p>see the text</p><img src='cid:a@b'>"), "html", encoding="7bit")
FOOTER = text_part("-- \nThis email is confidential. https://example.com/disclaimer\n", encoding="7bit")
STRUCTURES: dict[str, Callable[[Part], Part]] = {
    "related_in_alternative_in_mixed": lambda body: multipart(
        "mixed", multipart("alternative", body, multipart("related", HTML_COVER, PICTURE)), FOOTER
    ),
    "digest": lambda body: multipart("digest", Part((), mail(body))),
    "smime_signed": smime_signed,
    "smime_opaque": lambda body: part(opaque_signed(body), "application/pkcs7-mime; smime-type=signed-data"),
    "smime_opaque_old_type": lambda body: part(opaque_signed(body), 'application/x-pkcs7-mime; name="smime.p7m"'),
    "pgp_signed": pgp_signed,
    "forwarded": forwarded,
    "forwarded_as_file": lambda body: multipart("mixed", COVER, attachment(mail(body), "Your certificate.eml")),
    "forwarded_global": lambda body: forwarded(body, content_type="message/global"),
    "no_closing_boundary": lambda body: replace(
        whole := multipart("mixed", COVER, body), body=whole.body.rstrip(b"\n").rpartition(b"\n")[0]
    ),
}
"""What a body may be wrapped in."""


def in_structure(wrap: Callable[[Part], Part], encoding: str) -> Form:
    """A message whose text is somewhere inside."""
    return Form(
        lambda issued: mail(wrap(text_part(plain_ascii(fulfillment(issued)), charset="us-ascii", encoding=encoding)))
    )


# Attachments


def der_of(certificate: x509.Certificate) -> bytes:
    """A certificate as DER."""
    return certificate.public_bytes(Encoding.DER)


def leaf_pem(issued: Issued) -> bytes:
    """The certificate in PEM."""
    return issued.pem.encode()


def full_pem(issued: Issued) -> bytes:
    """The certificate and its issuers in PEM."""
    return (issued.pem + issued.chain_pem).encode()


def leaf_der(issued: Issued) -> bytes:
    """The certificate in DER."""
    return issued.der


def pkcs7_der(issued: Issued) -> bytes:
    """The certificate, its issuers and the root in PKCS#7, DER; the certificate is not the first."""
    return pkcs7_of(reversed(issued.all), Encoding.DER)


def pkcs7_pem(issued: Issued) -> bytes:
    """The certificate, its issuers and the root in PKCS#7, PEM."""
    return pkcs7_of(issued.all, Encoding.PEM)


KINDS: dict[Build, tuple[str, bool]] = {
    **{leaf_pem: ("pem", False), full_pem: ("pem", True), leaf_der: ("der", False)},
    **dict.fromkeys((pkcs7_der, pkcs7_pem), ("pkcs7", True)),
}
"""What such data is found as, and whether the issuers are in it, too."""


def _sent(data: Build, name: str | None, content_type: str = "application/octet-stream", **how: str) -> Build:
    return lambda issued: with_attachments(attachment(data(issued), name, content_type, **how))


def _attached(
    data: Build,
    name: str | None = None,
    content_type: str = "application/octet-stream",
    kind: tuple[str, bool] | None = None,
    **how: str,
) -> Form:
    """A message with one file."""
    return Form(_sent(data, name, content_type, **how), *(kind or KINDS[data]))


def _mixed(parts: Callable[[Issued], Sequence[Part]], form: str = "inline_pem") -> Form:
    """A message of these parts."""
    return Form(lambda issued: mail(multipart("mixed", *parts(issued))), form)


def _said(text: Callable[[Issued], str], *, chain: bool = True, subtype: str = "plain") -> Form:
    """A message of this text."""
    return Form(lambda issued: mail(text_part(text(issued), subtype)), chain=chain)


ATTACHMENTS: dict[str, Form] = {
    "crt": _attached(leaf_pem, "1234567.crt"),
    "crt_and_ca_bundle": _mixed(
        lambda issued: [
            *(COVER, attachment(issued.pem.encode(), "example_com.crt", "application/x-x509-ca-cert")),
            attachment(pem_of(reversed(issued.all[1:])).encode(), "example_com.ca-bundle"),
        ],
        "pem",
    ),
    "cer_der": _attached(leaf_der, "example_com.cer"),
    "cer_pkcs7": _attached(pkcs7_der, "example_com.cer"),
    "cer_pkcs7_pem": _attached(pkcs7_pem, "example_com.cer"),
    "p7b_der": _attached(pkcs7_der, "example_com.p7b", "application/x-pkcs7-certificates"),
    "p7b_pem": _attached(pkcs7_pem, "example_com.p7b", "application/pkcs7-mime"),
    "p7c_certs_only": _attached(pkcs7_der, "smime.p7c", "application/pkcs7-mime; smime-type=certs-only"),
    "pem": _attached(full_pem, "example_com.pem", "application/x-pem-file"),
    "text_plain": _attached(full_pem, "cert.txt", "text/plain"),
    "text_plain_no_name": _attached(full_pem, None, "text/plain"),
    "misleading_inline_picture": _attached(leaf_pem, None, "image/png", disposition="inline"),
    **{
        f"pem_{name}": _attached(lambda issued, encode=encode: encode(issued.pem), "a.crt", kind=KINDS[leaf_pem])  # type: ignore[misc]
        for name, encode in BYTES.items()
    },
    "base64_of_der": _attached(lambda issued: base64.encodebytes(issued.der), "example_com.b64", kind=KINDS[leaf_der]),
}
"""Files that may be attached."""


# Archives


def zipped(files: Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return data.getvalue()


def zip_entries(issued: Issued) -> list[tuple[str, bytes]]:
    """The files of such an archive, the root first and the certificate last."""
    names = ["AddTrustExternalCARoot.crt", *(f"COMODORSAAddTrustCA{number}.crt" for number in range(len(issued.chain)))]
    files = (pem_of([certificate]).encode() for certificate in reversed(issued.all))
    return list(zip([*names, "www_example_com.crt"], files, strict=True))


def _digicert(issued: Issued) -> list[tuple[str, bytes]]:
    return [
        ("example_com_1234567/example_com.crt", issued.pem.encode()),
        ("example_com_1234567/DigiCertCA.crt", issued.chain_pem.encode()),
        ("example_com_1234567/TrustedRoot.crt", pem_of(issued.all[-1:]).encode()),
        ("example_com_1234567/INSTALL_INSTRUCTIONS.en.txt", b"-----\nInstall it.\n-----\n"),
    ]


ARCHIVES: dict[str, Build] = {
    "sectigo": lambda issued: zipped(zip_entries(issued)),
    "digicert": lambda issued: zipped(_digicert(issued)),
    "pkcs7": lambda issued: zipped([("example_com.p7b", pkcs7_der(issued))]),
}


def patched(archive: bytes, local: int, central: int, layout: str, value: int) -> bytes:
    """An archive with a field changed in the local and the central headers of its entries."""
    data = bytearray(archive)
    for signature, offset in ((b"PK\x03\x04", local), (b"PK\x01\x02", central)):
        for found in re.finditer(re.escape(signature), archive):
            struct.pack_into(layout, data, found.start() + offset, value)
    return bytes(data)


FLAGS, METHOD, SIZE = (6, 8), (8, 10), (22, 24)
"""Where the fields of an entry are in its local and in its central header."""


def encrypted_zip(issued: Issued) -> bytes:
    """As with a password, in the way that every program can."""
    return patched(zipped(zip_entries(issued)), *FLAGS, "<H", 1)


def aes_zip(issued: Issued) -> bytes:
    """As with a password, in the way of WinZip and 7-Zip."""
    return patched(encrypted_zip(issued), *METHOD, "<H", 99)


@cache
def zeros_zip(mebibytes: int, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Very much of nothing."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive, archive.open("0.crt", "w") as entry:
        for _mebibyte in range(mebibytes):
            entry.write(bytes(1024 * 1024))
    return data.getvalue()


def many_entries_zip(_issued: Issued | None = None, entries: int = 10_000) -> bytes:
    """Very many small files."""
    return zipped([(f"{number}.crt", b"x") for number in range(entries)], zipfile.ZIP_STORED)


def overlapping_zip(entries: int = 2_000) -> bytes:
    """Very many entries that share the same data."""
    single = zeros_zip(4)
    start, end = single.index(b"PK\x01\x02"), single.rindex(b"PK\x05\x06")
    directory = single[start:end] * entries
    last = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, entries, entries, len(directory), start, 0)
    return single[:start] + directory + last


def zip_form(archive: Build) -> Form:
    """A message with an archive."""
    return Form(lambda issued: zip_mail(archive(issued)), "zip")


def zip_mail(archive: bytes) -> bytes:
    """A message with an archive that is there already."""
    return with_attachments(attachment(archive, "example_com.zip", "application/zip"))


def _bare(issued: Issued) -> str:
    return f"Hello,\n\nhere is your certificate:\n\n{base64.encodebytes(issued.der).decode()}\nRegards\nThe Team\n"


PACKED: dict[str, Form] = {
    "zip_in_zip": zip_form(lambda issued: zipped([("inner.zip", zipped(zip_entries(issued)))])),
    **{
        f"html_file_{name}": _attached(
            lambda issued, name=name: html_document(HTML[name](fulfillment(issued))).encode(),  # type: ignore[misc]
            *(f"certificate{ending}", content_type, KINDS[full_pem]),
        )
        for name, ending, content_type in (
            ("br", ".HTM", "application/octet-stream"),
            ("spans", "", "text/html; charset=utf-8"),
        )
    },
    "html_in_zip": zip_form(
        lambda issued: zipped([("a.html", html_document(HTML["br"](fulfillment(issued))).encode())])
    ),
    "bare_base64": _said(_bare, chain=False),
    "bare_base64_in_a_file": _attached(lambda issued: _bare(issued).encode(), "certificate.txt", kind=KINDS[leaf_pem]),
    "behind_a_picture": _said(
        lambda issued: html_document(
            f"<img src='data:image/png;base64,{base64.b64encode(bytes(range(256)) * 6_000).decode()}'>{_pre(issued.pem)}"
        ),
        chain=False,
        subtype="html",
    ),
    "behind_many_words": _said(
        lambda issued: "Sehr geehrte Damen und Herren, anbei das Zertifikat.\n" * 50_000 + fulfillment(issued)
    ),
    "behind_many_headers_of_a_part": Form(
        lambda issued: with_attachments(part(full_pem(issued), None, None, *[f"X-{n}: y" for n in range(9_000)])),
        "inline_pem",
    ),
}
"""Files in files, and certificates behind much else."""


# Several at once


def damaged_pem(pem: str) -> str:
    """With letters changed in its middle, so that it is base64 still but no certificate."""
    return pem.replace("MII", "MIJ", 1)


def truncated_pem(pem: str) -> str:
    """What is left where a message was cut off."""
    return pem[: len(pem) // 2]


def with_trust_settings(issued: Issued) -> str:
    """What ``openssl x509 -trustout`` writes: the certificate and after it what it is trusted for."""
    settings = bytes.fromhex("300c300a06082b06010505070301")
    body = base64.encodebytes(issued.der + settings).decode()
    return f"-----BEGIN TRUSTED CERTIFICATE-----\n{body}-----END TRUSTED CERTIFICATE-----\n"


def _beside(archive: Build) -> Form:
    """The text of Sectigo, with an archive."""
    return _mixed(lambda issued: [text_part(sectigo(issued)), attachment(archive(issued), "1234567.zip")])


SEVERAL: dict[str, Form] = {
    "sectigo_zip_and_inline": _beside(ARCHIVES["sectigo"]),
    "damaged_text_good_attachment": _mixed(
        lambda issued: [text_part(rapidssl(damaged_pem(issued.pem))), attachment(full_pem(issued), "a.crt")], "pem"
    ),
    "forwarded_quoted": _said(
        lambda issued: (
            "please install\n\n-----Original Message-----\n"
            + DISORDER["quoted"](f"From: {SENDER}\n\n{fulfillment(issued)}")
        )
    ),
    "leaf_without_chain": _said(lambda issued: rapidssl(issued.pem), chain=False),
    "encrypted_beside": replace(_beside(encrypted_zip), chain=False),
    "pgp_clear_signed": _said(lambda issued: pgp_clear_signed(fulfillment(issued))),
}
"""The same certificate more than once, and what else may be beside it."""

FORMS: dict[str, Form] = {
    **{f"text_{name}": in_text(change) for name, change in DISORDER.items() if name != "in_a_mail"},
    **{f"html_{name}": in_html(convert) for name, convert in HTML.items()},
    "html_quoted_printable_outlook": in_html(HTML["outlook"], encoding="quoted-printable"),
    **{f"encoding_{name}": form for name, form in ENCODINGS.items()},
    **{f"charset_{name}": in_charset(name) for name in LOCAL_TEXT},
    **{f"html_charset_{name}": in_charset(name, "html") for name in ("utf-16", "iso-2022-jp", "koi8-r")},
    **{f"wrong_charset_{name}": form for name, form in WRONG_CHARSETS.items()},
    **{f"headers_{name}": form for name, form in HEADERS.items()},
    **{f"in_{name}": in_structure(wrap, "7bit") for name, wrap in STRUCTURES.items()},
    **{f"base64_in_{name}": in_structure(wrap, "base64") for name, wrap in STRUCTURES.items()},
    **{f"attached_{name}": form for name, form in ATTACHMENTS.items()},
    **{f"zip_{name}": zip_form(archive) for name, archive in ARCHIVES.items()},
    **{f"packed_{name}": form for name, form in PACKED.items()},
    **{f"several_{name}": form for name, form in SEVERAL.items()},
}
"""Every message that holds the certificate."""


# What is no fulfillment email, or not ours


APPROVAL = f"""ORDER APPROVAL

Dear Domain Administrator,

You are receiving this email because you are the Domain Administrator for www.example.com and the person identified
below has requested a RapidSSL certificate for:

     https://www.example.com

To approve or reject this certificate request please click on the following link. Your {BODY_SECRET}

     https://products.ca.example/orders/A.do?p=TGIBtYWNl9Nd6rdnxQ2B9

If you have questions regarding this request, please contact the person who made it.
"""
LINK_ONLY = f"""Congratulations! GeoTrust has approved your request for a RapidSSL certificate for www.example.com.

Your certificate is ready. To download your certificate, please visit the link below. Your {BODY_SECRET}

     https://products.ca.example/orders/pickup?order=1234567
"""
NOTICE = f"""Dear customer,

your certificate for www.example.com has been issued. Please log in to your account to install it.
Your {BODY_SECRET}
"""
RTF = rb"{\rtf1\ansi\deff0 {\fonttbl {\f0 Courier;}}\f0\fs20 -----BEGIN CERTIFICATE-----\par MIIB\par -----END CERTIFICATE-----\par }"
PDF = b"%%PDF-1.6\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R %b>>\n%%%%EOF\n"


def _der(tag: int, *content: bytes) -> bytes:
    inner = b"".join(content)
    length = len(inner)
    size = bytes([length]) if length < 128 else b"\x82" + length.to_bytes(2, "big")
    return bytes([tag]) + size + inner


ENVELOPED_DATA = bytes.fromhex("06092a864886f70d010703")
AUTHENTICATED_ENVELOPED_DATA = bytes.fromhex("060b2a864886f70d0109100117")


def enveloped(_issued: Issued | None = None, content_type: bytes = ENVELOPED_DATA) -> bytes:
    """CMS enveloped-data (RFC 5652, 6; RFC 5083), with nobody that could open it."""
    encrypted = _der(0x30, bytes.fromhex("06092a864886f70d010701"), _der(0x80, bytes(range(256)) * 4))
    return _der(0x30, content_type, _der(0xA0, _der(0x30, _der(0x02, b"\0"), _der(0x31), encrypted)))


def smime_encrypted(content_type: str, name: str = "smime.p7m", kind: bytes = ENVELOPED_DATA) -> bytes:
    """A message that is encrypted as a whole."""
    return mail(
        part(
            enveloped(content_type=kind), content_type, "base64", f'Content-Disposition: attachment; filename="{name}"'
        )
    )


def pgp_encrypted() -> bytes:
    """A message that is encrypted as a whole (RFC 3156)."""
    armored = attachment(PGP_ARMOR.format("MESSAGE").encode(), "encrypted.asc", encoding="7bit", disposition="inline")
    version = part(b"Version: 1\n", "application/pgp-encrypted", "7bit")
    return mail(multipart("encrypted", version, armored, parameters='; protocol="application/pgp-encrypted"'))


def forged(issued: Issued) -> bytes:
    """All as in the right one, but for the key, from an authority of the same name."""
    common_name = issued.certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
    return mail(text_part(fulfillment(Authority(intermediates=len(issued.chain)).issue(str(common_name)))))


def deep_multipart(levels: int, inner: bytes = b"") -> bytes:
    """Multiparts in each other, which is quickly made even of very many."""
    opening = b"".join(
        b"Content-Type: multipart/mixed; boundary=%x\n\n--%x\n" % (level, level) for level in range(levels)
    )
    closing = b"".join(b"\n--%x--\n" % level for level in reversed(range(levels)))
    return b"Subject: deep\n" + opening + b"\n" + inner + closing


def deep_messages(levels: int, inner: bytes = b"") -> bytes:
    """Messages in each other."""
    return b"Content-Type: message/rfc822\n\n" * levels + b"Subject: deep\n\n" + inner


def many_parts(parts: int, issued: Issued | None = None) -> bytes:
    """Very many parts, with the certificate in the last."""
    small = Part(("Content-Type: text/plain",), b"x\n")
    return mail(multipart("mixed", *[small] * parts, *([attachment(full_pem(issued), "a.crt")] if issued else [])))


def _says(text: str) -> Build:
    return lambda _issued: mail(text_part(text))


def _is(data: bytes) -> Build:
    return lambda _issued: data


def _no(build: Build, *reasons: str, days: int = 0) -> Negative:
    return Negative(build, frozenset(reasons), days)


def _zip(archive: Build) -> Build:
    return zip_form(archive).build


def _linked(text: str, title: str) -> Part:
    """HTML in which links have words in their place."""
    linked = re.sub(r"(https?://\S+)", r'<a href="\1">click here</a>', HTML["p"](text))
    return text_part(html_document(linked, title), "html")


def _notice(notice: str, write: Callable[[str, str], Part]) -> Build:
    """A message with a subject of its own."""
    title, _end, text = notice.partition("\n")
    return _is(mail(write(text, title), subject=Header(title, "utf-8").encode()))


def _of_others(name: str, corpus: dict[str, dict[str, str]], write: Callable[[str], Build]) -> dict[str, Negative]:
    """What others write, by what a person says of it."""
    return {
        name.format(each): _no(write(text), reason) for reason, texts in corpus.items() for each, text in texts.items()
    }


def _file(data: bytes, name: str, text: str = "See the file.\n") -> Build:
    return lambda _issued: mail(multipart("mixed", text_part(text), attachment(data, name)))


OUTLOOK = "Please find your SSL certificate in the attachment.\n"
UNREADABLE = ("malformed", "no_certificate")
OOXML = [("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w:document/>")]
NEGATIVES: dict[str, Negative] = {
    "approval_request": _no(_says(APPROVAL), "approval_request"),
    "link_only": _no(_says(LINK_ONLY), "link_only"),
    "notice": _no(_says(NOTICE), "no_certificate"),
    "request_only": _no(_said(lambda issued: rapidssl(issued.csr_pem)).build, "no_certificate", "link_only"),
    "key_only": _no(_sent(lambda issued: issued.key_pem.encode(), "a.key"), "no_certificate"),
    "issuers_only": _no(_sent(lambda issued: issued.chain_pem.encode(), "ca.crt"), "no_matching_key"),
    "forged": _no(forged, "no_matching_key"),
    "expired": _no(_said(fulfillment).build, "expired", days=1000),
    "not_yet_valid": _no(_said(fulfillment).build, "not_yet_valid", days=-30),
    "damaged": _no(_said(lambda issued: rapidssl(damaged_pem(issued.pem))).build, "malformed"),
    "truncated": _no(_said(lambda issued: rapidssl(truncated_pem(issued.pem))).build, "malformed"),
    "truncated_der": _no(_sent(lambda issued: issued.der[:-50], "a.cer"), "malformed"),
    "encrypted_zip": _no(_zip(encrypted_zip), "encrypted"),
    "encrypted_zip_aes": _no(_zip(aes_zip), "encrypted"),
    "encrypted_pdf": _no(_sent(lambda _issued: PDF % b"/Encrypt 2 0 R ", "a.pdf", "application/pdf"), "encrypted"),
    "smime_encrypted": _no(_is(smime_encrypted("application/pkcs7-mime; smime-type=enveloped-data")), "encrypted"),
    "smime_encrypted_and_authenticated": _no(
        _is(smime_encrypted("application/pkcs7-mime", kind=AUTHENTICATED_ENVELOPED_DATA)), "encrypted"
    ),
    "pgp_encrypted": _no(_is(pgp_encrypted()), "encrypted"),
    "pgp_encrypted_text": _no(_says(PGP_ARMOR.format("MESSAGE")), "encrypted"),
    "bomb_ratio": _no(_zip(lambda _issued: zeros_zip(300)), "too_large"),
    "bomb_entries": _no(_zip(many_entries_zip), "too_large"),
    "bomb_overlapping": _no(_zip(lambda _issued: overlapping_zip()), "too_large", "malformed"),
    "bomb_declared_size": _no(
        _zip(lambda issued: patched(zipped(zip_entries(issued)), *SIZE, "<L", 0xFFFFFFF0)), "too_large"
    ),
    "bomb_lying_size": _no(_zip(lambda _issued: patched(zeros_zip(100), *SIZE, "<L", 100)), "too_large", "malformed"),
    "twice_nested_zip": _no(
        _zip(lambda issued: zipped([("a.zip", zipped([("b.zip", zipped(zip_entries(issued)))]))])), "too_large"
    ),
    "bare_base64_of_a_key": _no(
        _said(lambda issued: "".join(issued.key_pem.splitlines(keepends=True)[1:-1])).build, "no_certificate"
    ),
    **{
        f"unsupported_{name}": _no(_file(data, f"{name}.bin", OUTLOOK), "unsupported_attachment")
        for name, data in (("tnef", TNEF), ("7z", SEVEN_ZIP), ("rar", RAR))
    },
    **{
        f"unsupported_{name}": _no(_sent(packed, name), "unsupported_attachment")
        for name, packed in {
            "example_com.pem.gz": lambda issued: gzipped(full_pem(issued)),
            "gnu.tar": lambda issued: tarred(zip_entries(issued)),
            "a.tar.bz2": lambda issued: bz2.compress(tarred(zip_entries(issued))),
            "a.pem.xz": lambda issued: lzma.compress(full_pem(issued)),
            "a.pem.lzma": lambda issued: lzma.compress(full_pem(issued), lzma.FORMAT_ALONE),
        }.items()
    },
    "unsupported_by_name": _no(_file(SEVEN_ZIP, "www_example_com.7z"), "unsupported_attachment"),
    "unsupported_by_what_it_wraps": _no(_file(TNEF_WITH_CERTIFICATE, "winmail.dat"), "unsupported_attachment"),
    "unsupported_docx": _no(_file(zipped(OOXML), "certificate.docx"), "unsupported_attachment"),
    "unsupported_doc": _no(_file(OFFICE, "example_com_crt.doc"), "unsupported_attachment"),
    "unsupported_rtf": _no(_file(RTF, "example_com_crt.rtf"), "unsupported_attachment"),
    "unsupported_pdf": _no(_file(PDF % b"", "SSL certificate.pdf"), "unsupported_attachment"),
    "unsupported_with_link": _no(_file(RAR, "a.rar", LINK_ONLY), "unsupported_attachment"),
    "unsupported_zip_zstandard": _no(
        lambda issued: zip_mail(patched(zipped(zip_entries(issued)), *METHOD, "<H", 93)), "unsupported_attachment"
    ),
    "bomb_bzip2": _no(
        _zip(lambda _issued: zeros_zip(300, method=zipfile.ZIP_BZIP2)), "unsupported_attachment", "no_certificate"
    ),
    **{
        f"outlook_{name}": _no(build, "unsupported_attachment")
        for name, build in {
            "attached": _file(OUTLOOK_MESSAGE, "Hello.msg"),
            "by_content": _file(OUTLOOK_MESSAGE, "hello"),
            "by_name": _file(b"\x00\x01\x02" * 99, "hello.msg"),
            "in_zip_by_content": _zip(lambda _issued: zipped([("hello", OUTLOOK_MESSAGE)])),
        }.items()
    },
    "manual_beside_link": _no(_file(PDF % b"", "manual.pdf", LINK_ONLY), "link_only"),
    **_of_others("letter_{}", LETTERS, _says),
    **_of_others("letter_html_{}", LETTERS, lambda text: _is(mail(text_part(html_document(HTML["p"](text)), "html")))),
    **_of_others("notice_text_{}", NOTICES, lambda notice: _notice(notice, lambda text, _title: text_part(text))),
    **_of_others("notice_html_{}", NOTICES, lambda notice: _notice(notice, _linked)),
    "damaged_zip": _no(_zip(lambda _issued: zipped([("a.crt", b"AB")], 0).replace(b"AB", b"AC", 1)), "malformed"),
    "empty_zip": _no(lambda _issued: zip_mail(zipped([])), *UNREADABLE),
    "empty": _no(_is(b""), *UNREADABLE),
    "garbage": _no(_is(bytes(range(256)) * 40), *UNREADABLE),
    "bad_headers": _no(_is(b": \n :\n\t:::\nSubject\nFrom\xff\xfe: \x00\n=?: ?=\n\nx\n"), *UNREADABLE),
    "no_boundary": _no(_is(b"Content-Type: multipart/mixed\n\n--\n\nx\n----\n"), *UNREADABLE),
}
"""Every message that gives no certificate, and why."""

EXTREMES: dict[str, Build] = {
    "two_thousand_messages": lambda issued: deep_messages(2_000, issued.pem.encode()),
    "two_thousand_multiparts": lambda issued: deep_multipart(2_000, issued.pem.encode()),
    "five_thousand_parts": lambda issued: many_parts(5_000, issued),
    "lying_names": lambda issued: zip_mail(zipped([("a.crt", issued.pem.encode())]).replace(b"a.crt", b"b\0\xff/.", 1)),
}
"""What may be found or given up, but not more than that."""


# What is made to be slow, or to fill the memory


MEBIBYTE = 1024 * 1024


def repeated(piece: bytes, size: int = 5 * MEBIBYTE) -> bytes:
    """So much of the same."""
    return piece * (size // len(piece))


def _flood(piece: bytes, headers: bytes = b"", before: bytes = b"", after: bytes = b"") -> Build:
    return lambda _issued: headers + b"Subject: flood\n\n" + before + repeated(piece) + after


def _header(name: bytes, piece: bytes, before: bytes = b"") -> Build:
    return lambda _issued: name + b": " + before + repeated(piece, 2 * MEBIBYTE) + b"\n\nbody\n"


def shrinking(number: int) -> bytes:
    """A mebibyte that packs well, but not so well that a bound on the ratio stops it."""
    return b"".join(hashlib.sha256(b"%d %d" % (number, count)).digest() * 40 for count in range(800))


@cache
def shrinking_zip(entries: int = 8) -> bytes:
    """Some of those."""
    return zipped([(f"{number}.crt", shrinking(number)) for number in range(entries)])


def cross_signed(below: Authority, above: Authority) -> x509.Certificate:
    """One authority's name and key, certified by another."""
    valid = {"not_before": below.issuer.not_valid_before_utc, "not_after": below.issuer.not_valid_after_utc}
    return certificate_of(below.issuer.subject, above.issuer.subject, below.key, above.key, ca=True, **valid)


def entangled(issued: Issued, pairs: int = 1_500) -> bytes:
    """A message with authorities of two names and one key, each of which is an issuer of half of the others."""
    first, second = Authority("A", 0), Authority("B", 0)
    second.key = first.key
    pile = [cross_signed(*pair) for _pair in range(pairs) for pair in ((first, second), (second, first))]
    leaf = first.issue("www.example.com", key=issued.key)
    return mail(part(leaf_pem(leaf) + pem_of(pile).encode(), "text/plain", "7bit"))


HTML_TYPE, QUOTED = b"Content-Type: text/html\n", b"Content-Transfer-Encoding: quoted-printable\n"
BEGIN, END = b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n"
FLOODS: dict[str, Build] = {
    "dashes": _flood(b"-"),
    "non_breaking_spaces": _flood(b"\xc2\xa0", b"Content-Type: text/plain; charset=utf-8\n", before=BEGIN, after=END),
    "tags": _flood(b"<a ", HTML_TYPE),
    "soft_breaks": _flood(b"=\n", QUOTED),
    "base64": lambda _issued: b"Content-Transfer-Encoding: base64\n\n" + repeated(b"QUJD" * 18 + b"\n", 10 * MEBIBYTE),
    "base64_garbage": lambda _issued: b"Content-Transfer-Encoding: base64\n\n" + repeated(b"*\xff=", 10 * MEBIBYTE),
    "punycode": _flood(b"abc-9z", b"Content-Type: text/plain; charset=punycode\n"),
    "folded_header": _header(b"Subject", b"\n a"),
    "encoded_words": _header(b"Subject", b"=?utf-8?q?a?= "),
    "long_encoded_word": _header(b"Subject", b"QUJD", before=b"=?punycode?b?"),
    "continued_parameters": lambda _issued: (
        b"Content-Type: text/plain" + b"".join(b"; a*%d*=b" % number for number in range(100_000)) + b"\n\nbody\n"
    ),
    "long_boundary": lambda _issued: (
        b"Content-Type: multipart/mixed; boundary=%b\n\n%b"
        % (boundary := b"a" * MEBIBYTE, (b"--" + boundary + b"\n") * 4)
    ),
    "boundaries_with_headers": _flood(
        b"--a\nContent-Type: text/html\n\n<\n", b"Content-Type: multipart/mixed; boundary=a\n"
    ),
    "message_after_message": lambda _issued: deep_messages(100_000),
    "deep_multipart": lambda _issued: deep_multipart(20_000),
    "hundred_thousand_parts": lambda issued: many_parts(100_000, issued),
    "entangled_issuers": entangled,
    "der_claims": lambda _issued: with_attachments(attachment(b"\x30\x84\x7f\xff\xff\xff" + bytes(MEBIBYTE))),
    "der_nested": lambda _issued: with_attachments(attachment(b"\x30\x80" * MEBIBYTE)),
    "zip_ratio": lambda _issued: zip_mail(zeros_zip(300)),
    "zip_ratio_below_bounds": lambda _issued: with_attachments(*[attachment(shrinking_zip(), "a.zip")] * 20),
    "zip_entries": lambda _issued: zip_mail(many_entries_zip(entries=60_000)),
    "zip_overlapping": lambda _issued: zip_mail(overlapping_zip(20_000)),
    "zip_of_many_begin_markers": lambda _issued: zip_mail(
        zipped([(f"{number}.crt", repeated(BEGIN, MEBIBYTE)) for number in range(60)])
    ),
    "zip_of_zips": lambda _issued: zip_mail(zipped([(f"{n}.zip", shrinking_zip()) for n in range(99)])),
    "bare_begins": _flood(b"MIIF" + b"A" * 40 + b"\n"),
    "data_url_spaces": _flood(b" ", HTML_TYPE, before=b"data:a/b;base64,"),
    "begins_far_apart": _flood(b"x" * 70_000 + b"BEGIN CERT"),
    "header_lines": lambda _issued: repeated(b"a:\n", 5 * MEBIBYTE) + b"\nbody\n",
    "pdf": lambda _issued: with_attachments(attachment(b"%PDF-1.4\n" + repeated(b"/Encryp ", 5 * MEBIBYTE))),
}
"""Messages of some megabytes each of which is slow to read, or large in memory, for a reader that takes no care."""
