"""Strangers by the thousand: a program for one namespace that connects, says hello for a tag that nobody armed, and goes.

flood.py ADDRESS PORT HOST SECONDS SOURCES: prints how many connections were made.
"""
import os
import select
import socket
import ssl
import sys
import time

IN_FLIGHT = 200


def hello(host):
    """A ClientHello as a real client writes it."""
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.set_alpn_protocols(["acme-tls-client/1"])
    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
    s = c.wrap_bio(inward, outward, server_hostname=f"{'z' * 16}.{host}")
    try:
        s.do_handshake()
    except ssl.SSLWantReadError:
        return outward.read()


def run(address, port, host, seconds, sources):
    text, poll, open_, made = hello(host), select.epoll(), {}, 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        while len(open_) < IN_FLIGHT:
            s = socket.socket()
            s.setblocking(False)
            s.bind((sources[made % len(sources)], 0))
            s.connect_ex((address, port))
            poll.register(s, select.EPOLLOUT)
            open_[s.fileno()] = s
            made += 1
        for fd, what in poll.poll(0.1):
            s = open_[fd]
            if what & select.EPOLLOUT and not what & (select.EPOLLERR | select.EPOLLHUP):
                try:
                    s.send(text)
                    poll.modify(fd, select.EPOLLIN)
                    continue
                except OSError:
                    pass
            poll.unregister(fd)
            del open_[fd]
            s.close()
    return made


if __name__ == "__main__":
    print(f"connections {run(sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4]), sys.argv[5].split(','))}", flush=True)
    os._exit(0)
