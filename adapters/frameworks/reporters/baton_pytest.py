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

import json
import time

import pytest

from baton_pytest_collect import TEARDOWN_ERROR, Discovery, Narrowing, Places, names_of, parents
from baton_pytest_report import (
    MAX_OUTPUT,
    begin_of,
    clip,
    details_of,
    failure_of,
    is_subtest,
    name_text,
    output_of,
    skip_reason,
    subtest_name,
    text_of,
)

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
