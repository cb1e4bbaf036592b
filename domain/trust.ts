/** How far the code of a run is trusted. A request can only lower it. */
import type { Source, TrustClass } from './run.schema.js';

export interface Voucher {
  /** Administrators vouch for every repository. */
  readonly isAdmin: boolean;
  /** Repositories of this installation's own projects, as runs name them. */
  readonly trustedRepositories: readonly string[];
}

/** Where servers keep changes that anybody may propose: forks have their heads there. */
const PROPOSED = /^(?:refs\/)?(?:pull|merge-requests|pull-requests|changes)\//;

/**
 * A directory of this machine is trusted, because whoever may name it works on the machine. A commit is trusted when it
 * comes from a repository that somebody vouches for and was not taken from where strangers propose changes.
 */
export function trustOf(source: Source, asked: 'untrusted' | undefined, voucher: Voucher): TrustClass {
  if (asked === 'untrusted') return 'untrusted';
  if (source.kind === 'directory') return 'trusted';
  if (PROPOSED.test(source.commit)) return 'untrusted';
  return voucher.isAdmin || voucher.trustedRepositories.includes(source.repository) ? 'trusted' : 'untrusted';
}
