/** What may be a repository and what may be a commit, branch or tag. Everything else never reaches git. */
import { isAbsolute } from 'node:path';
import { ProjectProblem } from '../../domain/failures.js';
import { withoutCredentials } from './git.js';

const SCHEMES = ['https://', 'http://', 'ssh://', 'git://', 'file://'];
/** `git@host:team/shop.git`: a user, a host, and a path that is not an option for ssh. */
const SCP_LIKE = /^[\w.-]+@[A-Za-z0-9][\w.-]*:(?![-:])[^\s]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
const CONTROL = /[\u0000-\u001f\u007f]/;

/** Returns the repository as it is, or throws `BadSource` with what would be accepted. */
export function checkRepository(repository: string): string {
  const scheme = SCHEMES.find((s) => repository.startsWith(s));
  const host = scheme ? repository.slice(scheme.length).replace(/^[^/@]*@/, '') : '';
  const accepted =
    (scheme && host !== '' && !host.startsWith('-')) || isAbsolute(repository) || SCP_LIKE.test(repository);
  if (accepted && !CONTROL.test(repository) && !/^[\w-]+::/.test(repository)) return repository;
  throw new ProjectProblem(
    'BadSource',
    `"${printable(withoutCredentials(repository))}" is not a repository that Baton fetches from. Give an absolute path, ${SCHEMES.join(', ')} or user@host:path.`,
  );
}

export const isFullId = (commit: string): boolean => /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(commit);
export const isShortId = (commit: string): boolean => /^[0-9a-f]{7,63}$/.test(commit);

/** Git's own rules for names of references, without those that only matter for creating one. */
const FORBIDDEN = [
  /^-/,
  /^[/.]/,
  /[/.]$/,
  /\.\./,
  /\/\//,
  /@\{/,
  /^@$/,
  /[\s~^:?*[\\]/,
  /\.lock(?:\/|$)/,
  /\/\./,
  CONTROL,
];

/** Returns the name as it is, or throws `BadSource`. */
export function checkRef(name: string): string {
  if (name !== '' && name.length <= 250 && !FORBIDDEN.some((pattern) => pattern.test(name))) return name;
  throw new ProjectProblem(
    'BadSource',
    `"${printable(name)}" is not the name of a commit, branch or tag. Give a commit id, or a name as \`git branch\` prints it.`,
  );
}

function printable(text: string): string {
  return JSON.stringify(text.slice(0, 200)).slice(1, -1);
}
