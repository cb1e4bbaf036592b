/**
 * Runs the targets of one batch, one after the other as cargo does, and writes what happens to the events file.
 *
 *   node cargo-driver.mjs list PLAN     prints the targets that `cargo test` would run
 *   node cargo-driver.mjs run PLAN      builds and runs those of the plan's `files`
 *
 * PLAN is JSON (text or a path): { dir, cargo: [program, ...args], args, files, tests, bail, events, runner }.
 *
 * Test programs are started here and not by cargo, so that two batches never wait for each other behind cargo's build
 * lock and so that an exit code or a signal is seen for each of them. Cargo itself says how: it is asked to run all of
 * them with a "runner" that only writes down program, directory and environment. Doc tests have no program: `cargo test --doc`.
 */
import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { sortArgs, testTargets } from './cargo-targets.mjs';

/** Longest line handed on; what is longer is cut. */
const MAX_LINE = 64 * 1024;
/** Bytes kept of standard error of each target. */
const MAX_ERRORS = 16 * 1024;
/** Exit code of cargo for failed tests and for code that does not compile. */
const RED = 101;
/** Ours: cargo could not even say what there is. */
const BROKEN = 1;
/** Plain text in the form the reader knows, whatever the user's cargo is configured to print. For cargo only. */
const CARGO_ENV = {
  ...process.env,
  CARGO_TERM_COLOR: 'never',
  CARGO_TERM_QUIET: 'false',
  CARGO_TERM_PROGRESS_WHEN: 'never',
};
/** What the recording shell and we ourselves set: a program under test gets the value it would have had without. */
const NOT_CARGOS = [
  'PWD',
  'OLDPWD',
  'SHLVL',
  '_',
  'BATON_CARGO_DIR',
  'CARGO_TERM_COLOR',
  'CARGO_TERM_QUIET',
  'CARGO_TERM_PROGRESS_WHEN',
];

const [mode, planArg] = process.argv.slice(2);
const plan = JSON.parse(existsSync(planArg) ? readFileSync(planArg, 'utf8') : planArg);
plan.dir = realpathSync(plan.dir);
const sorted = sortArgs(plan.args);

async function targets() {
  const result = await call(plan.cargo[0], [
    ...plan.cargo.slice(1, -1),
    'metadata',
    '--no-deps',
    '--format-version',
    '1',
  ]);
  if (result.code !== 0) {
    process.stderr.write(`${result.startError ?? result.stderr}\n`);
    return undefined;
  }
  const metadata = JSON.parse(result.stdout);
  const manifests = Object.fromEntries(
    metadata.packages.map((p) => [p.manifest_path, readFileSync(p.manifest_path, 'utf8')]),
  );
  return testTargets(metadata, plan.dir, sorted, manifests);
}

async function list() {
  const found = await targets();
  if (!found) return BROKEN;
  const files = [...new Set(found.map((t) => t.file))].map((file) => ({
    file,
    bytes: sizeOf(found.find((t) => t.file === file).src),
  }));
  process.stdout.write(`\nbaton-cargo ${JSON.stringify(files)}\n`);
  return 0;
}

function sizeOf(path) {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}

// ---- running

async function run() {
  const events = openSync(plan.events, 'a');
  const emit = (event) => writeSync(events, `${JSON.stringify(event)}\n`);
  try {
    const all = await targets();
    if (!all) return BROKEN;
    emit({ c: 'start' });
    const wanted = all.filter((t) => plan.files.includes(t.file));
    const built = await programs(wanted.filter((t) => !t.doc));
    let red = false;
    for (const file of plan.files) {
      const units = wanted.filter((t) => t.file === file);
      emit({ c: 'file', file });
      if (units.length === 0) emit({ c: 'gone', file, error: 'cargo has no such test target any more' });
      for (const unit of units) red = (await runUnit(unit, built, all, emit)) || red;
      red ||= units.length === 0;
      emit({ c: 'file-end', file });
      if (red && plan.bail) break;
    }
    emit({ c: 'done' });
    return red ? RED : 0;
  } finally {
    closeSync(events);
  }
}

/** True when it was red. */
async function runUnit(unit, built, all, emit) {
  emit({ c: 'begin', file: unit.file, name: unit.name, harness: unit.harness, doc: unit.doc });
  const program = unit.doc ? undefined : built.get(keyOf(unit));
  if (program?.error !== undefined) {
    emit({ c: 'exit', file: unit.file, code: RED, signal: null, ms: 0, buildError: program.error });
    return true;
  }
  const began = performance.now();
  let summary = !unit.harness;
  const onLine = (text) => {
    summary ||= text.startsWith('test result: ');
    emit({ c: 'out', file: unit.file, text });
  };
  const result = unit.doc
    ? await docTests(unit, all, onLine)
    : await call(program.path, programArgs(unit), { cwd: program.cwd, env: program.env, onLine });
  const { code, signal } = result;
  emit({
    c: 'exit',
    file: unit.file,
    code,
    signal,
    ms: Math.round(performance.now() - began),
    stderr: result.startError ?? result.stderr,
  });
  // A test that calls exit(0) ends the program as if all were well.
  return code !== 0 || !summary;
}

/** A program with a `main` of its own knows nothing of libtest's `--exact`. */
function programArgs(unit) {
  if (!plan.tests || !unit.harness) return sorted.program;
  return [...sorted.program, '--exact', ...plan.tests.map((path) => path.join('::'))];
}

function docTests(unit, all, onLine) {
  const alone = new Set(all.map((t) => t.spec)).size === 1;
  return call(
    plan.cargo[0],
    [...plan.cargo.slice(1), ...sorted.cargo, '--doc', ...(alone ? [] : ['-p', unit.spec]), '--', ...sorted.program],
    { onLine },
  );
}

