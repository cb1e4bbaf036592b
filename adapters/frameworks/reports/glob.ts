/** Globs without regular expressions: `*`, `?`, `**` and `{a,b}`, in time that stays bounded whatever is written. */
const MAX_ALTERNATIVES = 256;

/** Whether a path with forward slashes matches. `**` stands for any number of directories, also none. */
export function globMatches(glob: string, path: string): boolean {
  const names = path.split('/');
  return alternatives(glob).some((one) => segmentsMatch(one.split('/'), names));
}

/** `a/{b,c}` becomes `a/b` and `a/c`; braces may be nested. What has no partner stays as it is. */
export function alternatives(glob: string): string[] {
  const done: string[] = [];
  const open = [glob];
  while (open.length > 0 && done.length + open.length <= MAX_ALTERNATIVES) {
    const one = open.pop()!;
    const braces = innermost(one);
    if (!braces) done.push(one);
    else for (const option of braces.options) open.push(one.slice(0, braces.from) + option + one.slice(braces.to + 1));
  }
  return done;
}

function innermost(glob: string): { from: number; to: number; options: string[] } | undefined {
  const to = glob.indexOf('}');
  const from = to < 0 ? -1 : glob.lastIndexOf('{', to);
  return from < 0 ? undefined : { from, to, options: glob.slice(from + 1, to).split(',') };
}

/** The usual two pointers: only the last `**` is ever tried again, so the time is the product of both lengths. */
function segmentsMatch(globs: readonly string[], names: readonly string[]): boolean {
  return wildcard(
    globs.length,
    names.length,
    (g) => globs[g] === '**',
    (g, n) => nameMatches(globs[g]!, names[n]!),
  );
}

/** One directory or file name against one part of a glob. A leading dot has to be written. */
export function nameMatches(glob: string, name: string): boolean {
  if (name.startsWith('.') && !glob.startsWith('.')) return false;
  return wildcard(
    glob.length,
    name.length,
    (g) => glob[g] === '*',
    (g, n) => glob[g] === '?' || glob[g] === name[n],
  );
}

function wildcard(
  globs: number,
  names: number,
  isStar: (g: number) => boolean,
  fits: (g: number, n: number) => boolean,
): boolean {
  let g = 0;
  let n = 0;
  let star = -1;
  let resume = 0;
  while (n < names) {
    if (g < globs && isStar(g)) {
      star = g++;
      resume = n;
    } else if (g < globs && fits(g, n)) {
      g++;
      n++;
    } else if (star >= 0) {
      g = star + 1;
      n = ++resume;
    } else return false;
  }
  while (g < globs && isStar(g)) g++;
  return g === globs;
}
