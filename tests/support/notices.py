# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What else lies in the mailbox of whoever orders certificates: subject and text, in words of our own, and what a person says of it.

Each is in the manner of an authority, a reseller or a host. The person was asked before the program was: is somebody to approve an
order or to show that a domain is his (``approval_request``), has a certificate been issued that is to be fetched from behind a link
(``link_only``), or is it about neither (``no_certificate``)? The program tells the clear cases in English and German; in other languages
it must only take none for one of these.
"""

from __future__ import annotations

URL = "https://ca.example/o/7Qx1"

NOTICES: dict[str, dict[str, str]] = {
    "approval_request": {
        "approve_symantec": f"""Order 99017: Domain Approval Email
        Your approval is needed before order 99017 (Secure Site) for www.example.com can go on.
        Review and approve it at {URL}. This link expires in a week.""",
        "validate_digicert": f"""Validate example.com for DigiCert order 4711
        To prove that you control example.com, open {URL} and follow the steps. The link is valid for 30 days. Did you not expect
        this? Write to us at once.""",
        "cname_sectigo": f"""Order 471147 awaits DNS validation
        Thank you for your purchase of PositiveSSL. Before it can be issued, add the CNAME record _5F0C.example.com pointing to
        b03e.ca.example. We look for it every hour. How to do that with your provider: {URL}""",
        "validate_globalsign": f"""DomainSSL CE2026: Approver E-mail for www.example.com
        An application for a GlobalSign SSL Certificate with the common name www.example.com was received. Being an approver for
        this domain name you can accept the application here: {URL}""",
        "hold_reminder": f"""2nd reminder: your SSL order is incomplete
        We still miss the validation of two domains in order 55120: example.com, example.net. Until then it stays on hold, and after
        90 days it lapses. Finish it: {URL}""",
        "caa": f"""CAA record blocks your order 471147
        The DNS of example.com has a CAA record that does not allow us to issue the certificate. Please add our name to it and then
        repeat the domain validation: {URL}""",
        "german_approve_short": f"""Bestellung 99017 wartet auf Ihre Freigabe
        Bitte geben Sie die Bestellung für mail.beispiel.example frei: {URL}""",
        "german_swisssign": f"""SwissSign: Überprüfung Ihrer Domain beispiel.example
        Sehr geehrte Damen und Herren, als Inhaberin der Domain beispiel.example bitten wir Sie um Ihre Zustimmung zu Auftrag 8812.
        Klicken Sie dazu innerhalb von 30 Tagen auf {URL}.""",
        "german_file": f"""Noch ein Schritt bis zu Ihrem SSL
        Damit wir wissen, dass die Domain Ihnen gehört, laden Sie bitte die Datei 5F0C.txt in das Verzeichnis
        /.well-known/pki-validation/ Ihres Webservers. Die Datei erhalten Sie hier: {URL}""",
        "email_entrust": f"""Domain verification for example.org
        Use this code within 30 days: 99 12 47. Enter it at {URL}. If this was not you, delete the message.""",
        "german_globalsign": f"""Bestätigung benötigt: AlphaSSL für shop.beispiel.example
        Sie sind als Genehmiger für shop.beispiel.example angegeben. Mit einem Klick auf {URL} nehmen Sie den Antrag an.""",
        "email_digicert": f"""DigiCert order 5512: email validation for example.net
        We need you to confirm that Example Inc may get a certificate for example.net. The link below does it with one click.
        {URL}""",
        "approve_reminder": f"""Reminder: RapidSSL order 9911 not approved yet
        A week ago we asked you to approve RapidSSL order 9911 for www.example.net. The request is still open: {URL}""",
        "german_reminder": f"""Erinnerung: offene Domain-Bestätigung
        Ihr SSL-Zertifikat konnte noch nicht ausgestellt werden, da die Bestätigung der Domain beispiel.example aussteht.
        Bitte bestätigen Sie diese: {URL}""",
        "german_reseller_dns": f"""Zertifikatsbestellung B-771: Bitte DNS anpassen
        Hallo Herr Muster, die Zertifizierungsstelle verlangt einen DNS-TXT-Eintrag mit dem Wert 8m3k1x7w. Bitte tragen Sie ihn ein und
        geben Sie uns Bescheid. Anleitung: {URL}""",
    },
    "link_only": {
        "ready_rapidssl": f"""Your RapidSSL for shop.example.com
        Congratulations! You can collect your RapidSSL from {URL}. Have your order number and PIN ready.""",
        "ready_sectigo": f"""Enrollment Successful - Your SSL certificate is ready
        You have successfully enrolled for a certificate. Formats available:
        as Certificate only, PEM encoded: {URL}?f=x509CO
        as PKCS#7: {URL}?f=bin
        Renew by: 05/01/2027""",
        "ready_reissue": f"""Reissue of order 4711 finished
        The certificate was re-issued with the key of the new CSR. The former one will be revoked in 72 hours. New files: {URL}
        To reissue it again you will have to validate your domain.""",
        "ready_quovadis": f"""QuoVadis: certificate for www.example.com available
        The certificate that you requested is now available in Trust/Link: {URL}""",
        "ready_san": f"""Multi-domain SSL - issued
        Your Multi-domain SSL covering 12 names has now been issued by the CA. Get it from the order page, {URL}""",
        "ready_letter": f"""Order 8812: delivery
        Please find your certificate behind this link, which works for a week: {URL}. The approval was given by admin@example.com.""",
        "german_ready_globalsign": f"""Ausstellung Ihres AlphaSSL-Zertifikats
        Ihr Zertifikat ist fertig. Laden Sie es bitte unter {URL} herunter und installieren Sie es.""",
        "german_ready_renewed": f"""Verlängerung erfolgreich
        Ihr SSL-Zertifikat wurde für ein weiteres Jahr verlängert. Zum Download: {URL}""",
        "ready_digicert_multi": f"""Certificates issued for order 5512
        Your order has been processed. To get the certificate files, sign in to your account and open order 5512: {URL}""",
        "ready_godaddy_rekey": f"""Your re-keyed certificate for example.net
        Your SSL certificate has been re-keyed. Please download and install the new certificate within 72 hours: {URL}""",
        "german_ready_host": f"""SSL-Zertifikat wurde ausgestellt
        Guten Tag Herr Muster, die Bestellung B-771 ist fertig bearbeitet. Zertifikat und Zwischenzertifikat finden Sie hier: {URL}""",
    },
    "no_certificate": {
        "newsletter_download": f"""January news: shorter lifetimes
        TLS certificates are about to live 47 days only. Our white paper tells how to get ready. Download it for free: {URL}
        You are getting this because you subscribed. Unsubscribe: {URL}/bye""",
        "order_received": f"""We have your order 471147
        Thank you for ordering an SSL certificate. We are working on it and write to you again when it has been issued. You can
        follow its progress: {URL}""",
        "expiry_60": f"""60 days left: www.example.com
        The certificate for www.example.com, which was issued on 5 January 2025, expires in 60 days. Renew it in good time: {URL}""",
        "canceled": f"""Order 471147 was cancelled
        Your order for an SSL certificate was cancelled, and you get your money back. Nothing was issued. Questions? {URL}""",
        "account": f"""Your account has been created
        Welcome! Your account for ordering certificates was created. Please confirm your email address: {URL}""",
        "ct_alert": f"""New certificate seen for example.com
        Our monitor of the transparency logs has seen a certificate that was issued for example.com by Example CA. If you expected it,
        nothing is to be done. Details: {URL}""",
        "german_invoice": f"""Rechnung 2026-118
        Ihre Rechnung für ein SSL-Zertifikat wurde erstellt. Sie können sie im Kundenkonto herunterladen: {URL}""",
        "quote": f"""Your quote Q-2291
        The quote for ten SSL certificates is ready. Look at it here and tell us whether you accept: {URL}""",
        "french_newsletter": f"""Les nouvelles de janvier
        Certificats : la durée de vie passe à 47 jours. Notre guide est disponible, téléchargez-le gratuitement : {URL}""",
    },
}
