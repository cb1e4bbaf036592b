/** CODEOWNERS: the last line that matches a path names its owners. Patterns are matched in time linear in their length. */

export const CODEOWNERS_PLACES = ['.github/CODEOWNERS', 'CODEOWNERS', 'docs/CODEOWNERS', '.gitlab/CODEOWNERS'] as const;

/** Owners of all paths, each once, at most 10; e-mail addresses and broken lines are left out. */
export function ownersOf(codeowners: string, paths: readonly string[]): string[] {
  const rules = codeowners
    .split('\n')
    .slice(0, 5_000)
    .map((line) => line.replace(/(?:^|\s)#.*$/, '').trim())
    .filter((line) => line !== '' && !/^[\^[!]/.test(line))
    .map((line) => line.split(/\s+/));
  const owners = paths.flatMap((path) => {
    const rule = rules.findLast(([pattern]) => matches(pattern!, path));
    return (rule ?? []).slice(1);
  });
  const names = owners.filter((owner) => /^@[\w.-]+(?:\/[\w./-]+)?$/.test(owner)).map((owner) => owner.slice(1));
  return [...new Set(names)].slice(0, 10);
}

function matches(pattern: string, path: string): boolean {
  const rooted = pattern.startsWith('/') || pattern.slice(0, -1).includes('/');
  const folder = pattern.endsWith('/');
  const parts = pattern.replace(/^\//, '').replace(/\/$/, '').split('/');
  const wanted = rooted ? parts : ['**', ...parts];
  const names = path.split('/');
  // A pattern that names a folder owns what is below it; `dir/*` owns files directly in it only.
  const below = folder || parts.at(-1) !== '*';
  return fits(wanted, names, below, folder);
}

/** `reached[j]`: the pattern so far fits the first `j` names. */
function fits(pattern: readonly string[], names: readonly string[], below: boolean, folderOnly: boolean): boolean {
  let reached = names.map((_, j) => j === 0).concat(names.length === 0);
  for (const part of pattern) {
    const next = new Array<boolean>(names.length + 1).fill(false);
    for (let j = 0; j <= names.length; j++) {
      if (part === '**') next[j] = reached[j]! || (j > 0 && next[j - 1]!);
      else if (j > 0) next[j] = reached[j - 1]! && nameFits(part, names[j - 1]!);
    }
    reached = next;
  }
  const whole = reached[names.length]! && !folderOnly;
  return whole || (below && reached.slice(1, names.length).some(Boolean));
}

/** `*` stands for any letters, `?` for one. */
function nameFits(pattern: string, name: string): boolean {
  let [i, j, star, mark] = [0, 0, -1, 0];
  while (j < name.length) {
    if (i < pattern.length && (pattern[i] === '?' || (pattern[i] === name[j] && pattern[i] !== '*'))) {
      i++;
      j++;
    } else if (pattern[i] === '*') {
      star = i++;
      mark = j;
    } else if (star >= 0) {
      i = star + 1;
      j = ++mark;
    } else return false;
  }
  while (pattern[i] === '*') i++;
  return i === pattern.length;
}
