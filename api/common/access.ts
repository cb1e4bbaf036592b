import { SetMetadata } from '@nestjs/common';

/** `viewer` < `operator` < `admin`; `runner` stands apart: it may write results and nothing else. */
export const ROLES = ['viewer', 'operator', 'admin', 'runner'] as const;
export type Role = (typeof ROLES)[number];
export type AccessLevel = Role | 'public';

export const ACCESS_KEY = 'baton:access';

/** The least role a handler asks for. A handler without it answers nobody. */
export const Access = (level: AccessLevel) => SetMetadata(ACCESS_KEY, level);

const RANK: Record<Exclude<Role, 'runner'>, number> = { viewer: 1, operator: 2, admin: 3 };

export function mayUse(level: AccessLevel, role: Role | undefined): boolean {
  if (level === 'public') return true;
  if (role === undefined) return false;
  if (level === 'runner' || role === 'runner') return level === role;
  return RANK[role] >= RANK[level];
}
