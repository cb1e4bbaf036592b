"""Pytest plugin that streams every outcome as a line of JSON. PYTEST_DONT_REWRITE

Works with pytest 6 to 9 on Python 3.8 and later, alone and under pytest-xdist (where only the controller reports and
every worker narrows its collection). Nothing is installed: the same file, started as a program, runs pytest with itself
as a plugin, from the interpreter it was started with, with the same import path that `python -m pytest` has.

Options (set by Baton, not by people):
  --baton-events FILE    append events here
  --baton-plan FILE      JSON: {"files": [...], "tests": [[...], ...] or null}; paths relative to the working directory
  --baton-discover       print one line for each test file at the end of a collection

How pytest counts is kept: what its summary line counts as passed, failed, error, skipped, xfailed or xpassed becomes
one event each. A test that passed and then failed in its teardown is therefore two events, the second one with the
last name `[teardown error]`.
"""

import os
import runpy
import sys

NO_PYTEST = "baton: pytest is not installed for "


def launch():
    here = os.path.dirname(os.path.abspath(__file__))
    # Python put this file's folder first; `python -m pytest` has the working directory there.
    if sys.path and os.path.abspath(sys.path[0]) == here:
        sys.path[0] = os.getcwd()
    sys.path.append(here)
    write_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        import baton_pytest  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name != "pytest":
            raise
        sys.stderr.write(NO_PYTEST + sys.executable + "\n")
        sys.exit(4)
    sys.dont_write_bytecode = write_bytecode
    runpy.run_module("pytest", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    launch()

import fnmatch
import hashlib
import json
import time

import pytest

PYTEST_MAJOR = int(pytest.__version__.split(".")[0])
TEARDOWN_ERROR = "[teardown error]"
DISCOVERED = "baton-file "
DISCOVERED_END = "baton-files-end"
FATAL = "baton-fatal "
MAX_OUTPUT = 16 * 1024
MAX_STACK = 32 * 1024
MAX_NAME = 2000

STATUS = {
    "passed": "passed",
    "failed": "failed",
    "error": "failed",
    "skipped": "skipped",
    "xfailed": "passed",
    "xpassed": "passed",
}


def pytest_addoption(parser):
    group = parser.getgroup("baton")
    group.addoption("--baton-events", default=None)
    group.addoption("--baton-plan", default=None)
    group.addoption("--baton-discover", action="store_true", default=False)


def pytest_configure(config):
    places = Places(config)
    if config.getoption("baton_plan"):
        config.pluginmanager.register(Narrowing(places, read_plan(config)), "baton-narrowing")
    if hasattr(config, "workerinput"):
        return
    if config.getoption("baton_discover"):
        config.pluginmanager.register(Discovery(places, config), "baton-discovery")
    elif config.getoption("baton_events"):
        events = Events(config.getoption("baton_events"))
        config.pluginmanager.register(Reporter(config, places, events, read_plan(config)), "baton-reporter")


def read_plan(config):
    with open(config.getoption("baton_plan"), encoding="utf-8") as file:
        return json.load(file)


class Places:
    """Between the ids of pytest, which start at its root directory, and paths relative to the suite's directory."""

    def __init__(self, config):
        self.start = str(config.invocation_params.dir)
        self.root = str(getattr(config, "rootpath", None) or config.rootdir)
        self.cache = {}

    def absolute(self, file):
        return os.path.normpath(os.path.join(self.start, file))

    def file_of(self, nodeid):
        path = str(nodeid).split("::", 1)[0]
        if path not in self.cache:
            full = os.path.normpath(os.path.join(self.root, path))
            self.cache[path] = os.path.relpath(full, self.start).replace(os.sep, "/")
        return self.cache[path]


def names_of(nodeid):
    """Names inside the file and parameters: `a.py::T::test_x[1-b]` gives (("T", "test_x"), "1-b")."""
    _, _, rest = str(nodeid).partition("::")
    names, bracket, params = rest.partition("[")
    if not bracket:
        return tuple(rest.split("::")), None
    return tuple(names.split("::")), params[:-1] if params.endswith("]") else params


class Narrowing:
    """Lets pytest collect as it always does, but only the files of this batch, and of them only the tests asked for."""

    def __init__(self, places, plan):
        self.places = places
        self.wanted = set(plan["files"])
        self.files = {places.absolute(f) for f in plan["files"]}
        self.dirs = {parent for f in self.files for parent in parents(f)}
        self.tests = None
        if plan.get("tests") is not None:
            self.tests = {tuple(n for n in path if n != TEARDOWN_ERROR) for path in plan["tests"]}

    def ignored(self, path):
        if os.path.isdir(path):
            return True if path not in self.dirs else None
        # A package's __init__.py is part of collecting the package, whatever is asked for in it.
        if path in self.files or os.path.basename(path) == "__init__.py":
            return None
        return True

    # Pytest 7 renamed the argument of this hook, and refuses names it does not know.
    if PYTEST_MAJOR >= 7:

        def pytest_ignore_collect(self, collection_path):
            return self.ignored(str(collection_path))

    else:

        def pytest_ignore_collect(self, path):
            return self.ignored(str(path))

    # Last, so that plugins which deselect or reorder see what they always see.
    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        items[:] = [item for item in items if self.keeps(item.nodeid)]

    def keeps(self, nodeid):
        if self.places.file_of(nodeid) not in self.wanted:
            return False
        return self.tests is None or names_of(nodeid)[0] in self.tests


def parents(path):
    while True:
        above = os.path.dirname(path)
        if above == path:
            return
        yield above
        path = above


class Discovery:
    def __init__(self, places, config):
        self.places = places
        self.patterns = config.getini("python_files")
        self.files = {}
        self.fatal = []
        # Listing files must neither leave a cache behind nor be narrowed by what failed last.
        for name in ("lfplugin", "nfplugin", "stepwiseplugin"):
            plugin = config.pluginmanager.get_plugin(name)
            if plugin is not None:
                config.pluginmanager.unregister(plugin)

    def pytest_collectreport(self, report):
        if report.passed:
            return
        if not str(report.nodeid):
            # Before version 8, a broken conftest.py below the root ends the whole collection.
            self.fatal.append(text_of(getattr(report, "longreprtext", None) or report.longrepr))
            return
        file = self.places.file_of(report.nodeid)
        if os.path.isdir(self.places.absolute(file)):
            for found in self.below(file):
                self.files.setdefault(found, None)
        else:
            self.files.setdefault(file, None)

    def below(self, directory):
        """Files that a directory would have given, had it not failed itself, for instance in its conftest.py."""
        for at, dirs, files in os.walk(self.places.absolute(directory)):
            dirs[:] = sorted(d for d in dirs if not d.startswith(".") and d not in ("__pycache__", "node_modules"))
            for name in sorted(files):
                if any(fnmatch.fnmatch(name, pattern) for pattern in self.patterns):
                    yield os.path.relpath(os.path.join(at, name), self.places.start).replace(os.sep, "/")

    def pytest_collection_finish(self, session):
        for item in session.items:
            self.files.setdefault(self.places.file_of(item.nodeid), None)

    def pytest_sessionfinish(self):
        # At the end pytest captures nothing any more; the empty first line ends whatever was printed before.
        lines = [""]
        lines += [DISCOVERED + json.dumps({"file": f, "bytes": self.size(f)}) for f in self.files]
        lines += [FATAL + json.dumps(clip(text, MAX_OUTPUT)) for text in self.fatal]
        lines += [DISCOVERED_END, ""]
        sys.stdout.write("\n".join(lines))
        sys.stdout.flush()

    def size(self, file):
        try:
            return os.path.getsize(self.places.absolute(file))
        except OSError:
            return 0


class Events:
    """One write for each line, so that a killed process leaves whole lines. A forked child of a test writes nothing."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self.pid = os.getpid()

    def write(self, event):
        if os.getpid() != self.pid:
            return
        data = (json.dumps({k: v for k, v in event.items() if v is not None}) + "\n").encode("ascii")
        while data:
            data = data[os.write(self.fd, data) :]


class RunningTest:
    def __init__(self, at):
        self.at = at
        self.ms = 0.0
        self.tries = 1
        self.main = None
        self.extra = []
        self.given_up = False  # this try was, and pytest-rerunfailures begins another

    def again(self):
        self.tries += 1
        self.main = None
        self.extra = []
        self.given_up = True


class Reporter:
    def __init__(self, config, places, events, plan):
        self.config = config
        self.places = places
        self.events = events
        self.requested = list(plan["files"])
        asked = plan.get("tests") or []
        self.asked_teardowns = {tuple(path[:-1]) for path in asked if path[-1] == TEARDOWN_ERROR}
        self.running = {}
        self.pending = {}  # file -> tests that have not ended
        self.counts = {}  # file -> test events written
        self.worst = {}  # file -> status
        self.started = set()
        self.ended = set()
        self.errors = {}  # file -> [(message, text)] of failed collections
        self.skips = {}  # file -> [(path, reason)] of skipped collections
        self.stopped = None
        self.events.write({"e": "start", "framework": "pytest", "version": pytest.__version__})

    # ---- collection

    def pytest_collectreport(self, report):
        if report.passed:
            return
        file = self.places.file_of(report.nodeid)
        if report.failed:
            self.errors.setdefault(file, []).append(failure_of(report))
        else:
            names = names_of(report.nodeid)[0] if "::" in str(report.nodeid) else ("(module)",)
            self.skips.setdefault(file, []).append((names, skip_reason(report)))

    def pytest_collection_finish(self, session):
        # The controller of xdist collects nothing itself.
        if not self.distributed():
            self.collected([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids):
        if not self.pending or self.config.getoption("dist", "no") == "each":
            self.collected(ids)

    def distributed(self):
        return self.config.pluginmanager.hasplugin("dsession")

    def collected(self, nodeids):
        for nodeid in nodeids:
            file = self.places.file_of(nodeid)
            self.pending[file] = self.pending.get(file, 0) + 1
        for file, skipped in self.skips.items():
            for names, reason in skipped:
                self.test_event(file, names, None, "skipped", {"note": reason})
        self.skips = {}
        for file in self.requested:
            if self.errors_of(file) and not self.pending.get(file):
                self.end_file(file)

    def errors_of(self, file):
        """Errors of the file itself, or of a directory above it whose conftest.py could not be loaded."""
        if file in self.errors:
            return self.errors[file]
        for parent in list(parents(file)) + ["."]:
            if parent in self.errors:
                return self.errors[parent][:1]
        return []

    # ---- tests

    def pytest_runtest_logstart(self, nodeid):
        self.start_file(self.places.file_of(nodeid))

    def pytest_runtest_logreport(self, report):
        status = self.config.hook.pytest_report_teststatus(report=report, config=self.config)
        category = status[0] if status else report.outcome
        nodeid = str(report.nodeid)
        test = self.running.setdefault(nodeid, RunningTest(begin_of(report)))
        if is_subtest(report):
            return self.subtest(nodeid, report, category)
        test.ms += (report.duration or 0) * 1000
        if category == "rerun":
            return test.again()
        if report.when == "setup":
            test.given_up = False
        if test.given_up:
            return None
        if report.when == "teardown":
            if category:
                test.extra.append((category, report))
            return self.finish(nodeid, test, report)
        if category or report.when == "call":
            test.main = (category, report)
        if report.when not in ("setup", "call"):
            # xdist's words for a test whose worker process died: there is no teardown.
            self.finish(nodeid, test, report)

    def subtest(self, nodeid, report, category):
        if category not in STATUS:
            return
        names, params = names_of(nodeid)
        details = details_of(category, report, self.places)
        self.test_event(self.places.file_of(nodeid), names + (subtest_name(report),), params, STATUS[category], details)

    def finish(self, nodeid, test, last):
        del self.running[nodeid]
        file = self.places.file_of(nodeid)
        names, params = names_of(nodeid)
        timing = {"ms": round(test.ms, 3), "at": test.at, "tries": test.tries}
        if test.main:
            category, report = test.main
            details = details_of(category, report, self.places)
            details.update(output_of(last))
            details.update(timing)
            self.test_event(file, names, params, STATUS.get(category, report.outcome), details)
        for category, report in test.extra:
            suffix = TEARDOWN_ERROR if category == "error" else "[teardown]"
            details = details_of(category, report, self.places)
            self.test_event(file, names + (suffix,), params, STATUS.get(category, report.outcome), details)
        if names in self.asked_teardowns and not test.extra:
            self.test_event(file, names + (TEARDOWN_ERROR,), params, "passed", {"note": "no error in the teardown this time"})
        self.pending[file] = self.pending.get(file, 1) - 1
        if self.pending[file] <= 0:
            self.end_file(file)

    def test_event(self, file, names, params, status, details):
        self.start_file(file)
        self.counts[file] = self.counts.get(file, 0) + 1
        if status == "failed" or file not in self.worst:
            self.worst[file] = status
        elif status == "passed" and self.worst[file] == "skipped":
            self.worst[file] = "passed"
        event = {"e": "test", "file": file, "path": [name_text(n) or "(empty)" for n in names], "status": status}
        if params is not None:
            event["params"] = name_text(params)
        event.update(details)
        self.events.write(event)

    # ---- files

    def start_file(self, file):
        if file not in self.started:
            self.started.add(file)
            self.events.write({"e": "file-start", "file": file, "at": time.time() * 1000})

    def end_file(self, file):
        if file in self.ended:
            return
        self.ended.add(file)
        self.start_file(file)
        errors = self.errors_of(file)
        event = {"e": "file-end", "file": file, "status": self.worst.get(file, "passed"), "tests": self.counts.get(file, 0)}
        if errors:
            event.update(status="failed", **errors[0])
        self.events.write(event)
        for error in errors[1:]:
            self.events.write(dict(error, e="error", file=file))

    # ---- the end

    def pytest_keyboard_interrupt(self, excinfo):
        self.stopped = "pytest was stopped: %s" % (excinfo.value or excinfo.typename)

    def pytest_internalerror(self, excrepr):
        self.stopped = clip(text_of(excrepr), MAX_OUTPUT)

    def pytest_sessionfinish(self, session, exitstatus):
        if self.stopped:
            self.events.write({"e": "error", "message": self.stopped})
            return
        if int(exitstatus) not in (0, 1, 5):
            return
        if not (session.shouldfail or session.shouldstop):
            self.end_quiet_files()
        self.events.write({"e": "end"})

    def end_quiet_files(self):
        """Files without a single test: all of them deselected, or skipped as a whole, or gone."""
        for file in self.requested:
            if file in self.ended or self.pending.get(file):
                continue
            if not os.path.exists(self.places.absolute(file)):
                self.errors.setdefault(file, []).append({"message": "pytest did not find this file."})
            self.end_file(file)


# ---- what a report holds


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

