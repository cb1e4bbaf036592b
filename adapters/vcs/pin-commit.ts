/** Which commit a name of a repository means now, asked of its mirror. */
import { join } from 'node:path';
import type { PinCommit } from '../../domain/definitions/ports.js';
import { gitTool } from './git.js';
import { pin } from './mirror.js';
import { checkRepository } from './names.js';
import { folderName } from './workspace.js';

export interface PinCommitOptions {
  /** Data directory of Baton, where mirrors are. */
  readonly home: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Throws `ProjectProblem('BadSource')`. */
export function pinCommit({ home, environment = {} }: PinCommitOptions): PinCommit {
  const git = gitTool(environment);
  return async (source) => {
    if (source.kind === 'directory') return '';
    const repository = checkRepository(source.repository);
    const dir = join(home, 'workspaces', folderName(repository), 'mirror.git');
    return (await pin({ git, dir, repository }, source.commit)).commit;
  };
}
