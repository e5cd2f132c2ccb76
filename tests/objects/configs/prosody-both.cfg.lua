-- certificate = "/etc/prosody/certs/old.crt"
modules_enabled = { "roster", "tls", "dialback" }
https_certificate = "/etc/prosody/certs/https.crt"
VirtualHost "example.org"
    ssl = {
        key = "/etc/prosody/certs/example.org.key";
        certificate = "/etc/prosody/certs/example.org.crt";
    }
