"""Mails at the end of a run: through the SMTP server of the settings, else kept as files."""

from __future__ import annotations

import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from ibflow_nb.api.errors import InvalidRequest
from ibflow_nb.local.atomic import write_atomic
from ibflow_nb.local.settings import SmtpSettings

OUTBOX = "outbox"


def check_addresses(addresses: list[str]) -> None:
    """Refuse what is no mail address.

    Raises:
        InvalidRequest: it names the address.
    """
    for address in addresses:
        try:
            valid = bool(Address(addr_spec=address).domain)
        except (ValueError, IndexError, TypeError):
            valid = False
        if not valid or not address.isprintable():
            raise InvalidRequest(f"notification_emails: {address!r} is not a mail address.")


def compose(sender: str, recipient: str, subject: str, text: str) -> bytes:
    """Give a mail as it goes over the wire."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = " ".join(subject.split())  # a file's name may hold line breaks
    message.set_content(text)
    return message.as_bytes()


def send(smtp: SmtpSettings, recipient: str, content: bytes) -> str:
    """Hand a mail to the server.

    Returns:
        Nothing when it was accepted, else the reason.
    """
    try:
        with smtplib.SMTP(smtp.host, smtp.port, timeout=smtp.timeout) as server:
            if smtp.starttls:
                server.starttls(context=ssl.create_default_context())
            if smtp.user:
                server.login(smtp.user, smtp.password)
            server.sendmail(smtp.sender, [recipient], content)
    except (OSError, smtplib.SMTPException) as error:
        return f"the mail server {smtp.host} did not take it ({type(error).__name__})"
    return ""


def keep(outbox: Path, name: str, content: bytes) -> None:
    """Keep a mail as the file ``<outbox>/<name>``, readable by its owner only."""
    write_atomic(outbox / name, content, mode=0o600)
