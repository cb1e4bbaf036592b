/**
 * The patch gate. A diff that comes through changes a few lines of existing product code and shows none of the known ways
 * to make a test pass without mending anything. What it cannot see, the tournament does: `judge.ts`.
 */
import { applyDiff, DiffRefused, type FileDiff, parseDiff } from './diff.js';
import { pathRefusal } from './paths.js';
import { specialCase } from './special-case.js';
import { type Refusal, weakening } from './weakening.js';

export interface GateLimits {
  readonly files: number;
  /** Added and removed lines together. */
  readonly lines: number;
  readonly bytes: number;
}
export const GATE_LIMITS: GateLimits = { files: 5, lines: 200, bytes: 65_536 };

export interface GateInput {
  /** Text of a file of the commit; undefined when there is none, or it is no regular text file. */
  readonly text: (path: string) => string | undefined;
  /** Paths of test files as the plan names them, relative to the repository. */
  readonly tests: ReadonlySet<string>;
  /** Texts of the files whose tests fail. */
  readonly failing: readonly string[];
  readonly limits?: GateLimits;
}

export type Gated =
  | { readonly ok: true; readonly files: readonly GatedFile[] }
  | { readonly ok: false; readonly refusals: readonly Refusal[] };

export interface GatedFile {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

export function gatePatch(diff: string, input: GateInput): Gated {
  const limits = input.limits ?? GATE_LIMITS;
  if (diff.length > limits.bytes) return refused('size', `The patch has more than ${limits.bytes} characters.`);
  let files: FileDiff[];
  try {
    files = parseDiff(diff);
  } catch (error) {
    if (error instanceof DiffRefused) return refused('form', error.message);
    throw error;
  }
  const changed = files.flatMap((f) => f.hunks.flatMap((h) => h.lines)).filter((l) => l.kind !== 'same').length;
  if (files.length > limits.files)
    return refused('size', `The patch changes ${files.length} files, not at most ${limits.files}.`);
  if (changed > limits.lines)
    return refused('size', `The patch changes ${changed} lines, not at most ${limits.lines}.`);
  const refusals: Refusal[] = [];
  const gated: GatedFile[] = [];
  for (const file of files) {
    const path = pathRefusal(file.path, input.tests);
    if (path !== null) {
      refusals.push({ rule: 'path', message: `${file.path.slice(0, 200)} may not be changed: ${path}.` });
      continue;
    }
    refusals.push(...contentRefusals(file, input, gated));
  }
  return refusals.length > 0 ? { ok: false, refusals } : { ok: true, files: gated };
}

function contentRefusals(file: FileDiff, input: GateInput, gated: GatedFile[]): Refusal[] {
  const before = input.text(file.path);
  if (before === undefined)
    return [
      { rule: 'path', message: `${file.path.slice(0, 200)} may not be changed: the commit has no such text file.` },
    ];
  try {
    const after = applyDiff(before, file);
    if (after === before) return [{ rule: 'form', message: 'The patch changes nothing.' }];
    gated.push({ path: file.path, before, after });
  } catch (error) {
    if (error instanceof DiffRefused) return [{ rule: 'form', message: error.message }];
    throw error;
  }
  return [...weakening(file), ...specialCase(file, before, input.failing)].map(({ rule, message }) => ({
    rule,
    message: `${file.path.slice(0, 200)}: the patch ${message}.`,
  }));
}

const refused = (rule: string, message: string): Gated => ({ ok: false, refusals: [{ rule, message }] });
