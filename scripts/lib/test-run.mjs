/** `npm test`: Vitest with its own output, and one line at the end that says how it went. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

/** How long Vitest gets to end after a signal. */
const GRACE_MS = 15_000;

/**
 * @param {{ root: string, args: readonly string[], env: NodeJS.ProcessEnv }} options
 * @returns {Promise<number>} exit code for this process
 */
export async function runTests(options) {
  const work = mkdtempSync(join(tmpdir(), 'baton-test-'));
  const report = join(work, 'report.json');
  // Everything below inherits this mark, so that what a killed test has left running can be found and ended.
  const mark = `BATON_TEST_MARK=${work}`;
  const args = [
    join(options.root, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...options.args,
  ];
  try {
    const env = { ...options.env, BATON_TEST_MARK: work };
    const ended = await waitFor(spawn(process.execPath, args, { cwd: options.root, stdio: 'inherit', env }));
    const left = endMarked(mark);
    if (left > 0) process.stdout.write(`${left} process(es) left behind by tests were ended.\n`);
    const { line, notes } = resultLine(existsSync(report) ? readFileSync(report, 'utf8') : null, ended.code);
    for (const note of notes) process.stdout.write(`${note}\n`);
    process.stdout.write(`${line}\n`);
    return ended.code;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * A terminal sends Ctrl-C to the child as well; a `kill` of this process does not reach it. So a signal is handed on
 * after a moment, if the child has not ended by then.
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<{ code: number }>}
 */
function waitFor(child) {
  return new Promise((resolve, reject) => {
    /** @type {NodeJS.Timeout[]} */
    const timers = [];
    const onSignal = (/** @type {NodeJS.Signals} */ signal) => {
      timers.push(
        setTimeout(() => child.kill(signal), 300),
        setTimeout(() => child.kill('SIGKILL'), GRACE_MS),
      );
    };
    const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
    for (const signal of signals) process.on(signal, onSignal);
    const clean = () => {
      for (const timer of timers) clearTimeout(timer);
      for (const signal of signals) process.removeListener(signal, onSignal);
    };
    child.once('error', (error) => {
      clean();
      reject(error);
    });
    child.once('exit', (code, signal) => {
      clean();
      resolve({ code: code ?? 128 + (signal ? (constants.signals[signal] ?? 0) : 0) });
    });
  });
}

/** Ends processes that carry the mark in their environment; where there is no /proc, nothing is known of them. @param {string} mark */
function endMarked(mark) {
  if (!existsSync('/proc/self/environ')) return 0;
  let ended = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    try {
      if (!readFileSync(`/proc/${name}/environ`, 'latin1').split('\0').includes(mark)) continue;
      process.kill(Number(name), 'SIGKILL');
      ended += 1;
    } catch {
      // Ended meanwhile, or somebody else's.
    }
  }
  return ended;
}

/**
 * @param {string | null} json Vitest's JSON report
 * @param {number} code Vitest's exit code
 * @returns {{ line: string, notes: string[] }} `N passed, N failed`, and what else must be said
 */
export function resultLine(json, code) {
  const report = parse(json);
  if (!report)
    return {
      line: '0 passed, 1 failed',
      notes: [`Vitest ended with exit code ${code} and left no report; counted as 1 failed.`],
    };
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  const notes = [
    ...report.testResults.flatMap((file) =>
      file.assertionResults
        .filter((test) => test.status === 'failed')
        .map((test) => `Failed: ${file.name} > ${test.fullName}: ${firstLine(test.failureMessages)}`),
    ),
    ...broken.map((file) => `${file.name} failed as a file; counted as 1 failed.`),
  ];
  let failed = report.numFailedTests + broken.length;
  if (failed === 0 && code !== 0) {
    notes.push(`Vitest ended with exit code ${code} though no test failed (see above); counted as 1 failed.`);
    failed = 1;
  }
  return { line: `${report.numPassedTests} passed, ${failed} failed`, notes };
}

/** @param {readonly string[] | undefined} messages */
const firstLine = (messages) => (messages?.[0] ?? 'no message').split('\n', 1)[0]?.slice(0, 300);

/** @typedef {{ status: string, fullName: string, failureMessages: string[] }} VitestTest */
/** @typedef {{ numPassedTests: number, numFailedTests: number, testResults: { name: string, status: string, assertionResults: VitestTest[] }[] }} VitestReport */

/** @param {string | null} json @returns {VitestReport | null} */
function parse(json) {
  try {
    const report = json === null ? null : JSON.parse(json);
    return Array.isArray(report?.testResults) ? report : null;
  } catch {
    return null;
  }
}
