# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What certificate authorities and resellers write in letters that hold no certificate, each in words of our own."""

from __future__ import annotations

URL = "https://ca.example/o/7Qx1"

LETTERS: dict[str, dict[str, str]] = {
    "approval_request": {
        "i_approve": f"""You get this message because you are listed as a contact of example.com.
        Someone has applied for a QuickSSL Premium certificate. Follow {URL} and click "I APPROVE" to let the order
        continue, or "I DO NOT APPROVE" to stop it. Your certificate will be ready to download afterwards.""",
        "authorization": f"""DOMAIN ACCESS AUTHORIZATION
        A secure certificate was requested for the common name shop.example.com. As its registrant or administrative
        contact you are asked to authorize or deny this request at {URL}.""",
        "verify_ownership": f"""Verify that you own example.com
        Thanks for your SSL order 471147. One step is left: verify your ownership of the domain by visiting {URL}.
        When the domain is verified you can download and install your certificate.""",
        "german_code": f"""Guten Tag,
        für shop.example.com wurde bei uns ein TLS-Zertifikat bestellt. Bitte bestätigen Sie, dass Sie die Kontrolle über
        die Domain haben: rufen Sie {URL} auf und geben Sie dort den Bestätigungscode 4HK-77 ein.
        Danach wird das Zertifikat ausgestellt und steht zum Download bereit.""",
        "german_application": f"""Sie sind für example.com als Ansprechpartner eingetragen. Zur Bestätigung des Antrags auf ein Zertifikat
        rufen Sie {URL} auf und wählen dort "Akzeptieren".""",
        "confirm_request": f"""Subject: please confirm your SSL order
        An application for a Domain SSL certificate covering mail.example.com has arrived at our validation desk. We write
        to the addresses that the Baseline Requirements allow. Confirm the application here: {URL}
        We will issue the certificate as soon as you have confirmed.""",
        "validate_email": f"""One more step. To validate your domain mail.example.com for certificate order 12345, click {URL}.
        You will receive a second email with the certificate after it is issued.""",
        "german_validation": f"""Sehr geehrte Damen und Herren, um die Ausstellung des Zertifikats für mail.example.com zu ermöglichen,
        klicken Sie bitte auf {URL} und tragen den Validierungscode 99-KL ein. Haben Sie kein Zertifikat beantragt,
        betrachten Sie diese E-Mail als gegenstandslos.""",
    },
    "link_only": {
        "pick_up": f"""Dear technical contact, your request for a True BusinessID certificate has been approved.
        Please pick up your certificate at {URL} using the PIN from your order.""",
        "reissue_wildcard": f"""The reissue of your wildcard certificate was processed. To download the reissued certificate go to {URL}.
        If your order is for several domains, each had to pass domain validation before; all have.""",
        "congratulations": f"""Congratulations, mail.example.com is now secured! Use the following link to retrieve the certificate
        and its intermediates: {URL}""",
        "activate_hosting": f"""We have issued the standard SSL certificate you requested. To use it on a server of your own, download it
        from your control panel, {URL}, and follow the installation guide for your web server.""",
        "vetted": f"""Your organization and your domain have been validated. Certificate 0x4711 is issued and awaits collection:
        {URL}. You approved this order on 2 January.""",
        "german_order_done": f"""Ihre Bestellung ist abgeschlossen: das Zertifikat für mail.example.com steht für Sie bereit. Abruf unter {URL}.
        Die Freigabe durch den Domain-Administrator ist erfolgt.""",
        "german_fetch": f"""Das von Ihnen beantragte Zertifikat wurde soeben erstellt. Laden Sie es hier herunter: {URL}""",
    },
}
