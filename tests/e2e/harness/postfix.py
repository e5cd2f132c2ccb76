"""Postfix on a machine of a test."""
from .machine import write
from .proc import wait_for

BASE = {"compatibility_level": "3.6", "inet_protocols": "ipv4", "alias_maps": "", "maillog_file": "/dev/stdout",
        "mydestination": "$myhostname, localhost"}


class Postfix:
    def __init__(self, machine, **settings):
        """main.cf of its own, master.cf as the package has it but for the chroots."""
        self.machine = machine
        self.proc = None
        write(machine, "/etc/postfix/main.cf", "".join(f"{k} = {v}\n" for k, v in {**BASE, **settings}.items()))
        machine.run(["cp", "/usr/share/postfix/master.cf.dist", "/etc/postfix/master.cf"])
        machine.run(["postconf", "-F", "*/*/chroot=n"])

    def start(self):
        self.proc = self.machine.start(["postfix", "start-fg"], "postfix")
        wait_for("Postfix's port 25", lambda: ":25 " in self.machine.run(["ss", "-ltn"]).stdout or not self.proc.alive())
        assert self.proc.alive(), self.log()
        return self

    def log(self):
        return self.proc.output()

    def stop(self):
        """By Postfix's own command: a signal would end the shell around master, and leave master."""
        if self.proc.alive():
            self.machine.run(["postfix", "stop"])
        self.proc.stop()
