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

export interface RepairInput extends RepairCase {
  /** Candidates from elsewhere, such as a model's, best first. Absent: templates make them. */
  readonly candidates?: readonly Candidate[] | undefined;
}

type Report = Omit<RepairReport, 'durationMs' | 'version' | 'outcome' | 'sentence'>;

export async function repair(deps: RepairDeps, input: RepairInput): Promise<RepairReport> {
  const began = performance.now();
  const report: { -readonly [K in keyof Report]: Report[K] } = {
    failing: [],
    located: null,
    suspects: [],
    candidates: 0,
    refused: [],
    tried: 0,
    timeouts: 0,
    survivors: [],
    finalists: [],
    winner: null,
    rivals: [],
  };
  const end = (outcome: RepairReport['outcome'], sentence: string): RepairReport => ({
    version: 1,
    outcome,
    sentence,
    ...report,
    durationMs: Math.round(performance.now() - began),
  });

  const { suspicion, files, run } = await localise(deps, input);
  const again = await runFiles(deps, {
    execution: input.execution,
    root: input.roots[0]!,
    trust: input.trust,
    groups: input.failing,
    timeoutMs: input.limits.runMs,
    signal: input.signal,
  });
  report.failing = failingOf(again);
  report.located = suspicion.how;
  const why = notTheSame(run, again);
  if (why) return end(why.outcome, why.sentence);

  const candidates = input.candidates ?? deps.repair.generate({ files, suspicion, limit: input.limits.candidates });
  report.candidates = candidates.length;
  report.suspects = suspectsOf(suspicion, files, candidates);
  const variants = await gated(input, candidates, report);
  if (variants.length === 0) return end('nothing to change', 'No candidate came through the gate.');

  const found = await search(deps, { given: input, base: again.seen, baseMs: again.durationMs, variants });
  report.tried = found.tried;
  report.timeouts = found.timeouts;
  const byId = new Map(candidates.map((candidate) => [candidate.id, candidate]));
  report.survivors = found.survivors.map((id) => byId.get(id)!).slice(0, 50);

  const tournament = new Tournament(deps, input, again.seen, again.durationMs);
  const finalists: Trialled[] = [];
  for (const id of found.survivors.slice(0, input.limits.finalists)) {
    const rank = candidates.findIndex((candidate) => candidate.id === id) + 1;
    const trialled = await tournament.of(byId.get(id)!, variants.find((v) => v.id === id)!.changes, rank);
    finalists.push(trialled);
    if (trialled.refuted === null) break;
  }
  report.finalists = finalists;
  const winner = finalists.find(({ refuted }) => refuted === null);
  if (!winner) return end('none', `${found.tried} candidates were tried, and none was verified.`);
  report.winner = winner.candidate.id;
  return end('verified', `Candidate ${winner.rank} of ${candidates.length} is verified: ${winner.candidate.title}.`);
}

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
  input: RepairInput,
  candidates: readonly Candidate[],
  report: Pick<Report, 'refused'>,
): Promise<Variant[]> {
  const root = input.roots[0]!;
  const tests = new Set([...input.all, ...input.failing].flatMap(testPaths));
  const failing = await Promise.all(input.failing.flatMap(testPaths).map((path) => readText(root, path)));
  const texts = new Map<string, string | undefined>();
  const variants: Variant[] = [];
  for (const { id, diff } of candidates) {
    for (const path of pathsOf(diff)) if (!texts.has(path)) texts.set(path, await readText(root, path));
    const gate = gatePatch(diff, {
      text: (path) => texts.get(path),
      tests,
      failing: failing.filter((text) => text !== undefined),
      limits: input.limits.gate,
    });
    if (gate.ok) variants.push({ id, changes: gate.files.map(({ path, after }) => ({ path, text: after })) });
    else if (report.refused.length < 200) report.refused.push({ id, ...gate.refusals[0]! });
  }
  return variants;
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
