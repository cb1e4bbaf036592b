/**
 * GitHub for tests: the routes that Baton uses, as they are documented, on a real HTTP server, with real repositories
 * that git fetches from and pushes to. It checks every body and keeps what it was told; its weather can be bad.
 */
import type { IncomingMessage } from 'node:http';
import { APP_ID, Apps } from './fake-github/apps.js';
import { commitRoutes } from './fake-github/commits.js';
import { issueRoutes } from './fake-github/issues.js';
import { pullRoutes } from './fake-github/pulls.js';
import { repoRoute } from './fake-github/repos.js';
import { FakeRepository, type Who } from './fake-github/state.js';
import { serveGit } from './fake-host/repository.js';
import { type Answer, type FakeServer, send, startFakeServer } from './fake-host/server.js';

export interface FakeGitHub extends FakeServer {
  /** Of a user `baton-user`, who may not write checks. */
  readonly token: string;
  readonly app: { readonly app: number; readonly privateKey: string };
  readonly apps: Apps;
  repository(path: string): FakeRepository;
}

const TOKEN = 'ghp_0123456789abcdefghijABCDEFGHIJ012345';

/** `paths` such as `acme/shop`: each gets an empty repository. */
export async function startFakeGitHub(...paths: readonly string[]): Promise<FakeGitHub> {
  const apps = new Apps();
  const repositories = new Map(
    paths.map((path) => {
      const [owner = '', name = ''] = path.split('/');
      return [path.toLowerCase(), new FakeRepository(owner, name)] as const;
    }),
  );
  let url = '';
  const identify = (request: IncomingMessage): Who | Answer => {
    const token = /^(?:bearer|token) (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (token === TOKEN) return { login: 'baton-user', kind: 'token' };
    return apps.identify(token) ?? { status: 401, body: { message: 'Bad credentials' } };
  };
  const inRepo = repoRoute(repositories);
  const server = await startFakeServer<Who>({
    prefix: '/api/v3',
    identify,
    invalid: (issues) => ({ status: 422, body: { message: 'Validation Failed', errors: issues } }),
    routes: [
      {
        method: 'GET',
        path: '/user',
        run: ({ who }) =>
          who.kind === 'token'
            ? { status: 200, body: { login: who.login, id: 1, type: 'User' } }
            : { status: 403, body: { message: 'Resource not accessible by integration' } },
      },
      ...apps.routes(repositories),
      ...commitRoutes(() => url, inRepo),
      ...issueRoutes(() => url, inRepo),
      ...pullRoutes(() => url, inRepo),
    ],
    other(request, response) {
      const path = /^\/([^/]+\/[^/]+)\.git\//.exec(request.url ?? '')?.[1] ?? '';
      const repository = repositories.get(path.toLowerCase());
      if (!repository) return send(response, { status: 404 });
      const known = (password: string | undefined): boolean =>
        password === TOKEN || (password !== undefined && apps.identify(password)?.kind === 'installation');
      // Public to read, so that a checkout needs no credentials.
      serveGit(repository.git, request, response, (password, push) => !push || known(password));
    },
  });
  url = server.url;
  return {
    ...server,
    token: TOKEN,
    app: { app: APP_ID, privateKey: apps.privateKey },
    apps,
    repository(path) {
      const found = repositories.get(path.toLowerCase());
      if (!found) throw new Error(`the fake GitHub has no ${path}`);
      return found;
    },
    async stop() {
      await server.stop();
      for (const repository of repositories.values()) repository.git.remove();
    },
  };
}
