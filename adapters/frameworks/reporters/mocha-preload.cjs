/**
 * Loaded by `mocha --require` before the tests. Mocha merges the files of its command line with those of its
 * configuration, and gives up altogether when one file does not load. Here exactly the files of the batch are kept, and a
 * file that does not load becomes a red result of that file while the others run. With BATON_LIST set nothing is loaded:
 * the files mocha would have run are printed behind that word on a line of their own.
 */
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { emit, readBatch, describeError } = require('./event-file.cjs');

const Mocha = loadMocha(process.env.BATON_MOCHA);
const loadFilesAsync = Mocha.prototype.loadFilesAsync;
const run = Mocha.prototype.run;

/** The class of the very instance that is running, so by path and not by name. Mocha 12 renamed the file. */
function loadMocha(dir) {
  const found = ['lib/mocha.js', 'lib/mocha.cjs']
    .map((name) => path.join(dir, name))
    .find((file) => fs.existsSync(file));
  if (!found) throw new Error(`no lib/mocha.js in ${dir}: is mocha installed completely?`);
  return require(found);
}

/** `--file` arguments are set-up that belongs to every run, not tests that were asked for. */
const setupFiles = (mocha) => new Set([].concat(mocha.options.file || []).map((file) => path.resolve(file)));

function printList(mocha) {
  const setup = setupFiles(mocha);
  const files = mocha.files.map((file) => path.resolve(file)).filter((file) => !setup.has(file));
  return new Promise(() =>
    process.stdout.write(`\n${process.env.BATON_LIST}${JSON.stringify(files)}\n`, () => process.exit(0)),
  );
}

function narrow(mocha) {
  const setup = setupFiles(mocha);
  const batch = readBatch();
  const files = [...new Set(mocha.files.map((file) => path.resolve(file)))];
  mocha.files = files.filter((file) => setup.has(file) || batch.nameOf(file) !== undefined);
  return batch;
}

Mocha.prototype.loadFilesAsync = async function load(...args) {
  if (process.env.BATON_LIST) return printList(this);
  const batch = narrow(this);
  const files = this.files;
  try {
    for (const file of files) await loadOne(this, batch.nameOf(file), file, args);
  } finally {
    this.files = files;
  }
};

async function loadOne(mocha, name, file, args) {
  mocha.files = [file];
  const before = snapshot(mocha.suite);
  try {
    await loadFilesAsync.apply(mocha, args);
    claimHooks(mocha.suite, before, file);
  } catch (error) {
    if (name === undefined) throw error;
    restore(mocha.suite, before);
    const { message, stack } = describeError(error, file);
    const shown = error instanceof SyntaxError || !message ? String((stack || message).split('\n    at ')[0]) : message;
    emit({ e: 'file-start', file: name, at: Date.now() });
    emit({ e: 'file-end', file: name, status: 'failed', tests: 0, message: shown, stack });
    fs.appendFileSync(process.env.BATON_LOAD_FAILURES, `${JSON.stringify(name)}\n`);
  }
}

const LISTS = ['suites', 'tests', '_beforeEach', '_beforeAll', '_afterEach', '_afterAll'];
const snapshot = (suite) => LISTS.map((list) => suite[list].length);

/** Mocha does not remember where a hook of the root suite comes from; its failure belongs to that file. */
function claimHooks(suite, lengths, file) {
  for (const [index, list] of LISTS.entries()) {
    if (list.startsWith('_')) for (const hook of suite[list].slice(lengths[index])) hook.file ??= file;
  }
}

/** What a file had registered before it broke must not run: half a file is no file. */
function restore(suite, lengths) {
  for (const [index, list] of LISTS.entries()) suite[list].length = lengths[index];
}

/** In parallel mode the main process loads nothing; its workers do, one file at a time. */
Mocha.prototype.run = function start(...args) {
  if (this.options.parallel && process.env.BATON_LIST) return void printList(this);
  if (this.options.parallel) narrow(this);
  return run.apply(this, args);
};
