/** A change that might mend a failure: what it is, where it is, and why it stands where it stands in the order. */
import { z } from 'zod';

/** What kind of slip a candidate would undo. `other`: a model's patch that says no kind. */
export const DEFECTS = [
  'comparison',
  'arithmetic',
  'assignment',
  'bounds',
  'variable',
  'arguments',
  'condition',
  'constant',
  'async',
  'return',
  'member',
  'null',
  'string',
  'call',
  'other',
] as const;

export const Defect = z.enum(DEFECTS).meta({ id: 'Defect' });
export type Defect = z.infer<typeof Defect>;

const share = z.number().min(0).max(1);

export const Candidate = z
  .strictObject({
    id: z.string().regex(/^[a-z]\d{1,6}$/),
    origin: z.enum(['template', 'model']),
    kind: Defect,
    title: z.string().max(200).describe('What it changes, in one line without any text of the project.'),
    diff: z.string().max(65_536).describe('Unified diff, paths relative to the repository.'),
    file: z.string().max(1024),
    line: z.int().min(1),
    suspicion: share.describe('How far failing tests, and only they, run this place.'),
    prior: share.describe('How often slips of this kind are the cause.'),
    closeness: share.describe('How near the new text is to the old one.'),
  })
  .meta({ id: 'FixCandidate' });
export type Candidate = z.infer<typeof Candidate>;

export const CandidateList = z
  .object({ version: z.literal(1), candidates: z.array(Candidate).max(5000) })
  .meta({ id: 'FixCandidates' });
export type CandidateList = z.infer<typeof CandidateList>;

export const scoreOf = ({
  suspicion,
  prior,
  closeness,
}: Pick<Candidate, 'suspicion' | 'prior' | 'closeness'>): number => suspicion * prior * closeness;

/** Best first; ties by file and place, so that the order is the same everywhere. */
export function ranked<T extends Pick<Candidate, 'suspicion' | 'prior' | 'closeness' | 'file' | 'line' | 'diff'>>(
  candidates: readonly T[],
): T[] {
  return [...candidates].sort(
    (a, b) =>
      scoreOf(b) - scoreOf(a) ||
      compare(a.file, b.file) ||
      a.line - b.line ||
      a.diff.length - b.diff.length ||
      compare(a.diff, b.diff),
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
