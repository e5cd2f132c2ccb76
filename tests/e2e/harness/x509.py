"""Reading certificates with a library that is not ours."""
import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

SERVER_AUTH = ExtendedKeyUsageOID.SERVER_AUTH
CLIENT_AUTH = ExtendedKeyUsageOID.CLIENT_AUTH


def load_chain(path_or_bytes):
    data = path_or_bytes
    if isinstance(data, str):
        with open(data, "rb") as f:
            data = f.read()
    out = []
    for part in data.split(b"-----END CERTIFICATE-----")[:-1]:
        out.append(x509.load_pem_x509_certificate(part.strip() + b"\n-----END CERTIFICATE-----\n"))
    return out


def names(cert):
    san = cert.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    return sorted([n.value if isinstance(n, x509.DNSName) else str(n.value) for n in san])


def ekus(cert):
    return list(cert.extensions.get_extension_for_oid(ExtensionOID.EXTENDED_KEY_USAGE).value)


def is_ca(cert):
    try:
        return cert.extensions.get_extension_for_oid(ExtensionOID.BASIC_CONSTRAINTS).value.ca
    except x509.ExtensionNotFound:
        return False


def utc_now():
    """Without a zone, like all times here."""
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)


def _time(what, member):
    """A newer library tells times with their zone, and will give up those without."""
    aware = getattr(what, member + "_utc", None)
    return getattr(what, member) if aware is None else aware.replace(tzinfo=None)


def validity(cert):
    """(notBefore, notAfter)"""
    return _time(cert, "not_valid_before"), _time(cert, "not_valid_after")


def lifetime(cert):
    begin, end = validity(cert)
    return end - begin


def updates(crl):
    """(thisUpdate, nextUpdate)"""
    return _time(crl, "last_update"), _time(crl, "next_update")


def serial_hex(cert):
    return f"{cert.serial_number:032x}"


def der(cert):
    return cert.public_bytes(Encoding.DER)
