modules_disabled = {
    "s2s"; -- nobody out there is talked to
}
VirtualHost "example.org"
    ssl = { key = "/etc/prosody/certs/example.org.key", certificate = "/etc/prosody/certs/example.org.crt" }
