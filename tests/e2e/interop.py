"""A pytest plugin: what marked tests say about other people's programs becomes a table.

@pytest.mark.interop(PROGRAM, WHAT) on a test gives a row.  The table goes to BUILD/interop.md; with INTEROP_DOC=1, and
when every row was run, to doc/interop.md too.
"""
import os
import subprocess

HEAD = """# Other people's clients and verifiers, beside Tabard

Written by the end-to-end tests (`INTEROP_DOC=1 make check-full`): each row is a test with the program as it is packaged,
unmodified. "yes" is a test that passed.

| program | what | with Tabard | version |
|---|---|---|---|
"""
VERSIONS = {
    "certbot": ["certbot", "--version"],
    "lego": ["lego", "--version"],
    "uacme": ["uacme", "--version"],
    "dehydrated": ["sh", "-c", "dehydrated --version | sed -n 's/^Dehydrated version: /dehydrated /p'"],
    "acme-tiny": ["sh", "-c", "dpkg-query -W -f='acme-tiny ${Version}' acme-tiny"],
    "OpenSSL": ["openssl", "version"],
    "Go": ["go", "version"],
    "Java": ["java", "--version"],
    "GnuTLS": ["certtool", "--version"],
    "nginx": ["/usr/sbin/nginx", "-v"],
    "PostgreSQL": ["psql", "--version"],
    "BIND": ["sh", "-c", "/usr/sbin/named -v | cut -d' ' -f1,2"],
    "Prosody": ["sh", "-c", "dpkg-query -W -f='prosody ${Version}' prosody"],
    "Postfix": ["/usr/sbin/postconf", "-d", "mail_version"],
}


def version(program):
    argv = VERSIONS.get(program)
    if argv is None:
        return "tests/e2e/npm/package.json" if "(npm)" in program else ""
    try:
        out = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20).stdout
    except OSError:
        return ""
    lines = out.strip().splitlines()
    return lines[0].strip() if lines else ""


class Table:
    """Lives in the process that collects the reports of all workers."""

    def __init__(self, build, doc):
        self.build = build
        self.doc = doc
        self.rows = {}

    def pytest_runtest_logreport(self, report):
        if report.skipped or (report.when != "call" and report.passed):
            return
        for name, value in report.user_properties:
            if name == "interop":
                program, what = value
                good = self.rows.get((program, what), True)
                self.rows[program, what] = good and report.passed

    def pytest_sessionfinish(self, session):
        if not self.rows:
            return
        lines = [HEAD]
        for program, what in sorted(self.rows):
            says = "yes" if self.rows[program, what] else "**no**"
            lines.append(f"| {program} | {what} | {says} | {version(program)} |\n")
        targets = [os.path.join(self.build, "interop.md")]
        if os.environ.get("INTEROP_DOC"):
            targets.append(self.doc)
        for path in targets:
            with open(path, "w") as f:
                f.writelines(lines)


def mark_rows(items):
    """The marks as properties of the reports, which travel from the workers."""
    for item in items:
        for mark in item.iter_markers("interop"):
            item.user_properties.append(("interop", mark.args))
