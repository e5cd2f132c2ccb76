"""Processes of a test: started in its namespace, ended by their own ids, their output kept in files."""
import os
import signal
import subprocess
import time


class Timeout(AssertionError):
    pass


def wait_for(what, condition, seconds=20.0, every=0.02):
    """Poll until condition() is true; a named deadline instead of a sleep."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Timeout(f"waited {seconds} s for {what}")
        time.sleep(every)


_running = []  # in the order of their start


def end_all():
    """What a fixture that failed half-way has left: nobody else ends it."""
    for proc in reversed(_running[:]):
        proc.popen.kill()
        proc.stop()


class Proc:
    """A long-running program. Its standard output and error go to one file."""

    def __init__(self, argv, log, env=None, cwd=None, stdin=subprocess.DEVNULL, pass_fds=()):
        self.argv = argv
        self.log = log
        self._file = open(log, "ab")
        self.popen = subprocess.Popen(argv, stdin=stdin, stdout=self._file, stderr=subprocess.STDOUT,
                                      env=env, cwd=cwd, pass_fds=pass_fds)
        _running.append(self)

    @property
    def pid(self):
        return self.popen.pid

    def output(self):
        with open(self.log, "r", errors="replace") as f:
            return f.read()

    def alive(self):
        return self.popen.poll() is None

    def wait_output(self, text, seconds=20.0):
        def there():
            if text in self.output():
                return True
            if not self.alive():
                raise AssertionError(f"{self.argv[0]} ended ({self.popen.returncode}) before it printed {text!r}:\n{self.output()}")
            return False
        wait_for(f"{text!r} of {self.argv[0]}", there, seconds)

    def stop(self, sig=signal.SIGTERM, seconds=20.0):
        if self.alive():
            self.popen.send_signal(sig)
        try:
            code = self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
            raise Timeout(f"{self.argv[0]} did not end within {seconds} s of signal {sig}:\n{self.output()}")
        finally:
            self._file.close()
            if self in _running:
                _running.remove(self)
        return code


def children(pid):
    """Process ids whose parent is pid."""
    out = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat") as f:
                fields = f.read().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid:
            out.append(int(entry))
    return out


def cmdline(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            return [a.decode() for a in f.read().split(b"\0")[:-1]]
    except (FileNotFoundError, ProcessLookupError):
        return []
