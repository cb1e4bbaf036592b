/**
 * Replaces secrets in a stream of bytes. A secret may be split over chunks, so the end of a chunk that could be the
 * beginning of a secret is held back; nothing else is, so progress stays visible. Overlapping secrets are masked as one.
 */

const STARS = Buffer.from('***');
/** Shorter pieces of a base64 form would hit ordinary words. */
const MIN_BASE64 = 6;

interface Interval {
  readonly start: number;
  readonly end: number;
}

/** The secret inside a longer text that was base64-encoded: three alignments, without the characters neighbours change. */
function base64Cores(secret: Buffer): string[] {
  return [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), secret])
      .toString('base64')
      .replaceAll('=', '');
    const stable = Math.floor(((offset + secret.length) * 8) / 6);
    return encoded.slice(Math.ceil((offset * 8) / 6), stable);
  });
}

/** Every form in which a secret is looked for: as it is, percent-encoded, in base64 and base64url. */
export function secretForms(secrets: readonly string[]): Buffer[] {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret === '') continue;
    forms.add(secret);
    forms.add(encodeURIComponent(secret.toWellFormed()));
    const cores = base64Cores(Buffer.from(secret)).filter((core) => core.length >= MIN_BASE64);
    for (const core of cores) {
      forms.add(core);
      forms.add(core.replaceAll('+', '-').replaceAll('/', '_'));
    }
  }
  return [...forms].map((form) => Buffer.from(form));
}

function merged(intervals: Interval[]): Interval[] {
  const sorted = intervals.sort((a, b) => a.start - b.start);
  const result: Interval[] = [];
  for (const next of sorted) {
    const last = result.at(-1);
    if (last && next.start < last.end)
      result[result.length - 1] = { start: last.start, end: Math.max(last.end, next.end) };
    else result.push(next);
  }
  return result;
}

function occurrences(bytes: Buffer, form: Buffer): Interval[] {
  const found: Interval[] = [];
  for (let at = bytes.indexOf(form); at !== -1; at = bytes.indexOf(form, at + 1))
    found.push({ start: at, end: at + form.length });
  return found;
}

/** Length of the longest end of `bytes` with which a secret may begin. */
function openEnd(bytes: Buffer, forms: readonly Buffer[]): number {
  let longest = 0;
  for (const form of forms) {
    for (let length = Math.min(form.length - 1, bytes.length); length > longest; length -= 1) {
      if (
        bytes[bytes.length - length] === form[0] &&
        bytes.subarray(bytes.length - length).equals(form.subarray(0, length))
      ) {
        longest = length;
        break;
      }
    }
  }
  return longest;
}

export class Masker {
  readonly #forms: readonly Buffer[];
  #held: Buffer = Buffer.alloc(0);
  /** How many of the held bytes belong to a secret whose stars are out already. */
  #covered = 0;

  constructor(secrets: readonly string[]) {
    this.#forms = secretForms(secrets);
  }

  /** Takes the next bytes and returns what can be shown now. */
  push(chunk: Buffer): Buffer {
    return this.#forms.length === 0 ? chunk : this.#release(Buffer.concat([this.#held, chunk]), false);
  }

  /** What was held back at the end of the stream. */
  end(): Buffer {
    return this.#forms.length === 0 ? Buffer.alloc(0) : this.#release(this.#held, true);
  }

  #release(bytes: Buffer, last: boolean): Buffer {
    const found = this.#forms.flatMap((form) => occurrences(bytes, form));
    if (this.#covered > 0) found.push({ start: 0, end: this.#covered });
    const cut = last ? bytes.length : bytes.length - openEnd(bytes, this.#forms);
    const shown: Buffer[] = [];
    let at = this.#covered;
    for (const { start, end } of merged(found)) {
      if (start >= cut) break;
      shown.push(bytes.subarray(at, start));
      if (start > 0 || this.#covered === 0) shown.push(STARS);
      at = end;
    }
    if (at < cut) shown.push(bytes.subarray(at, cut));
    this.#covered = Math.max(0, at - cut);
    this.#held = Buffer.from(bytes.subarray(cut));
    return Buffer.concat(shown);
  }
}
