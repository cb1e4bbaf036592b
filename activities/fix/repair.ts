/** One repair from failing tests to a verified patch: locate, make candidates, gate, search, tournament. */
import type { Candidate } from '../../domain/fix/candidate.schema.js';
import { DiffRefused, parseDiff } from '../../domain/fix/diff.js';
import { gatePatch } from '../../domain/fix/gate.js';
import { redAt } from '../../domain/fix/judge.js';
import type { RepairReport, Trialled } from '../../domain/fix/report.schema.js';
import { lineAt, lineStarts, type Suspicion } from '../../domain/fix/suspicion.js';
import { displayName } from '../../domain/identity.js';
import type { RepairCase, RepairDeps } from './deps.js';
import { localise, testPaths } from './localise.js';
import { readText } from './patched-tree.js';
import { type FilesRun, runFiles } from './run-files.js';
import { search } from './search.js';
import type { Variant } from './sieve.js';
import { Tournament } from './tournament.js';

export interface Proposed {
  readonly candidates: readonly Candidate[];
  readonly located: RepairReport['located'];
  readonly suspects: RepairReport['suspects'];
}

/** Where the fault may be, and what would mend it, best first. */
export async function propose(deps: RepairDeps, given: RepairCase): Promise<Proposed> {
  const { suspicion, files } = await localise(deps, given);
  const candidates = deps.repair.generate({ files, suspicion, limit: given.limits.candidates });
  return { candidates, located: suspicion.how, suspects: suspectsOf(suspicion, files, candidates) };
}

export interface Tried extends Pick<RepairReport, 'failing' | 'refused' | 'tried' | 'timeouts' | 'survivors'> {
  /** Why nothing was tried. */
  readonly stopped: Pick<RepairReport, 'outcome' | 'sentence'> | null;
}

/** Through the gate, into the checkout, and the failing tests once with each. */
export async function tryAll(deps: RepairDeps, given: RepairCase, candidates: readonly Candidate[]): Promise<Tried> {
  const [first, again] = [await once(deps, given), await once(deps, given)];
  const base = { failing: failingOf(again), refused: [], tried: 0, timeouts: 0, survivors: [] };
  const why = notTheSame(first, again);
  if (why) return { ...base, stopped: why };
  const { variants, refused } = await gated(given, candidates);
  if (variants.length === 0) {
    const sentence =
      candidates.length === 0 ? 'Nothing was found that could be changed.' : 'No candidate came through the gate.';
    return { ...base, refused, stopped: { outcome: 'nothing to change', sentence } };
  }
  const found = await search(deps, { given, base: again.seen, baseMs: again.durationMs, variants });
  const byId = new Map(candidates.map((candidate) => [candidate.id, candidate]));
  const survivors = found.survivors.slice(0, 50).map((id) => byId.get(id)!);
  return { ...base, refused, tried: found.tried, timeouts: found.timeouts, survivors, stopped: null };
}

/** The tournament, best first, until one is verified. Gated again: what comes here may come from anywhere. */
export async function verifyAll(
  deps: RepairDeps,
  given: RepairCase,
  survivors: readonly Candidate[],
  rankOf: (candidate: Candidate) => number,
): Promise<{ finalists: readonly Trialled[]; winner: Trialled | undefined }> {
  const base = await once(deps, given);
  const { variants } = await gated(given, survivors.slice(0, given.limits.finalists));
  const tournament = new Tournament(deps, given, base.seen, base.durationMs);
  const finalists: Trialled[] = [];
  for (const { id, changes } of variants) {
    const candidate = survivors.find((each) => each.id === id)!;
    const shown = await tournament.of(candidate, changes, rankOf(candidate));
    const trialled = { ...shown, refuted: shown.refuted ?? (hasRival(candidate, survivors) ? AMBIGUOUS : null) };
    finalists.push(trialled);
    if (trialled.refuted === null) return { finalists, winner: trialled };
  }
  return { finalists, winner: undefined };
}

const AMBIGUOUS = 'other values at the same place pass the same tests, so the tests do not tell which is right';

/** Of two values that both make the tests pass, at most one is right. */
const hasRival = ({ id, kind, file, line }: Candidate, survivors: readonly Candidate[]): boolean =>
  kind === 'constant' &&
  survivors.some((other) => other.id !== id && other.kind === kind && other.file === file && other.line === line);

/** Everything at once. Without `candidates`, templates make them. */
export async function repair(
  deps: RepairDeps,
  given: RepairCase & { readonly candidates?: readonly Candidate[] | undefined },
): Promise<RepairReport> {
  const began = performance.now();
  const proposed = given.candidates
    ? { candidates: given.candidates, located: null, suspects: [] }
    : await propose(deps, given);
  const { candidates } = proposed;
  const tried = await tryAll(deps, given, candidates);
  const place = new Map(candidates.map(({ id }, i) => [id, i + 1]));
  const { finalists, winner } =
    tried.survivors.length > 0
      ? await verifyAll(deps, given, tried.survivors, ({ id }) => place.get(id) ?? 0)
      : { finalists: [], winner: undefined };
  return reportOf(proposed, tried, finalists, winner, performance.now() - began);
}

