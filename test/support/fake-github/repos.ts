import type { z } from 'zod';
import type { Answer, Asked, Route } from '../fake-host/server.js';
import type { FakeRepository, Who } from './state.js';

/** A route below `/repos/:owner/:repo/`; a repository that nobody knows is 404. */
export type GitHubRoute = (
  method: string,
  path: string,
  body: z.ZodType | undefined,
  run: (repo: FakeRepository, asked: Asked<Who>) => Answer,
) => Route<Who>;

export const repoRoute =
  (repositories: ReadonlyMap<string, FakeRepository>): GitHubRoute =>
  (method, path, body, run) => ({
    method,
    path: `/repos/:owner/:repo/${path}`,
    ...(body ? { body } : {}),
    run(asked) {
      const repo = repositories.get(`${asked.at['owner']}/${asked.at['repo']}`.toLowerCase());
      return repo ? run(repo, asked) : { status: 404, body: { message: 'Not Found' } };
    },
  });
