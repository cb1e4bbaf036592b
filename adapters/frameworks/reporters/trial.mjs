/**
 * The sieve of fixes: tries many variants of source files against test files of node:test, each in a thread with modules
 * of its own, which costs a tenth of a process. What comes through is run again by the real framework; nothing of this is
 * believed. Reads variants as JSON lines from BATON_TRIAL, writes `{id, outcome, ms}` lines to BATON_EVENTS.
 */
import fs from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

if (isMainThread) await main();
else await import(pathToFileURL(workerData.file).href);

async function main() {
  const { root, dir, files, timeoutMs, memoryMb } = JSON.parse(process.env.BATON_TRIAL_SETTINGS);
  const tests = files.map((file) => resolve(dir, file));
  const lines = fs.readFileSync(process.env.BATON_TRIAL, 'utf8').split('\n').filter(Boolean);
  for (const line of lines) {
    const { id, changes } = JSON.parse(line);
    const before = changes.map(({ path }) => fs.readFileSync(resolve(root, path)));
    const began = performance.now();
    let outcome = 'failed';
    try {
      for (const { path, text } of changes) fs.writeFileSync(resolve(root, path), text);
      outcome = await tryAll(tests, timeoutMs, memoryMb);
    } finally {
      changes.forEach(({ path }, i) => {
        fs.writeFileSync(resolve(root, path), before[i]);
      });
    }
    const ms = Math.round(performance.now() - began);
    fs.appendFileSync(process.env.BATON_EVENTS, `${JSON.stringify({ id, outcome, ms })}\n`);
  }
  process.exit(0);
}

async function tryAll(tests, timeoutMs, memoryMb) {
  for (const file of tests) {
    const outcome = await tryOne(file, timeoutMs, memoryMb);
    if (outcome !== 'passed') return outcome;
  }
  return 'passed';
}

function tryOne(file, timeoutMs, memoryMb) {
  return new Promise((done) => {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const worker = new Worker(new URL(import.meta.url), {
      workerData: { file },
      env,
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: memoryMb },
    });
    let outcome;
    const end = (name) => {
      outcome ??= name;
      void worker.terminate();
    };
    const timer = setTimeout(() => end('timeout'), timeoutMs);
    // The first failed test is enough.
    worker.stdout.on('data', (chunk) => {
      if (/^\s*(?:not ok |✖ )/m.test(String(chunk))) end('failed');
    });
    worker.stderr.resume();
    worker.on('error', () => end('failed'));
    worker.on('exit', (code) => {
      clearTimeout(timer);
      done(outcome ?? (code === 0 ? 'passed' : 'failed'));
    });
  });
}
