"""Which files and tests are collected: narrowing to a batch, and listing for discovery. PYTEST_DONT_REWRITE"""

import fnmatch
import json
import os
import sys

import pytest

from baton_pytest_report import MAX_OUTPUT, clip, text_of

TEARDOWN_ERROR = "[teardown error]"
DISCOVERED = "baton-file "
DISCOVERED_END = "baton-files-end"
FATAL = "baton-fatal "
PYTEST_MAJOR = int(pytest.__version__.split(".")[0])


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
