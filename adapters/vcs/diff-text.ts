/** Reads what `git diff-tree -z --raw --numstat` and `git log` print. */
import type { Author, ChangedFile } from '../../domain/pre-release/change.schema.js';

type Bare = Omit<ChangedFile, 'churn'>;

const KINDS: Readonly<Record<string, ChangedFile['kind']>> = { A: 'added', C: 'added', D: 'deleted', R: 'renamed' };

export function changedFiles(text: string): Bare[] {
  const parts = text.split('\0');
  const files = new Map<string, Bare>();
  for (let at = 0; at < parts.length; ) {
    const head = parts[at++] ?? '';
    const raw = /^:\d+ \d+ [0-9a-f.]+ [0-9a-f.]+ ([A-Z])\d*$/.exec(head);
    if (raw) {
      const letter = raw[1] as string;
      const first = parts[at++] ?? '';
      const path = letter === 'R' || letter === 'C' ? (parts[at++] ?? '') : first;
      const from = letter === 'R' ? { from: first } : {};
      files.set(path, { path, kind: KINDS[letter] ?? 'modified', ...from, added: null, deleted: null });
      continue;
    }
    const counted = /^(\d+|-)\t(\d+|-)\t(.*)$/s.exec(head);
    if (!counted) continue;
    const [, added = '-', deleted = '-', named = ''] = counted;
    let path = named;
    if (named === '') {
      at++;
      path = parts[at++] ?? '';
    }
    const file = files.get(path);
    if (file) files.set(path, { ...file, added: lines(added), deleted: lines(deleted) });
  }
  return [...files.values()];
}

const lines = (text: string): number | null => (text === '-' ? null : Number(text));

/** Fields of one commit, in the order of `LOG_FORMAT`. */
export interface LoggedCommit {
  readonly name: string;
  readonly email: string;
  readonly subject: string;
  readonly body: string;
}

/** A name can hold any character but these two: git refuses NUL, and 0x1e is taken out of what is shown. */
export const LOG_FORMAT = '--format=%an%x00%ae%x00%s%x00%b%x1e';

export const loggedCommits = (text: string): LoggedCommit[] =>
  text
    .split('\u001e')
    .map((each) => each.replace(/^\n/, '').split('\0'))
    .filter((fields) => fields.length === 4)
    .map(([name = '', email = '', subject = '', body = '']) => ({ name, email, subject, body: body.trim() }));

/** Those with most commits first. */
export function authorsOf(commits: readonly LoggedCommit[]): Author[] {
  const all = new Map<string, Author>();
  for (const { name, email } of commits) {
    const so = all.get(email);
    all.set(email, { name: so?.name ?? name, email, commits: (so?.commits ?? 0) + 1 });
  }
  return [...all.values()].sort((a, b) => b.commits - a.commits);
}