// ---- building

/**
 * Program, directory and environment of each target; where it did not compile, what the compiler said. While one target
 * does not compile cargo runs none, so it is asked again without the broken ones, as long as that gets us further.
 */
async function programs(wanted) {
  const found = new Map();
  let { choice } = sorted;
  for (let left = wanted; left.length > 0; ) {
    const built = await build(choice, left);
    for (const target of left) {
      const launch = built.launchOf(target) ?? built.ownErrorOf(target);
      if (launch) found.set(keyOf(target), launch);
    }
    const next = left.filter((t) => !found.has(keyOf(t)));
    if (next.length === left.length && choice !== sorted.choice) {
      for (const target of next) found.set(keyOf(target), { error: built.everything() });
      return found;
    }
    // Nothing gained: what is broken is in another package that was selected too, or in what all of them need.
    if (next.length === left.length) choice = [...new Set(next.map((t) => t.spec))].flatMap((spec) => ['-p', spec]);
    left = next;
  }
  return found;
}

const keyOf = (target) => target.src + target.kind + target.name;

async function build(choice, wanted) {
  const dir = mkdtempSync(join(tmpdir(), 'baton-cargo-'));
  const runner = `target."cfg(all())".runner=${JSON.stringify(['sh', plan.runner])}`;
  const selects = [...new Set(wanted.map((t) => JSON.stringify(t.select)))].flatMap((s) => JSON.parse(s));
  try {
    const args = [
      ...plan.cargo.slice(1),
      ...sorted.cargo,
      ...choice,
      ...selects,
      '--no-fail-fast',
      '--message-format=json',
      '--config',
      runner,
    ];
    const result = await call(plan.cargo[0], args, { env: { ...CARGO_ENV, BATON_CARGO_DIR: dir } });
    return new Build(result, launches(dir));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function launches(dir) {
  const found = new Map();
  for (const name of readdirSync(dir)) {
    const [path, cwd, ...env] = readFileSync(join(dir, name), 'utf8').split('\0');
    const pairs = env.filter((e) => e !== '').map((e) => [e.slice(0, e.indexOf('=')), e.slice(e.indexOf('=') + 1)]);
    const theirs = pairs.filter(([key]) => !NOT_CARGOS.includes(key));
    const ours = NOT_CARGOS.flatMap((key) => (process.env[key] === undefined ? [] : [[key, process.env[key]]]));
    found.set(path, { path, cwd, env: Object.fromEntries([...theirs, ...ours]) });
  }
  return found;
}

class Build {
  constructor(result, started) {
    this.started = started;
    this.stderr = result.startError ?? result.stderr;
    this.executables = new Map();
    this.messages = new Map();
    for (const line of result.stdout.split('\n')) {
      if (!line.startsWith('{"reason":')) continue;
      const message = JSON.parse(line);
      if (message.reason === 'compiler-artifact' && message.executable && message.profile.test) {
        this.executables.set(targetKey(message.target), message.executable);
      } else if (message.reason === 'compiler-message' && message.message.level.startsWith('error')) {
        const key = targetKey(message.target);
        this.messages.set(key, (this.messages.get(key) ?? '') + message.message.rendered);
      }
    }
  }

  launchOf(target) {
    return this.started.get(this.executables.get(keyOf(target)));
  }

  ownErrorOf(target) {
    const error = this.messages.get(keyOf(target));
    return error === undefined ? undefined : { error };
  }

  everything() {
    return (
      [...this.messages.values()].join('\n') || this.stderr || 'cargo did not start this target and did not say why'
    );
  }
}

function targetKey(target) {
  const kind = ['bin', 'example', 'test', 'bench'].includes(target.kind[0]) ? target.kind[0] : 'lib';
  return target.src_path + kind + target.name;
}

// ---- processes

/** Runs a program. With `onLine` its output is handed on line by line and shown; otherwise it is collected. */
function call(command, args, { cwd = plan.dir, env = CARGO_ENV, onLine } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const lines = onLine && lineSplitter(onLine);
    const out = [];
    let errors = Buffer.alloc(0);
    child.stdout.on('data', (bytes) => {
      if (!lines) return out.push(bytes);
      process.stdout.write(bytes);
      lines.add(bytes);
    });
    child.stderr.on('data', (bytes) => {
      process.stderr.write(bytes);
      errors = Buffer.concat([errors, bytes]).subarray(-MAX_ERRORS);
    });
    child.on('error', (error) =>
      resolve({ code: null, signal: null, startError: error.message, stdout: '', stderr: '' }),
    );
    child.on('close', (code, signal) => {
      lines?.end();
      resolve({
        code,
        signal,
        startError: undefined,
        stdout: Buffer.concat(out).toString('utf8'),
        stderr: errors.toString('utf8'),
      });
    });
  });
}

function lineSplitter(onLine) {
  let rest = Buffer.alloc(0);
  const give = (bytes) => onLine(cut(bytes).toString('utf8').replace(/\r$/, ''));
  return {
    add(bytes) {
      let data = Buffer.concat([rest, bytes]);
      for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10)) {
        give(data.subarray(0, end));
        data = data.subarray(end + 1);
      }
      rest = cut(data);
    },
    end() {
      if (rest.length > 0) give(rest);
    },
  };
}

/** Both ends of a long line: a test's name may stand at the start, its status stands at the end. */
const cut = (bytes) =>
  bytes.length <= MAX_LINE ? bytes : Buffer.concat([bytes.subarray(0, MAX_LINE / 2), bytes.subarray(-MAX_LINE / 2)]);

process.exitCode = mode === 'list' ? await list() : await run();
