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

NOTICES: dict[str, tuple[str, str, str]] = {
    # somebody is to approve
    "approve_geotrust": (
        "approval_request",
        "ORDER APPROVAL REQUIRED - shop.example.com",
        f"""ORDER APPROVAL REQUIRED - please approve

        Order 4711470 for shop.example.com is on hold. You are its approver.
        {URL}""",
    ),
    "approve_rapidssl": (
        "approval_request",
        "RapidSSL order 4711470 - approver action",
        f"""Dear approver of shop.example.com, the order that Jane Roe placed on Monday waits for you.
        Open {URL} and press one of the two buttons: I APPROVE, I DO NOT APPROVE.""",
    ),
    "approve_thawte": (
        "approval_request",
        "thawte: please authorise order THW-2291",
        f"""Somebody at Example Ltd has enrolled for SSL123 on mail.example.com and named you as the contact who may authorise it.
        Follow {URL}, check the particulars, and authorise or decline.""",
    ),
    "approve_symantec": (
        "approval_request",
        "Order 99017: Domain Approval Email",
        f"""Your approval is needed before order 99017 (Secure Site) for www.example.com can go on.
        Review and approve it at {URL}. This link expires in a week.""",
    ),
    "approve_digicert": (
        "approval_request",
        "[Action Required] Approve order for example.com",
        f"""Hi Jo, Sam Poe requested a Standard SSL for example.com on account 307608. As an administrator of the account, approve or
        reject the request: {URL}""",
    ),
    "validate_digicert": (
        "approval_request",
        "Validate example.com for DigiCert order 4711",
        f"""To prove that you control example.com, open {URL} and follow the steps. The link is valid for 30 days. Did you not expect
        this? Write to us at once.""",
    ),
    "txt_digicert": (
        "approval_request",
        "Domain validation pending: example.com",
        f"""One domain of your order is not validated yet. Create this TXT record in its DNS, then press "Check":
        _dnsauth.example.com  TXT  "8m3k1x7w"
        Instructions: {URL}""",
    ),
    "validate_sectigo": (
        "approval_request",
        "ORDER #471147 - Domain Control Validation for example.com",
        f"""Please visit {URL} and enter the code AbC9x2Lk to show that the domain is yours. Without it nothing will be issued for
        order 471147.""",
    ),
    "cname_sectigo": (
        "approval_request",
        "Order 471147 awaits DNS validation",
        f"""Thank you for your purchase of PositiveSSL. Before it can be issued, add the CNAME record _5F0C.example.com pointing to
        b03e.ca.example. We look for it every hour. How to do that with your provider: {URL}""",
    ),
    "validate_globalsign": (
        "approval_request",
        "DomainSSL CE2026: Approver E-mail for www.example.com",
        f"""An application for a GlobalSign SSL Certificate with the common name www.example.com was received. Being an approver for
        this domain name you can accept the application here: {URL}""",
    ),
    "validate_godaddy": (
        "approval_request",
        "Verify your domain to get your SSL",
        f"""Almost there! Your SSL for example.com needs one thing: tell us that you own the domain.
        Verify ownership {URL}""",
    ),
    "approve_certum": (
        "approval_request",
        "Certum - verification of the domain example.com",
        f"""In connection with the application for Commercial SSL, we ask you to confirm the right to the domain by clicking on
        {URL}. If the application was not filed by you, ignore this message.""",
    ),
    "hold_reminder": (
        "approval_request",
        "2nd reminder: your SSL order is incomplete",
        f"""We still miss the validation of two domains in order 55120: example.com, example.net. Until then it stays on hold, and after
        90 days it lapses. Finish it: {URL}""",
    ),
    "caa": (
        "approval_request",
        "CAA record blocks your order 471147",
        f"""The DNS of example.com has a CAA record that does not allow us to issue the certificate. Please add our name to it and then
        repeat the domain validation: {URL}""",
    ),
    "german_txt": (
        "approval_request",
        "Domainvalidierung für www.beispiel.example erforderlich",
        f"""Guten Tag,
        zum Nachweis der Kontrolle über die Domain legen Sie bitte folgenden DNS-TXT-Eintrag an:
        _validation.beispiel.example IN TXT "5f0c2d61"
        Anschließend klicken Sie auf "Prüfen": {URL}. Das Zertifikat wird dann ausgestellt.""",
    ),
    "german_txt_order": (
        "approval_request",
        "Ihre Bestellung 99017: DNS-Eintrag fehlt",
        f"""Für Ihre SSL-Bestellung konnten wir den TXT-Record im DNS noch nicht finden. Bitte setzen Sie ihn in der Zone von
        beispiel.example auf den Wert "ca-4711" und stoßen die Prüfung unter {URL} erneut an.""",
    ),
    "german_approve_short": (
        "approval_request",
        "Bestellung 99017 wartet auf Ihre Freigabe",
        f"""Bitte geben Sie die Bestellung für mail.beispiel.example frei: {URL}""",
    ),
    "german_swisssign": (
        "approval_request",
        "SwissSign: Überprüfung Ihrer Domain beispiel.example",
        f"""Sehr geehrte Damen und Herren, als Inhaberin der Domain beispiel.example bitten wir Sie um Ihre Zustimmung zu Auftrag 8812.
        Klicken Sie dazu innerhalb von 30 Tagen auf {URL}.""",
    ),
    "german_dtrust": (
        "approval_request",
        "D-TRUST: Antrag 2026-118 auf ein TLS-Zertifikat",
        f"""Guten Tag, die Muster GmbH hat ein TLS-Zertifikat für portal.beispiel.example beantragt. Sie wurden als zeichnungsberechtigt
        genannt. Prüfen Sie bitte den Antrag und genehmigen Sie ihn im Portal: {URL}""",
    ),
    "german_file": (
        "approval_request",
        "Noch ein Schritt bis zu Ihrem SSL",
        f"""Damit wir wissen, dass die Domain Ihnen gehört, laden Sie bitte die Datei 5F0C.txt in das Verzeichnis
        /.well-known/pki-validation/ Ihres Webservers. Die Datei erhalten Sie hier: {URL}""",
    ),
    # one has been issued
    "ready_digicert": (
        "link_only",
        "Your DigiCert order 4711 for www.example.com is issued",
        f"""Hi Jo, good news: TLS certificate 4711 for www.example.com was issued today.
        Download certificate: {URL}""",
    ),
    "ready_geotrust": (
        "link_only",
        "GeoTrust Order 4711470 Complete - www.example.com",
        f"""The order named above is complete. Retrieve the certificate and the intermediates here: {URL}""",
    ),
    "ready_rapidssl": (
        "link_only",
        "Your RapidSSL for shop.example.com",
        f"""Congratulations! You can collect your RapidSSL from {URL}. Have your order number and PIN ready.""",
    ),
    "ready_symantec": (
        "link_only",
        "Secure Site order 99017: pick up",
        f"""Secure Site for www.example.com has been issued. Pick it up at {URL}.""",
    ),
    "ready_sectigo": (
        "link_only",
        "Enrollment Successful - Your SSL certificate is ready",
        f"""You have successfully enrolled for a certificate. Formats available:
        as Certificate only, PEM encoded: {URL}?f=x509CO
        as PKCS#7: {URL}?f=bin
        Renew by: 05/01/2027""",
    ),
    "ready_comodo": (
        "link_only",
        "ORDER #471147 - CONFIRMATION: PositiveSSL issued",
        f"""PositiveSSL for example.com has been issued and may be downloaded from your account at {URL}.
        You have passed domain control validation by e-mail.""",
    ),
    "ready_globalsign": (
        "link_only",
        "CE2026: Your Certificate has been issued",
        f"""Dear customer, DomainSSL with the common name www.example.com was issued on 5 January. Get it from the certificate
        center under "Get certificate": {URL}""",
    ),
    "ready_entrust": (
        "link_only",
        "Entrust certificate pickup: www.example.com",
        f"""The request of Jane Roe was granted. Use {URL} to pick up the certificate. Your administrator has the passphrase.""",
    ),
    "ready_godaddy": (
        "link_only",
        "Your SSL certificate was issued!",
        f"""example.com is ready to go. All that is left is to download and install it. Download now: {URL}""",
    ),
    "ready_certum": (
        "link_only",
        "Certum - certificate issued",
        f"""We inform you that Commercial SSL, serial number 0x4711, has been created. You will find it in the panel, from where you can
        save it in text or binary form: {URL}""",
    ),
    "ready_reseller": (
        "link_only",
        "[Ticket 8812] SSL issued",
        f"""Hello, the CA has issued your wildcard. Zip with all files: {URL}/example.zip
        We are glad to help with the installation.""",
    ),
    "ready_reissue": (
        "link_only",
        "Reissue of order 4711 finished",
        f"""The certificate was re-issued with the key of the new CSR. The former one will be revoked in 72 hours. New files: {URL}
        To reissue it again you will have to validate your domain.""",
    ),
    "german_ready_swisssign": (
        "link_only",
        "SwissSign: Ihr Zertifikat ist ausgestellt",
        f"""Guten Tag, Ihr SSL Gold Zertifikat für www.beispiel.example liegt für Sie bereit. Download: {URL}""",
    ),
    "german_ready_dtrust": (
        "link_only",
        "D-TRUST: Bereitstellung Ihres TLS-Zertifikats",
        f"""Ihr Antrag 2026-118 wurde geprüft und genehmigt. Das Zertifikat können Sie nun im Portal abholen: {URL}""",
    ),
    "german_ready_reseller": (
        "link_only",
        "Ihr SSL-Zertifikat ist da",
        f"""Hallo, die Zertifizierungsstelle hat Ihr Zertifikat ausgestellt. Alle Dateien finden Sie in Ihrem Kundenbereich: {URL}""",
    ),
    # neither
    "newsletter_download": (
        "no_certificate",
        "January news: shorter lifetimes",
        f"""TLS certificates are about to live 47 days only. Our white paper tells how to get ready. Download it for free: {URL}
        You are getting this because you subscribed. Unsubscribe: {URL}/bye""",
    ),
    "webinar": (
        "no_certificate",
        "Webinar: automate your certificates",
        f"""Join us on Thursday at 3 pm and see how certificates are issued and renewed without anybody lifting a finger. Seats are
        limited. Register: {URL}. The recording will be available for download.""",
    ),
    "webinar_recording": (
        "no_certificate",
        "The recording is ready",
        f"""Thanks for joining our webinar on SSL. The recording is now available, and the slides are ready to download: {URL}""",
    ),
    "survey": (
        "no_certificate",
        "How was it?",
        f"""You recently bought an SSL certificate from us, and it has been issued. Would you recommend us? Take two minutes for our
        survey: {URL}""",
    ),
    "invoice_download": (
        "no_certificate",
        "Invoice 2026-118",
        f"""Your invoice for order 471147 (1 SSL certificate, 49.00 EUR) has been created. Download the invoice as PDF: {URL}""",
    ),
    "receipt": (
        "no_certificate",
        "Receipt for your payment",
        f"""We have received your payment of 49.00 EUR for a certificate. Your receipt was generated and can be downloaded here: {URL}""",
    ),
    "order_received": (
        "no_certificate",
        "We have your order 471147",
        f"""Thank you for ordering an SSL certificate. We are working on it and write to you again when it has been issued. You can
        follow its progress: {URL}""",
    ),
    "expiry_60": (
        "no_certificate",
        "60 days left: www.example.com",
        f"""The certificate for www.example.com, which was issued on 5 January 2025, expires in 60 days. Renew it in good time: {URL}""",
    ),
    "expiry_letsencrypt": (
        "no_certificate",
        "Certificate expiration notice for domain example.com",
        f"""Your certificate (or certificates) for the names listed below will expire in 19 days. Please make sure to renew it before
        then. If you have a new one already, ignore this message. For the details see {URL}. example.com""",
    ),
    "end_of_notices_letsencrypt": (
        "no_certificate",
        "We will no longer send expiration notices",
        f"""Dear subscriber, from June on no reminders are sent before certificates expire. Certificates are issued and renewed as before.
        Why, and which services send reminders, can be read here: {URL}""",
    ),
    "revoked": (
        "no_certificate",
        "Certificate revoked: www.example.com",
        f"""At your request the certificate with the serial number 0x4711 was revoked. Browsers will refuse it from now on. Details:
        {URL}""",
    ),
    "revocation_incident": (
        "no_certificate",
        "Important: replace your certificate by Friday",
        f"""Some certificates that were issued before 1 January have a wrong serial number and will be revoked on Friday. Yours is one of
        them. Order a free replacement: {URL}""",
    ),
    "promotion": (
        "no_certificate",
        "Wildcard week: 30 % off",
        f"""Secure all of your subdomains with one certificate. Issued within minutes, trusted by all browsers. Get your SSL now: {URL}""",
    ),
    "maintenance": (
        "no_certificate",
        "Maintenance on Sunday",
        f"""Our validation and issuance systems are down on Sunday from 2 to 4 am UTC. No certificates will be issued then. Status: {URL}""",
    ),
    "canceled": (
        "no_certificate",
        "Order 471147 was cancelled",
        f"""Your order for an SSL certificate was cancelled, and you get your money back. Nothing was issued. Questions? {URL}""",
    ),
    "account": (
        "no_certificate",
        "Your account has been created",
        f"""Welcome! Your account for ordering certificates was created. Please confirm your email address: {URL}""",
    ),
    "password": (
        "no_certificate",
        "Reset your password",
        f"""Someone asked for a new password for your account at the SSL shop. Was it you? {URL}. The link is valid for an hour.""",
    ),
    "client_tool": (
        "no_certificate",
        "Version 9 of our certificate utility is here",
        f"""The new version finds every certificate in your network. Download the tool: {URL}""",
    ),
    "support": (
        "no_certificate",
        "[Ticket 8812] Closed",
        f"""Your request about the installation of a certificate has been processed, and the ticket is closed. Rate our help: {URL}""",
    ),
    "ct_alert": (
        "no_certificate",
        "New certificate seen for example.com",
        f"""Our monitor of the transparency logs has seen a certificate that was issued for example.com by Example CA. If you expected it,
        nothing is to be done. Details: {URL}""",
    ),
    "root_change": (
        "no_certificate",
        "New roots from 1 March",
        f"""From 1 March on our certificates are issued from new intermediates. If you pin them, download the new ones in time: {URL}""",
    ),
    "german_newsletter": (
        "no_certificate",
        "Neues im Januar",
        f"""Zertifikate gelten bald nur noch 47 Tage. Unser Leitfaden zeigt, worauf es ankommt. Jetzt kostenlos herunterladen: {URL}""",
    ),
    "german_invoice": (
        "no_certificate",
        "Rechnung 2026-118",
        f"""Ihre Rechnung für ein SSL-Zertifikat wurde erstellt. Sie können sie im Kundenkonto herunterladen: {URL}""",
    ),
    "german_expiry": (
        "no_certificate",
        "Ihr Zertifikat läuft ab",
        f"""Ihr SSL-Zertifikat für www.beispiel.example läuft in 30 Tagen ab. Bitte verlängern Sie es rechtzeitig: {URL}""",
    ),
    "german_confirmation": (
        "no_certificate",
        "Auftragsbestätigung 99017",
        f"""Vielen Dank für Ihre Bestellung eines SSL-Zertifikats. Wir melden uns, sobald es ausgestellt ist. Stand der Dinge: {URL}""",
    ),
    "french_invoice": (
        "no_certificate",
        "Votre facture 2026-118",
        f"""La facture de votre certificat SSL est disponible. Vous pouvez la télécharger ici : {URL}""",
    ),
    "french_expiry": (
        "no_certificate",
        "Votre certificat expire bientôt",
        f"""Le certificat de www.exemple.example expire dans 30 jours. Renouvelez-le dès maintenant : {URL}""",
    ),
    "spanish_invoice": (
        "no_certificate",
        "Factura 2026-118",
        f"""La factura de su certificado SSL ya está disponible. Descárguela aquí: {URL}""",
    ),
    "spanish_expiry": (
        "no_certificate",
        "Su certificado caduca pronto",
        f"""El certificado de www.ejemplo.example caduca en 30 días. Renuévelo ahora: {URL}""",
    ),
    "spanish_webinar": (
        "no_certificate",
        "Seminario web sobre certificados",
        f"""Aprenda a automatizar sus certificados SSL. Inscríbase: {URL}. Después podrá descargar la grabación.""",
    ),
    "email_entrust": (
        "approval_request",
        "Domain verification for example.org",
        f"""Use this code within 30 days: 99 12 47. Enter it at {URL}. If this was not you, delete the message.""",
    ),
    "txt_globalsign": (
        "approval_request",
        "GlobalSign: DNS TXT for your order CE777",
        f"""Add _globalsign-domain-verification=8m3k1x7w as a TXT record at example.com and click "Verify": {URL}""",
    ),
    "german_globalsign": (
        "approval_request",
        "Bestätigung benötigt: AlphaSSL für shop.beispiel.example",
        f"""Sie sind als Genehmiger für shop.beispiel.example angegeben. Mit einem Klick auf {URL} nehmen Sie den Antrag an.""",
    ),
    "german_cname": (
        "approval_request",
        "Aktion erforderlich: Domain-Check für Ihr SSL-Zertifikat",
        f"""Hinterlegen Sie im DNS einen CNAME-Eintrag von _5f0c.beispiel.example auf b03e.ca.example. Sobald wir ihn sehen, wird Ihr Zertifikat
        ausgestellt und Sie können es herunterladen: {URL}""",
    ),
    "ready_quovadis": (
        "link_only",
        "QuoVadis: certificate for www.example.com available",
        f"""The certificate that you requested is now available in Trust/Link: {URL}""",
    ),
    "ready_san": (
        "link_only",
        "Multi-domain SSL - issued",
        f"""Your Multi-domain SSL covering 12 names has now been issued by the CA. Get it from the order page, {URL}""",
    ),
    "ready_letter": (
        "link_only",
        "Order 8812: delivery",
        f"""Please find your certificate behind this link, which works for a week: {URL}. The approval was given by admin@example.com.""",
    ),
    "german_ready_globalsign": (
        "link_only",
        "Ausstellung Ihres AlphaSSL-Zertifikats",
        f"""Ihr Zertifikat ist fertig. Laden Sie es bitte unter {URL} herunter und installieren Sie es.""",
    ),
    "german_ready_renewed": (
        "link_only",
        "Verlängerung erfolgreich",
        f"""Ihr SSL-Zertifikat wurde für ein weiteres Jahr verlängert. Zum Download: {URL}""",
    ),
    "ebook": (
        "no_certificate",
        "Free e-book: certificate lifecycle in practice",
        f"""See how others keep track of 10,000 certificates. Your copy is ready for download: {URL}""",
    ),
    "quote": (
        "no_certificate",
        "Your quote Q-2291",
        f"""The quote for ten SSL certificates is ready. Look at it here and tell us whether you accept: {URL}""",
    ),
    "expired_notice": (
        "no_certificate",
        "Expired: certificate for www.example.com",
        f"""This certificate is no longer valid. Visitors see a warning. Buy a new one: {URL}""",
    ),
    "login": (
        "no_certificate",
        "New login to your DigiCert account",
        f"""Someone signed in from a new device. If that was you, all is well. Otherwise change your password: {URL}""",
    ),
    "terms": (
        "no_certificate",
        "Changes to our subscriber agreement",
        f"""On 1 March a new agreement for certificates comes into force. You can download it here: {URL}. No action is needed.""",
    ),
    "german_webinar": (
        "no_certificate",
        "Einladung zum Webinar",
        f"""Wie Zertifikate automatisch ausgestellt und verlängert werden, zeigen wir am Donnerstag. Zur Anmeldung: {URL}""",
    ),
    "german_survey": (
        "no_certificate",
        "Wie zufrieden sind Sie?",
        f"""Sie haben vor Kurzem ein SSL-Zertifikat bei uns bestellt. Nehmen Sie an unserer Umfrage teil: {URL}""",
    ),
    "french_newsletter": (
        "no_certificate",
        "Les nouvelles de janvier",
        f"""Certificats : la durée de vie passe à 47 jours. Notre guide est disponible, téléchargez-le gratuitement : {URL}""",
    ),
    "spanish_received": (
        "no_certificate",
        "Pedido 8812 recibido",
        f"""Gracias por su compra de un certificado SSL. Le avisaremos cuando haya sido emitido. {URL}""",
    ),
    "email_digicert": (
        "approval_request",
        "DigiCert order 5512: email validation for example.net",
        f"""We need you to confirm that Example Inc may get a certificate for example.net. The link below does it with one click.
        {URL}""",
    ),
    "approve_reminder": (
        "approval_request",
        "Reminder: RapidSSL order 9911 not approved yet",
        f"""A week ago we asked you to approve RapidSSL order 9911 for www.example.net. The request is still open: {URL}""",
    ),
    "txt_host": (
        "approval_request",
        "Finish setting up SSL on example.net",
        f"""Your DNS is hosted elsewhere, so please add this TXT record yourself: @ "ca=551200". We check again in an hour. {URL}""",
    ),
    "german_reminder": (
        "approval_request",
        "Erinnerung: offene Domain-Bestätigung",
        f"""Ihr SSL-Zertifikat konnte noch nicht ausgestellt werden, da die Bestätigung der Domain beispiel.example aussteht.
        Bitte bestätigen Sie diese: {URL}""",
    ),
    "german_reseller_dns": (
        "approval_request",
        "Zertifikatsbestellung B-771: Bitte DNS anpassen",
        f"""Hallo Herr Muster, die Zertifizierungsstelle verlangt einen DNS-TXT-Eintrag mit dem Wert 8m3k1x7w. Bitte tragen Sie ihn ein und
        geben Sie uns Bescheid. Anleitung: {URL}""",
    ),
    "ready_digicert_multi": (
        "link_only",
        "Certificates issued for order 5512",
        f"""Your order has been processed. To get the certificate files, sign in to your account and open order 5512: {URL}""",
    ),
    "ready_godaddy_rekey": (
        "link_only",
        "Your re-keyed certificate for example.net",
        f"""Your SSL certificate has been re-keyed. Please download and install the new certificate within 72 hours: {URL}""",
    ),
    "german_ready_host": (
        "link_only",
        "SSL-Zertifikat wurde ausgestellt",
        f"""Guten Tag Herr Muster, die Bestellung B-771 ist fertig bearbeitet. Zertifikat und Zwischenzertifikat finden Sie hier: {URL}""",
    ),
    "upsell": (
        "no_certificate",
        "Time for an upgrade?",
        f"""You have three DV certificates with us. Customers trust EV certificates more. Compare all products: {URL}""",
    ),
    "conference": (
        "no_certificate",
        "Meet us at the security fair",
        f"""Our experts for TLS and certificates are there for you at stand 12. Get your free ticket: {URL}""",
    ),
    "card_expired": (
        "no_certificate",
        "Your card was declined",
        f"""We could not renew your SSL subscription because your card was declined. Please update your payment details: {URL}""",
    ),
    "security_bulletin": (
        "no_certificate",
        "Advisory: OpenSSL 3 update available",
        f"""A new version of OpenSSL is available for download. It fixes two flaws in the way certificates are verified. {URL}""",
    ),
    "german_changes": (
        "no_certificate",
        "Wichtige Änderung: Laufzeit von SSL-Zertifikaten",
        f"""Ab März werden Zertifikate nur noch für 200 Tage ausgestellt. Bestehende bleiben gültig. Mehr dazu: {URL}""",
    ),
    "french_webinar": (
        "no_certificate",
        "Webinaire : automatiser ses certificats",
        f"""Inscrivez-vous gratuitement. La présentation sera disponible ensuite : {URL}""",
    ),
}
