"""What a report of pytest holds, as bounded plain values. PYTEST_DONT_REWRITE"""

import hashlib
import os
import time

MAX_OUTPUT = 16 * 1024
MAX_STACK = 32 * 1024
MAX_NAME = 2000


def is_subtest(report):
    return type(report).__name__.lower() == "subtestreport"


def subtest_name(report):
    for attribute in ("_sub_test_description", "sub_test_description"):
        describe = getattr(report, attribute, None)
        if describe:
            return describe() or "(subtest)"
    return "(subtest)"


def begin_of(report):
    start = getattr(report, "start", None)
    return (start if start else time.time() - (report.duration or 0)) * 1000


def details_of(category, report, places):
    if category == "skipped":
        return {"note": skip_reason(report)}
    if category == "xfailed":
        return {"note": note("expected failure", getattr(report, "wasxfail", ""))}
    if category == "xpassed":
        return {"note": note("unexpected pass", getattr(report, "wasxfail", ""))}
    if category in ("failed", "error"):
        details = failure_of(report)
        details["line"] = line_of(report, places)
        # pytest's own words: what a test's body raises is a failure, what its fixtures raise (or a lost worker) an error.
        details["fault"] = "failure" if category == "failed" and report.when == "call" else "error"
        return details
    return {}


def note(word, reason):
    reason = text_of(reason)
    if reason.startswith("reason: "):
        reason = reason[len("reason: ") :]
    return clip("%s: %s" % (word, reason) if reason else word, MAX_NAME)


def failure_of(report):
    whole = text_of(getattr(report, "longreprtext", None) or report.longrepr or "")
    crash = getattr(report.longrepr, "reprcrash", None)
    message = text_of(crash.message) if crash is not None else whole
    failure = {"message": clip(message.strip() or "failed without a message", MAX_OUTPUT)}
    if whole.strip() != message.strip():
        failure["stack"] = clip(whole, MAX_STACK)
    return failure


def line_of(report, places):
    """The line in the test's own file where it failed; where the failure was elsewhere, the line that led there."""
    file, line, _ = getattr(report, "location", None) or (None, None, None)
    own = places.absolute(places.file_of(report.nodeid))
    entries = getattr(getattr(report.longrepr, "reprtraceback", None), "reprentries", [])
    found = [getattr(entry, "reprfileloc", None) for entry in entries]
    found.append(getattr(report.longrepr, "reprcrash", None))
    for place in reversed(found):
        if place is not None and os.path.normpath(os.path.join(places.start, text_of(place.path))) == own:
            return int(place.lineno) or None
    return line + 1 if line is not None else None


def skip_reason(report):
    longrepr = report.longrepr
    reason = text_of(longrepr[2] if isinstance(longrepr, tuple) else longrepr or "")
    if reason.startswith("Skipped: "):
        reason = reason[len("Skipped: ") :]
    return clip(reason, MAX_NAME) or None


def output_of(report):
    """Captured output of all phases; the report of the last phase holds it all. Log records go with standard error."""
    out, err = [], []
    for title, content in report.sections:
        if title.startswith("Captured stdout"):
            out.append(text_of(content))
        elif title.startswith(("Captured stderr", "Captured log")):
            err.append(text_of(content))
    return {"stdout": clip("\n".join(out), MAX_OUTPUT) or None, "stderr": clip("\n".join(err), MAX_OUTPUT) or None}


def text_of(value):
    # Lone surrogates stand for bytes that were no text; JSON could not carry them.
    return str(value).encode("utf-8", "replace").decode("utf-8")


def name_text(value):
    """Names longer than the limit stay different from each other."""
    text = text_of(value)
    if len(text) <= MAX_NAME:
        return text
    return text[:MAX_NAME] + "…" + hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def clip(text, limit):
    if len(text) <= limit:
        return text
    head, tail = limit * 2 // 5, limit * 3 // 5
    return "%s\n… %d characters cut …\n%s" % (text[:head], len(text) - head - tail, text[-tail:])