export function reportOf(
  {
    candidates,
    located,
    suspects,
  }: Omit<Proposed, 'candidates'> & { readonly candidates: { readonly length: number } },
  { stopped, ...tried }: Tried,
  finalists: readonly Trialled[],
  winner: Trialled | undefined,
  durationMs: number,
): RepairReport {
  const ended: Pick<RepairReport, 'outcome' | 'sentence'> = stopped
    ? stopped
    : winner
      ? {
          outcome: 'verified',
          sentence: `Candidate ${winner.rank} of ${candidates.length} is verified: ${winner.candidate.title}.`,
        }
      : { outcome: 'none', sentence: `${tried.tried} candidates were tried, and none was verified.` };
  return {
    version: 1,
    ...ended,
    ...tried,
    located,
    suspects,
    candidates: candidates.length,
    finalists: [...finalists],
    winner: winner?.candidate.id ?? null,
    rivals: [],
    durationMs: Math.round(durationMs),
  };
}

/** The failing files as they are. */
const once = (deps: RepairDeps, given: RepairCase): Promise<FilesRun> =>
  runFiles(deps, {
    execution: given.execution,
    root: given.roots[0]!,
    trust: given.trust,
    groups: given.failing,
    timeoutMs: given.limits.runMs,
    signal: given.signal,
  });

function failingOf({ rows }: FilesRun): RepairReport['failing'] {
  return rows
    .filter((row) => row.status === 'failed')
    .slice(0, 100)
    .map(({ suite, file, path, params }) => ({ suite, file, test: displayName(path, params).slice(0, 500) }));
}

/** The failure must be there, and be the same each time. */
function notTheSame(
  first: FilesRun,
  second: FilesRun,
): { outcome: 'not reproduced' | 'flaky'; sentence: string } | undefined {
  const [a, b] = [redAt(first.seen), redAt(second.seen)];
  const hangs = [first, second].every((run) => run.seen.outcome === 'timeout');
  if (a.size === 0 && b.size === 0 && !hangs)
    return {
      outcome: 'not reproduced',
      sentence: 'The failing tests pass at this commit, so there is nothing to mend.',
    };
  if (!hangs && (a.size !== b.size || [...a].some((test) => !b.has(test))))
    return { outcome: 'flaky', sentence: 'The tests do not fail in the same way twice; a fix could not be verified.' };
  return undefined;
}

function suspectsOf(
  suspicion: Suspicion,
  files: ReadonlyMap<string, string>,
  candidates: readonly Candidate[],
): RepairReport['suspects'] {
  const seen = new Map<string, { file: string; line: number; suspicion: number }>();
  for (const { file, line, suspicion: share } of candidates)
    if (!seen.has(`${file}:${line}`))
      seen.set(`${file}:${line}`, { file, line, suspicion: Math.round(share * 1000) / 1000 });
  if (seen.size === 0)
    for (const [file, text] of files) {
      const starts = lineStarts(text);
      seen.set(file, { file, line: lineAt(starts, 0), suspicion: suspicion.at(file, 0) });
    }
  return [...seen.values()].sort((a, b) => b.suspicion - a.suspicion).slice(0, 20);
}

async function gated(
  given: RepairCase,
  candidates: readonly Candidate[],
): Promise<{ variants: Variant[]; refused: RepairReport['refused'] }> {
  const root = given.roots[0]!;
  const tests = new Set([...given.all, ...given.failing].flatMap(testPaths));
  const failing = await Promise.all(given.failing.flatMap(testPaths).map((path) => readText(root, path)));
  const texts = new Map<string, string | undefined>();
  const variants: Variant[] = [];
  const refused: RepairReport['refused'] = [];
  for (const { id, diff } of candidates) {
    for (const path of pathsOf(diff)) if (!texts.has(path)) texts.set(path, await readText(root, path));
    const gate = gatePatch(diff, {
      text: (path) => texts.get(path),
      tests,
      failing: failing.filter((text) => text !== undefined),
      limits: given.limits.gate,
    });
    if (gate.ok) variants.push({ id, changes: gate.files.map(({ path, after }) => ({ path, text: after })) });
    else if (refused.length < 200) refused.push({ id, ...gate.refusals[0]! });
  }
  return { variants, refused };
}

/** Only to read what may be asked for; the gate decides. */
function pathsOf(diff: string): string[] {
  try {
    return parseDiff(diff)
      .map(({ path }) => path)
      .filter((path) => !path.includes('..') && !path.startsWith('/'));
  } catch (error) {
    if (error instanceof DiffRefused) return [];
    throw error;
  }
}
