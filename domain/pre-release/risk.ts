/**
 * Risk of a change by rules that can be read: where its files lie, how often they change, how earlier changes to their
 * directories ended, how large it is. The score orders changes; it is not a probability, and says so.
 */
import { z } from 'zod';
import type { Area } from './areas.js';
import { higher, TIERS } from './areas.js';
import type { Change, ChangedFile } from './change.schema.js';
import { RiskTier } from './settings.schema.js';

/** How earlier changes to a directory ended. */
export interface PastOfDirectory {
  readonly directory: string;
  readonly changes: number;
  readonly red: number;
}

export const FileRisk = z.object({
  path: z.string(),
  area: z.string(),
  tier: RiskTier,
  /** 0 to 1, the sum of the terms. */
  score: z.number(),
  terms: z.object({ area: z.number(), churn: z.number(), past: z.number(), size: z.number() }),
});
export type FileRisk = z.infer<typeof FileRisk>;

export const DirectoryRisk = z.object({
  directory: z.string(),
  score: z.number(),
  files: z.int(),
  churn: z.int(),
  changes: z.int(),
  red: z.int(),
});
export type DirectoryRisk = z.infer<typeof DirectoryRisk>;

export const Risk = z.object({
  version: z.literal(1),
  method: z.literal('rules-1'),
  tier: RiskTier,
  score: z.number(),
  /** One sentence each, the weightiest first. */
  reasons: z.array(z.string()),
  components: z.array(z.string()),
  /** The riskiest files, at most 200. */
  files: z.array(FileRisk),
  /** At most five, with the evidence. */
  directories: z.array(DirectoryRisk),
});
export type Risk = z.infer<typeof Risk>;

const AREA_TERM: Record<RiskTier, number> = { critical: 0.6, high: 0.45, medium: 0.3, low: 0.1 };
const CHURN_TERM = 0.15;
/** So many commits in 90 days count in full. */
const CHURN_FULL = 20;
const PAST_TERM = 0.15;
/** Earlier changes below which their share of red ones says little: it is drawn towards none. */
const PAST_PRIOR = 4;
const SIZE_TERM = 0.1;
/** So many changed lines count in full; less on a logarithmic scale. */
const SIZE_FULL = 1000;
const MAX_FILES = 200;

export function riskOf(
  change: Pick<Change, 'files' | 'filesCut'>,
  areaOf: (path: string) => Area,
  past: readonly PastOfDirectory[],
): Risk {
  const pasts = new Map(past.map((each) => [each.directory, each]));
  const files = change.files.map((file) => fileRisk(file, areaOf(file.path), pasts.get(directoryOf(file.path))));
  files.sort((a, b) => b.score - a.score || (a.path < b.path ? -1 : 1));
  const tier = files.reduce<RiskTier>((found, file) => higher(found, file.tier), 'low');
  return {
    version: 1,
    method: 'rules-1',
    tier,
    score: files[0]?.score ?? 0,
    reasons: reasons(change, files, pasts),
    components: [...new Set(files.map((file) => `${file.area}: ${directoryOf(file.path)}`))].slice(0, 50),
    files: files.slice(0, MAX_FILES),
    directories: directories(change.files, files, pasts),
  };
}

function fileRisk(file: ChangedFile, area: Area, past: PastOfDirectory | undefined): FileRisk {
  const lines = (file.added ?? 0) + (file.deleted ?? 0);
  const terms = {
    area: AREA_TERM[area.tier],
    churn: round(CHURN_TERM * Math.min(1, file.churn / CHURN_FULL)),
    past: round(past ? (PAST_TERM * past.red) / (past.changes + PAST_PRIOR) : 0),
    size: round(SIZE_TERM * Math.min(1, Math.log1p(lines) / Math.log1p(SIZE_FULL))),
  };
  const score = round(terms.area + terms.churn + terms.past + terms.size);
  return { path: file.path, area: area.name, tier: area.tier, score, terms };
}

function reasons(
  change: Pick<Change, 'files' | 'filesCut'>,
  files: readonly FileRisk[],
  pasts: ReadonlyMap<string, PastOfDirectory>,
): string[] {
  if (files.length === 0) return ['nothing was changed that could be seen'];
  const found: string[] = [];
  for (const tier of TIERS) {
    const of = files.filter((file) => file.tier === tier);
    if (of.length === 0) continue;
    const areas = [...new Set(of.map((file) => file.area))].slice(0, 3).join(', ');
    found.push(`${tier}: ${counted(of.length, 'file')} of ${areas}, such as ${of[0]!.path}`);
  }
  const busiest = [...change.files].sort((a, b) => b.churn - a.churn)[0]!;
  if (busiest.churn >= CHURN_FULL / 4)
    found.push(`${busiest.path} was changed by ${counted(busiest.churn, 'commit')} in 90 days`);
  const red = [...new Set(change.files.map((file) => directoryOf(file.path)))]
    .flatMap((directory) => pasts.get(directory) ?? [])
    .filter((each) => each.red > 0)
    .sort((a, b) => b.red / b.changes - a.red / a.changes)[0];
  if (red) found.push(`${red.red} of the last ${counted(red.changes, 'change')} to ${red.directory} ended red`);
  if (change.filesCut > 0) found.push(`${change.filesCut} more files were not looked at`);
  return found;
}

function directories(
  changed: readonly ChangedFile[],
  files: readonly FileRisk[],
  pasts: ReadonlyMap<string, PastOfDirectory>,
): DirectoryRisk[] {
  const scores = new Map(files.map((file) => [file.path, file.score]));
  const all = new Map<string, DirectoryRisk>();
  for (const { path, churn } of changed) {
    const directory = directoryOf(path);
    const { changes = 0, red = 0 } = pasts.get(directory) ?? {};
    const so = all.get(directory) ?? { directory, score: 0, files: 0, churn: 0, changes, red };
    const score = Math.max(so.score, scores.get(path) ?? 0);
    all.set(directory, { ...so, score, files: so.files + 1, churn: so.churn + churn });
  }
  return [...all.values()].sort((a, b) => b.score - a.score || (a.directory < b.directory ? -1 : 1)).slice(0, 5);
}

/** `.` for a file at the top. */
export const directoryOf = (path: string): string => path.split('/').slice(0, -1).join('/') || '.';
const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
const round = (value: number): number => Math.round(value * 1000) / 1000;
