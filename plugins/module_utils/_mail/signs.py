# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a message without a certificate is about, from its words and its files. Private to softlayer.certificates.

Pure. No decision here ever yields a certificate: it only shows what a person should do about a message.
"""

from __future__ import annotations

import re
import typing as t

About = t.Literal["approval", "issued"]
Kind = t.Literal["archive", "document"]


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


SUBJECTS = ("certificat", "zertifikat", "certificad", "ssl")
"""Words in messages about certificates, in lower case."""
TOPIC = _any_of(
    *SUBJECTS,
    r"\btls\b|\bhttps\b",
    r"\border approval\b|\bdcv\b|\bpki-validation\b|\bdnsauth\b",
    # authorities; the names of all others contain SSL
    r"\b(?:digicert|geotrust|thawte|symantec|verisign|sectigo|comodo|globalsign|entrust|godaddy|certum|swisssign|d-trust|quovadis)\b",
    # an order for a host and its domain
    r"\b(?:order|bestellung|auftrag|commande|pedido|ordine)\b[^!?]{0,60}[a-z0-9]·[a-z]",
    r"\b(?:domain|domaine|dominio)s?\b[^!?]{0,60}\b(?:validat|verif|control|own|contrôl|propri|propiet|freigabe|valid|kontroll)",
    r"\b(?:validat|verif|control|own|contrôl|propri|propiet|valid|kontroll)[^!?]{0,60}(?:domain|dominio)",
)
"""Words in messages that ask for approval of an order or announce a certificate."""
LINKS = ("https://", "http://")
ANCHOR = re.compile(r"\bhref\s{0,4}=\s{0,4}[\"']?\s{0,4}https?:", re.IGNORECASE)
LONGEST_TEXT = 64 * 1024
"""Characters of a text that are read to find out what it is about."""
QUOTATION_MARKS = re.compile(r"(?m)^[ \t]*(?:[>|][ \t]?)+")
PARAGRAPH = re.compile(r"\n[ \t\r]*\n")
LINK = re.compile(r"https?://\S{1,2000}")
INNER_POINT = re.compile(r"(?<=\w)[.:](?=\w)")
"""A dot or colon in a host name or a number, which does not end a sentence."""
SENTENCE = re.compile(r"[^.!?:]+[.!?:]*")

ELSEWHERE = _any_of(
    r"\b(?:invoices?|receipts?|payments?|webinars?|recording|slides|white ?papers?|e-?books?|newsletters?|surveys?|quotes?|recently)\b",
    r"\b(?:expires?|expired|expiration|expiry)\b|\b(?:up to|save) \d+|\d+ ?% off\b",
    r"\b(?:your|an|new) account\b[^,;]{0,40}\b(?:created|activated|opened)\b|\bpasswords? (?:reset|was|has)\b",
    r"\b(?:confirm|verify|validate) (?:your|this) (?:e-?mail|account|subscription|payment|identity|login)\b",
    r"\brechnung(?:en)?\b|\bzahlung\b|\bläuft\b.{0,80}\bab\b|\bumfrage\b|\bangebot\b|\bleitfaden\b",
    r"\bfactur[ea]s?\b|\breçu\b|\benquête\b|\bexpire\b|\bwebinaires?\b",
    r"\bcaduca\b|\brecibo\b|\bencuesta\b|\bseminario\b|\bfattura\b|\bscade\b",
)
"""Topics of sentences that say nothing about an order, even if something in them was issued or can be downloaded."""
NOT_SO = _any_of(
    # what will or may happen
    r"\b(?:once|after(?:wards)?|when|as soon as|before|until|unless|if|then|will|shall|cannot|can not|may"
    r"|erst|nachdem|sobald|bevor|danach|anschließend|ohne|kann|(?<!sie )können(?! sie)|wird|werden|ermöglichen|um"
    r"|après|ensuite|avant|dès|sera|afin|después|antes|cuando|será|podrá|dopo|prima|quando|sarà)\b.*",
    # what has not happened; and relative clauses about what was issued
    r"\b(?:no|nothing|not|nicht|kein\w*)\b.*|\b(?:that|which|who) (?:was|were|is|are|has been|have been) (?:issued|created)\b",
)
"""Words after which "issued" does not mean that the certificate has been issued."""
SETTLED = _any_of(
    r"\b(?:has|have|had|was|were|is|are) (?:been )?(?:now |already |successfully )?(?:approved|validated|verified|authori[sz]ed|confirmed)\b",
    r"\b(?:has|have|you) approved\b",
    r"\b(?:validation|verification|approval|vetting)\b.{0,60}\b(?:successful|succeeded|complete|completed|passed|given)\b",
    r"\bpassed? (?:domain )?(?:control )?(?:validation|verification)\b|\bno (?:further|more|additional) (?:approval|validation|action)\b",
    r"\b(?:prüfung|validierung|freigabe|bestätigung|genehmigung)\b.{0,60}\b(?:abgeschlossen|erfolgt|erfolgreich|erteilt)\b",
    r"\b(?:wurde|ist) (?:geprüft und )?(?:genehmigt|freigegeben|bestätigt|validiert)\b|\bvon ihnen (?:beantragt|bestellt|bestätigt|genehmigt)\w*",
)
"""What nobody needs to approve or confirm any more."""
ASKED = _any_of(
    # a request to approve
    r"\b(?:to|please|and|can|must|may|should|or) (?:review and )?(?:approve|authori[sz]e|confirm|validate|verify|permit|allow|accept)\b",
    r"^[^\w]*(?:approve|authori[sz]e|confirm|validate|verify)\b",
    r"\b(?:approve|agree|accept|authori[sz]e|allow|yes) (?:or|/) (?:deny|reject|decline|refuse|cancel|disagree|disapprove)\b",
    r"\breceived (?:a|an) .{0,40}\b(?:request|application)\b|\b(?:continue|proceed) with the issuance\b|\bindicate whether\b",
    r"\bi approve\b|\bapprove (?:or|/|this|the|your|it)\b|\bpermit the issuance\b|\bsay yes\b",
    r"\b(?:order|domain|certificate) (?:access )?(?:approval|authori[sz]ation) (?:request|require)|\border approval\b|\bapprover\b",
    r"\bapproval (?:is )?(?:request|require|need|link)|\b(?:requires?|needs?|await(?:s|ing)?|pending|waiting for|request(?:s|ing)?) (?:your )?approval\b",
    r"\bdomain access authori[sz]ation\b|\bconsent\b|\bapproval of (?:your|the|a)\b",
    # a request to prove control of a domain
    r"\bdomain (?:control |ownership )?(?:validation|verification|authentication)\b|\bdcv\b|\bvalidation of\b|\bverifi(?:es|cation of)\b",
    r"\b(?:prove|show|demonstrate|confirm|verify|tell us|know) (?:that )?(?:you )?(?:own|control|ownership|have control|the domain)",
    r"\b(?:validation|verification|confirmation|approval|authori[sz]ation) (?:code|token|e-?mail)\b|\brandom (?:value|string)\b",
    r"\bdomain administrator\b|\baction required\b|\bowner of\b",
    r"\b(?:txt|cname|caa|dns|http)[ -](?:txt[ -])?(?:resource )?(?:record|eintrag|validation)|\bpki-validation\b|\bdnsauth\b",
    # an order that is waiting for something
    r"\bcannot (?:be issued|issue)\b|\bstill pending\b|\bon hold\b|\bnot (?:yet )?received (?:the|your)\b",
    r"\bif you (?:did|do|have) not (?:request|order|ask|recogni[sz]e|know|authori[sz]e|place)|\bif you know nothing\b",
    r"\b(?:certificate|it) (?:was|has been) (?:requested|ordered|applied)\b|\bhas (?:requested|applied for|placed an order)\b",
    # in German
    r"\bgenehmig(?:e|en|er|ung)\b|\bnehmen sie\b.{0,40}\ban\b|\bfrei(?:gabe|geben|zugeben)\b|\bgeben sie\b.{0,80}\bfrei\b",
    r"\bzustimm(?:en|ung)\b|\bstimmen sie\b",
    r"\b(?:bestätigungs|validierungs|freigabe|prüf)(?:code|link|e-?mail)\b|\bbestätigen sie\b",
    r"\b(?:bestätigung|genehmigung) (?:der|ihrer|des|ihres) \w*(?:domain|antrag|bestellung)",
    r"\bzu(?:r|m) (?:bestätigung|genehmigung)\b|\bzu (?:bestätigen|genehmigen)\b",
    r"\bkontrolle (?:über|der)\b|\bkann (?:das|ihr) zertifikat nicht\b|\b(?:wurde|hat|haben sie)\b.{0,90}\b(?:beantragt|bestellt)\b",
    r"\bdomain-?(?:inhaber|administrator|validierung)|\bdomain ihnen gehört\b",
    # in French, Spanish and Italian
    r"\bapprouver\b|\b(?:afin de|pour|de|à|devez|veuillez) (?:la |le )?(?:valider|confirmer|prouver)\b|\bapprobation\b",
    r"\b(?:contrôl|confirm|valid|approuv)ez\b",
    r"\b(?:code|courriel|e-?mail) de (?:validation|vérification|confirmation)\b|\bdemande de certificat\b",
    r"\bvalidation (?:dns|du domaine)\b|\benregistrement (?:txt|cname|dns)\b",
    r"\baprobar\b|\b(?:para|de) (?:validar|verificar|confirmar|demostrar|autorizar)\w*\b|\baprobación\b|\bapruebe\b|\bconfirme\b",
    r"\bcódigo de (?:validación|verificación)\b|\bsolicitud de certificado\b|\b(?:validación|verificación) del? dominio\b|\bregistro (?:txt|cname|dns)\b",
    r"\b(?:per|di|deve) (?:autorizzare|approvare|convalidare|confermare)\b|\bcodice di (?:convalida|verifica)\b|\brichiesta di certificato\b",
)
"""Requests to approve an order or to prove control of the domain."""
ISSUED = _any_of(
    r"\b(?:has|have|was|is|got)(?: (?!to\b)\w+){0,3} (?:re-?)?(?:issued|keyed)\b|\bwe (?:\w+ )?(?:re-?)?(?:issued|renewed)\b|\b(?:ssl|certificate) issued\b",
    r"\b(?:find|here is) (?:your|the) (?:\w+ ){0,2}cert(?:ificate)?\b(?!.{0,80}attach)",
    r"(?:certificate|(?<!open)ssl|tls|wildcard|order|renewal|reissue|duplicate)\b.{0,80}"
    r"\b(?:is|are|was|has been|have been) (?:now )?(?:ready|available|active|complete|generated|created)\b",
    r"\b(?:order|renewal|reissue)\b.{0,60}\b(?:complete|finished)\b|\bapproved your (?:request|.{0,40}order)\b",
    r"\b(?:download|pick up|collect|retrieve|fetch) (?:your |the )?(?:\w+ ){0,2}(?:certificate|\w*ssl)\b|\bcertificate (?:files|pick-?up)\b",
    r"\bawaits collection\b",
    r"\bzertifikat\b.{0,80}\b(?:ausgestellt|erstellt|verlängert|bereit|fertig|da|abholen|abrufen|herunterladen)\b",
    r"\bhat\b.{0,20}\bzertifikat\b.{0,40}\bausgestellt\b",
    r"\bbestellung ist abgeschlossen\b",
    r"\bcertificat\b.{0,80}\b(?:émis|délivré|généré|renouvelé|prêt|disponible)(?!\w)",
    r"\bcertificado\b.{0,80}\b(?:emitido|generado|renovado|listo|disponible)\b|\bhemos (?:emitido|renovado)\b",
    r"\bcertificato\b.{0,80}\b(?:emesso|rilasciato|rinnovato|pronto|disponibile)\b",
)
"""Announcements that a certificate has been issued."""
FETCHED = _any_of(
    r"\bcongratulations\b|\b(?:download|pick up|collect|retrieve|get|fetch) (?:it|them|your|the)\b|\b(?:ready|available) (?:for|to) download\b",
    r"\bto (?:download|fetch)\b|\bdownload (?:link|page)\b|\bcan be (?:collected|downloaded|retrieved)\b|\brequest\b.{0,60}\bapproved\b",
    r"\bherunter(?:laden|zuladen)?\b|\babruf(?:en|bar)?\b|\bdownload\b|\babholen\b|\bsteht\b.{0,30}\bbereit\b",
    r"\btélécharg|\brécupére|\bdescarg|\brecoger|\bscaric",
)
"""More words of such announcements; alone they may be about anything."""

ARCHIVE_SIGNATURES = (
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"\xfd7zXZ\x00",
    *(b"BZh%d1AY&SY" % level for level in range(1, 10)),  # bzip2
    b"\x28\xb5\x2f\xfd",  # Zstandard
    b"MSCF",
    b"\x78\x9f\x3e\x22",  # TNEF, in which Outlook wraps attachments: winmail.dat
)
DOCUMENT_SIGNATURES = (
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",  # Office before 2007, Outlook's messages, installers
    b"%PDF-",
    b"{\\rtf",
    b"\xfe\xed\xfe\xed",  # Java key stores
)
TELLING_NAME = re.compile(
    r"cert|zert|ssl|tls|csr|key ?store|(?<![a-z0-9])(?:crt|cer|pem|der|p7b|jks)(?![a-z0-9])|ca[-_]?bundle|^(?:www|star|wildcard)[._]"
)
"""Names of files that may hold a certificate, in lower case."""


def about(text: str) -> About | None:
    """Return whether a text asks for approval of a certificate or announces one, or `None` if neither."""
    text = PARAGRAPH.sub(". ", QUOTATION_MARKS.sub("", text[:LONGEST_TEXT]))
    words = " ".join(text.lower().split())
    words = INNER_POINT.sub("·", LINK.sub(" ", words))
    if not TOPIC.search(words):
        return None
    sentences = [one for one in SENTENCE.findall(words) if not ELSEWHERE.search(one)]
    asked = _said([SETTLED.sub(" ", one) for one in sentences], ASKED)
    facts = [NOT_SO.sub(" ", one) for one in sentences]
    issued = _said(facts, ISSUED)
    if asked > issued + (_said(facts, FETCHED) if issued else 0):
        return "approval"
    return "issued" if issued else None


def _said(sentences: list[str], how: re.Pattern[str]) -> int:
    """Return how many different expressions of a kind the sentences contain."""
    return len({found for one in sentences for found in how.findall(one)})


def mentions_certificates(text: str) -> bool:
    """Return whether a text is about certificates at all."""
    lower = text.lower()
    return any(subject in lower for subject in SUBJECTS)


def has_link(text: str) -> bool:
    """Return whether a text contains a link."""
    lower = text.lower()
    return any(link in lower for link in LINKS)


def has_anchor(markup: str) -> bool:
    """Return whether HTML contains a link, whatever its text is."""
    return ANCHOR.search(markup) is not None


def is_telling_name(name: str) -> bool:
    """Return whether a file has a name that suggests a certificate."""
    return bool(TELLING_NAME.search(name[:1_000].lower()))


def unread_kind(content: bytes) -> Kind | None:
    """Return the kind of a file that this collection does not read, or `None` if it is not known."""
    if content.startswith(ARCHIVE_SIGNATURES):
        return "archive"
    return "document" if content.startswith(DOCUMENT_SIGNATURES) else None


def is_unsupported(name: str, kind: Kind, *, in_context: bool) -> bool:
    """Return whether a file that is not read may hold a certificate.

    Args:
        name: its name.
        kind: its kind.
        in_context: whether the message is about certificates; documents are attached to all kinds of messages.
    """
    return is_telling_name(name) or (kind == "archive" and in_context)
