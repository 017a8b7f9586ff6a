# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a message without a certificate is about, from its words in English and German. Private to softlayer.certificates.

Pure. No decision here ever yields a certificate: it only shows what a person should do about a message.
"""

from __future__ import annotations

import re
import typing as t

About = t.Literal["approval", "issued"]

SUBJECTS = ("certificat", "zertifikat", "ssl")
"""Words in messages about certificates, in lower case."""
LONGEST_TEXT = 64 * 1024
"""Characters of a text that are read to find out what it is about."""
QUOTATION_MARKS = re.compile(r"(?m)^[ \t]*(?:[>|][ \t]?)+")
PARAGRAPH = re.compile(r"\n[ \t\r]*\n")
LINK = re.compile(r"https?://\S{1,2000}", re.IGNORECASE)
ANCHOR = re.compile(r"\bhref\s{0,4}=\s{0,4}[\"']?\s{0,4}https?:", re.IGNORECASE)
"""A link in HTML, whatever its text is."""
INNER_POINT = re.compile(r"(?<=\w)[.:](?=\w)")
"""A dot or colon in a host name or a number, which does not end a sentence."""
SENTENCE = re.compile(r"[^.!?:]+[.!?:]*")


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


TOPIC = _any_of(*SUBJECTS, r"\b(?:order|domain|bestellung|auftrag)\b")
ELSEWHERE = _any_of(
    r"\b(?:invoice|receipt|payment|quote|webinar|newsletter|survey|recently|expires?|expired|revoked)\b",
    r"\b(?:rechnung|umfrage)\b|\bläuft\b.{0,80}\bab\b",
)
"""Topics of sentences that say nothing about an order."""
NOT_SO = _any_of(
    r"\b(?:once|after|when|as soon as|before|until|if|will|cannot|no|nothing|not|sobald|nachdem|bevor|wird|werden|nicht)\b.*",
    r"\b(?:that|which) (?:was|were|is) issued\b",
)
"""Words after which "issued" does not mean that the certificate has been issued."""
ASKED = _any_of(
    r"\border approval\b|\bapprover\b|\bdomain administrator\b|\b(?:your|for|requires?|needs?) approval\b|\baction required\b|\bon hold\b",
    r"\b(?:to|please|and|or) (?:approve|authori[sz]e)\b|\bapprove (?:or|/|it|the|this|order)\b|\bi approve\b|\bpermit the issuance\b",
    r"\bdomain (?:control )?(?:validation|verification)\b|\b(?:validation|verification) code\b|\b(?:verify|validate) (?:the|your|this) domain\b",
    r"\b(?:prove|show|confirm|verify|tell us) that (?:you (?:own|control)|the domain)\b|\b(?:to|please) confirm\b(?! your (?:e-?mail|account))",
    r"\b(?:txt|cname)[ -](?:record|eintrag)\b|\bpki-validation\b|\b(?:domainvalidierung|validierungscode)\b",
    r"\bgenehmig(?:e|en|er|ung)\b|\bfreigabe\b|\bbestätigen sie\b|\bzur bestätigung\b|\bzustimmung\b|\bstimmen sie\b|\b(?:wurde|hat)\b.{0,60}\bbeantragt\b",
)
"""Requests to approve an order or to prove control of the domain."""
ISSUED = _any_of(
    r"\b(?:has|have|was|were|is)(?: (?:been|now|just|successfully)){0,2} (?:(?:re-?)?issued|re-?keyed|renewed)\b|\b(?:certificates?|ssl) issued\b",
    r"\b(?:certificate|ssl|order)\b.{0,60}\b(?:is|are) (?:now )?(?:ready|available|complete)\b|\bapproved your (?:request|order)\b",
    r"\b(?:download|pick up|collect|retrieve|find) (?:the |your )?(?:\w+ )?(?:certificate|\w*ssl)\b",
    r"\bzertifikat\b.{0,80}\b(?:ausgestellt|erstellt|verlängert|bereit|fertig|abholen|herunterladen)\b",
)
"""Announcements that a certificate has been issued."""


def about(text: str) -> About | None:
    """Return whether a text asks for approval of a certificate or announces one, or `None` if neither."""
    text = PARAGRAPH.sub(". ", QUOTATION_MARKS.sub("", text[:LONGEST_TEXT]))
    words = INNER_POINT.sub("·", LINK.sub(" ", " ".join(text.lower().split())))
    if not TOPIC.search(words):
        return None
    sentences = [sentence for sentence in SENTENCE.findall(words) if not ELSEWHERE.search(sentence)]
    asked = {phrase for sentence in sentences for phrase in ASKED.findall(sentence)}
    issued = {phrase for sentence in sentences for phrase in ISSUED.findall(NOT_SO.sub(" ", sentence))}
    if len(asked) > len(issued):
        return "approval"
    return "issued" if issued else None


def mentions_certificates(text: str) -> bool:
    """Return whether a text is about certificates at all."""
    return any(subject in text.lower() for subject in SUBJECTS)
