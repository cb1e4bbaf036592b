/**
 * Which of two commits of a branch is the newer one, from what their pushes said and not from when they arrived: a push
 * names the head before it, and its time. Where neither tells, nobody knows, and nothing is superseded.
 */
export interface Pushed {
  readonly commit: string;
  readonly before: string | null;
  readonly at: number | null;
}

/** Commits of the lane that are known to be newer, and to be older, than `own`. */
export function around<T extends Pushed>(own: Pushed, others: readonly T[]): { newer: T[]; older: T[] } {
  const all = new Map([...others, own].map((each) => [each.commit, each]));
  const newer: T[] = [];
  const older: T[] = [];
  for (const other of others) {
    if (other.commit === own.commit) continue;
    const order = compare(own, other, all);
    if (order < 0) newer.push(other);
    if (order > 0) older.push(other);
  }
  return { newer, older };
}

function compare(a: Pushed, b: Pushed, all: ReadonlyMap<string, Pushed>): number {
  if (follows(a, b, all)) return 1;
  if (follows(b, a, all)) return -1;
  return a.at === null || b.at === null ? 0 : Math.sign(a.at - b.at);
}

/** Whether the heads before `later` lead to `earlier`. A branch that was set back makes a circle: each is looked at once. */
function follows(later: Pushed, earlier: Pushed, all: ReadonlyMap<string, Pushed>): boolean {
  const seen = new Set<string>();
  for (let at: Pushed | undefined = later; at?.before && !seen.has(at.commit); at = all.get(at.before)) {
    if (at.before === earlier.commit) return true;
    seen.add(at.commit);
  }
  return false;
}
