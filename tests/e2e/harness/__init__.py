"""What the end-to-end tests stand on: namespaces, DNS servers, a CA, other people's clients."""
