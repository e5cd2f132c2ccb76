"""Every word that tabardd can log stands in tabardd-log(7), with its levels, and none that it cannot; every error and
every warning is caused by a test. Usage: log_words.py SOURCE-ROOT"""
import pathlib
import re
import sys

LEVELS = ("error", "warning", "notice", "info", "debug")
ALARMS = {"error", "warning"}
LEVEL = {"TB_LOG_ERROR": "error", "TB_LOG_WARN": "warning", "TB_LOG_NOTICE": "notice", "TB_LOG_INFO": "info",
         "TB_LOG_DEBUG": "debug"}
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
# Calls whose level or word is a variable: file -> what it can be.
LEVEL_OF = {"ca/parent/supervise.c": {"error", "info"}}
WORDS_OF = {"ca/judge/account.c": {"account-key-changed", "account-deactivated", "account-bound"}}
# Only without memory, at a place that no test reaches.
UNCAUSED = {"order-not-stored"}


def arguments(text, at):
    """Of the call whose parenthesis opens just before `at`."""
    out, depth, start = [], 0, at
    while depth >= 0:
        string = STRING.match(text, at)
        if string:
            at = string.end()
            continue
        c = text[at]
        depth += (c in "([{") - (c in ")]}")
        if depth < 0 or (c == "," and depth == 0):
            out.append(text[start:at].strip())
            start = at + 1
        at += 1
    return out


def in_source(root):
    """word -> set of levels"""
    words = {}
    for path in sorted(p for d in ("ca", "cli", "client", "lib") for p in (root / d).rglob("*.c")):
        text, name = path.read_text(), str(path.relative_to(root))
        for call in re.finditer(r"\btb_log\(", text):
            level, word = arguments(text, call.end())[:2]
            levels = {LEVEL[l] for l in re.findall(r"TB_LOG_\w+", level)} or LEVEL_OF[name]
            for w in STRING.findall(word) or WORDS_OF[name]:
                words.setdefault(w, set()).update(levels)
    return words


def in_page(root):
    """The same from the manual; the words must be in order, and none twice."""
    items = re.findall(r"^\.It Sy (\S+) Pq (.*); .*$", (root / "man/tabardd-log.7").read_text(), re.M)
    names = [w for w, _ in items]
    if names != sorted(set(names)):
        sys.exit("tabardd-log(7): the words are not in order, or one stands twice")
    return {w: set(re.findall("|".join(LEVELS), levels)) for w, levels in items}


def in_tests(root):
    text = "".join(p.read_text() for pattern in ("**/*_test.c", "**/test_*.py") for p in (root / "tests").glob(pattern))
    return set(re.findall(r"""["']([a-z0-9-]+)["' ]""", text)) | set(re.findall(r": ([a-z0-9-]+) ", text))


def main():
    root = pathlib.Path(sys.argv[1])
    source, page, tests = in_source(root), in_page(root), in_tests(root)
    wrong = []
    for word in sorted(source.keys() | page.keys()):
        if word not in page:
            wrong.append(f"{word}: is logged and not in tabardd-log(7)")
        elif word not in source:
            wrong.append(f"{word}: stands in tabardd-log(7) and is not logged")
        elif not page[word] or not page[word] <= source[word] or (source[word] - page[word]) & ALARMS:
            wrong.append(f"{word}: is logged as {sorted(source[word])}, tabardd-log(7) says {sorted(page[word])}")
        elif source[word] & ALARMS and word not in tests | UNCAUSED:
            wrong.append(f"{word}: no test causes it")
    if len(source) < 50:
        wrong.append("the source was not understood")
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{len(source)} words")


main()
