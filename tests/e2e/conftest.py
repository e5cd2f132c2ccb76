import glob
import os
import resource
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

import interop  # noqa: E402
from harness.ca import BUILD, Ca  # noqa: E402
from harness.dns import Knot  # noqa: E402
from harness.netns import Namespace  # noqa: E402
from harness.proc import end_all  # noqa: E402

ZONE = {"example.test": ["@ A 127.0.0.1", "www A 127.0.0.1", "* A 127.0.0.1", "ca A 127.0.0.1"],
        "test": []}  # CAA is looked for up to the top, and a refusal there is no answer


FILES = 4096  # some tests hold a thousand connections; a login gives 1024 files, and may have more


def pytest_configure(config):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, FILES)), hard))
    # Debian leaves the daemons out of the path of those who are not root.
    os.environ["PATH"] += os.pathsep + "/usr/sbin"
    if not hasattr(config, "workerinput"):
        doc = os.path.join(os.path.dirname(__file__), "..", "..", "doc", "interop.md")
        config.pluginmanager.register(interop.Table(BUILD, doc))


def pytest_collection_modifyitems(items):
    interop.mark_rows(items)


def pytest_sessionfinish():
    end_all()


LOG_LINES = 60


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A test that failed shows what the programs of its namespace said last: a rare failure is seen once only."""
    report = (yield).get_result()
    if not report.failed:
        return
    values = list(getattr(item, "funcargs", {}).values())
    places = {n.tmp for v in values for n in (v, getattr(v, "ns", None)) if isinstance(n, Namespace)}
    for path in sorted(p for tmp in places for p in glob.glob(os.path.join(tmp, "*.log"))):
        with open(path, errors="replace") as f:
            tail = f.readlines()[-LOG_LINES:]
        if tail:
            report.sections.append((os.path.basename(path), "".join(tail)))


@pytest.fixture
def ns(tmp_path):
    """A namespace of the test's own, in which ca.test is this host."""
    n = Namespace(tmp_path, hosts=["ca.test"])
    yield n
    n.close()


@pytest.fixture
def dns(ns):
    server = Knot(ns, ZONE)
    yield server
    server.stop()


@pytest.fixture
def ca(ns, dns):
    c = Ca(ns).start()
    yield c
    if c.proc is not None:
        assert c.stop() == 0, "tabardd did not end cleanly"


@pytest.fixture
def make_ca(ns, dns):
    """A CA with options; stopped at the end."""
    made = []

    def make(**kw):
        c = Ca(ns, **kw)
        made.append(c)
        return c

    yield make
    for c in made:
        if c.proc is not None:
            c.stop()
