/**
 * What the reporters share: writing whole lines to the file named by BATON_EVENTS, and the list of files that were asked
 * for. Plain CommonJS without dependencies, because it runs inside the project's own framework, whatever its version.
 *
 * The file is opened for appending and every line is one synchronous write, so a process that is killed at any moment
 * leaves whole lines, and several processes can write to one file.
 */
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { inspect } = require('node:util');

/** Characters kept of each text field; the reader cuts further. A line stays below 256 KB. */
const FIELD_CHARS = 32 * 1024;
const TIGHT_CHARS = 4 * 1024;
const LINE_BYTES = 240 * 1024;

let fd;

function emit(event) {
  fd ??= fs.openSync(required('BATON_EVENTS'), 'a');
  let bytes = encode(event, FIELD_CHARS);
  if (bytes.length > LINE_BYTES) bytes = encode(event, TIGHT_CHARS);
  for (let done = 0; done < bytes.length; ) done += fs.writeSync(fd, bytes, done);
}

function encode(event, maxChars) {
  const limited = (key, value) =>
    typeof value === 'string' && value.length > maxChars && key !== 'file' ? cut(value, maxChars) : value;
  return Buffer.from(`${JSON.stringify(event, limited)}\n`);
}

function cut(text, maxChars) {
  const head = Math.floor(maxChars * 0.4);
  const tail = maxChars - head - 60;
  return `${text.slice(0, head)}\n… ${text.length - head - tail} characters cut …\n${text.slice(-tail)}`;
}

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: this reporter only works when Baton starts the tests`);
  return value;
}

/** `{ dir, files }` as the adapter wrote them: the suite's directory and the files of this batch, relative to it. */
function readBatch() {
  const { dir, files } = JSON.parse(fs.readFileSync(required('BATON_BATCH'), 'utf8'));
  const root = realpath(dir);
  const wanted = new Map();
  for (const file of files) {
    wanted.set(path.resolve(dir, file), file);
    wanted.set(realpath(path.resolve(root, file)), file);
  }
  return {
    dir,
    files,
    /** The name under which a file was asked for, or undefined when nobody asked for it. */
    nameOf(absolute) {
      if (!absolute) return undefined;
      const plain = path.normalize(absolute);
      return wanted.get(plain) ?? wanted.get(realpath(plain));
    },
  };
}

const realpaths = new Map();
function realpath(file) {
  let real = realpaths.get(file);
  if (real === undefined) {
    try {
      real = fs.realpathSync(file);
    } catch {
      real = file;
    }
    realpaths.set(file, real);
  }
  return real;
}

/** Collects captured output up to the limit of a field, and counts what does not fit. */
class Output {
  constructor() {
    this.text = '';
    this.lost = 0;
  }
  add(text) {
    const room = FIELD_CHARS - 200 - this.text.length;
    this.text += text.slice(0, room);
    this.lost += Math.max(0, text.length - room);
  }
  toJSON() {
    if (this.text === '') return undefined;
    return this.lost > 0 ? `${this.text}\n… ${this.lost} characters cut …` : this.text;
  }
}

function show(value) {
  if (value === undefined) return undefined;
  if (typeof value === 'string') return value;
  try {
    return inspect(value, { depth: 6, maxArrayLength: 200, maxStringLength: 8192, breakLength: 100, sorted: true });
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/**
 * Message, stack, expected and actual of anything that was thrown, which need not be an Error. `file` is the absolute
 * path of the test file: its first mention in the stack gives line and column.
 */
function describeError(error, file) {
  if (error === null || typeof error !== 'object') return { message: `thrown: ${show(error)}` };
  const message = String(error.message || error.name || show(error));
  const stack = typeof error.stack === 'string' ? error.stack : undefined;
  const compared = 'expected' in error || 'actual' in error;
  return {
    message,
    stack: withCause(stack, error.cause),
    ...(compared ? { expected: show(error.expected), actual: show(error.actual) } : {}),
    ...locate(stack, file),
  };
}

function withCause(stack, cause) {
  if (!cause || typeof cause !== 'object' || typeof cause.stack !== 'string') return stack;
  return `${stack ?? ''}\n[cause]: ${cause.stack}`;
}

function locate(stack, file) {
  if (!stack || !file) return {};
  // Mocha shortens the paths in its stacks.
  const names = [file.replace(/\\/g, '/'), realpath(file), path.relative(process.cwd(), file)];
  for (const name of names) {
    const from = stack.indexOf(`${name}:`);
    if (from < 0) continue;
    const found = /^:(\d+)(?::(\d+))?/.exec(stack.slice(from + name.length));
    if (found) return { line: Number(found[1]), ...(found[2] ? { column: Number(found[2]) } : {}) };
  }
  return {};
}

module.exports = { emit, readBatch, Output, describeError, locate, show };
