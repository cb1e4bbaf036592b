/** What is wrong in a definition, and where: the path leads into the document as its author wrote it. */
export type Path = readonly (string | number)[];

export interface Mistake {
  readonly path: Path;
  /** One sentence that says what to do. */
  readonly message: string;
  /** Distance into the text at `path`, where the mistake is inside an expression. */
  readonly offset?: number;
}

/** Called for each mistake; nothing stops at the first. */
export type Complain = (path: Path, message: string, offset?: number) => void;

/** `Did you mean …?` or the list of what there is, with a leading space; empty when there is nothing to propose. */
export function suggestion(wrong: string, known: readonly string[], alsoKnown: readonly string[] = []): string {
  const near = nearest(wrong, [...known, ...alsoKnown]);
  if (near !== undefined) return ` Did you mean \`${near}\`?`;
  if (known.length === 0) return '';
  const shown = known.slice(0, MAX_LISTED).map((name) => `\`${name}\``);
  return ` Known: ${shown.join(', ')}${known.length > MAX_LISTED ? ` and ${known.length - MAX_LISTED} more` : ''}.`;
}

const MAX_LISTED = 12;
/** Longer names are not compared letter by letter. */
const MAX_COMPARED = 80;

function nearest(wrong: string, known: readonly string[]): string | undefined {
  if (wrong.length > MAX_COMPARED) return undefined;
  const allowed = Math.max(1, Math.ceil(wrong.length / 3));
  let best: string | undefined;
  let least = allowed + 1;
  for (const name of known) {
    if (Math.abs(name.length - wrong.length) >= least) continue;
    const steps = distance(wrong.toLowerCase(), name.toLowerCase());
    if (steps < least) [best, least] = [name, steps];
  }
  return best ?? known.find((name) => wrong.length > 3 && name.startsWith(wrong));
}

/** Insertions, deletions and replacements between two short words. */
function distance(a: string, b: string): number {
  let before = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1;
      current.push(Math.min(before[column]! + 1, current[column - 1]! + 1, before[column - 1]! + same));
    }
    before = current;
  }
  return before[b.length]!;
}
