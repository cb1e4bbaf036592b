import type { Subject } from '../../domain/executions.schema.js';
import type { TrustClass } from '../../domain/run.schema.js';
import { trustOf } from '../../domain/trust.js';
import type { ApiDeps, Principal } from '../deps.js';
import { ApiProblem } from './problem.js';

/**
 * What somebody may have started in their name, now or by a schedule: how far the code is trusted. Throws 403 where it
 * takes an admin. What is about no repository concerns this machine only, and who may name its directories works on it.
 */
export function mandateOf(
  { trustedRepositories = [] }: Pick<ApiDeps, 'trustedRepositories'>,
  principal: Principal,
  workflow: string,
  { subject, role }: { readonly subject: Subject; readonly role?: 'admin' | undefined },
): TrustClass {
  const isAdmin = principal.role === 'admin';
  if (role === 'admin' && !isAdmin)
    throw new ApiProblem(403, 'forbidden', `Starting ${workflow} in production needs a key of the role admin.`);
  const { repository, commit } = subject;
  if (!repository) return 'trusted';
  return trustOf({ kind: 'commit', repository, commit: commit ?? 'HEAD' }, undefined, { isAdmin, trustedRepositories });
}
