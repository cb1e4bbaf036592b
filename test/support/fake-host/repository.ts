/** A bare repository of a fake host, and git over http on it by git's own server program. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const ENV = {
  PATH: process.env['PATH'],
  HOME: tmpdir(),
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.org',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.org',
};

export interface BareRepository {
  readonly dir: string;
  git(...args: string[]): string;
  has(commit: string): boolean;
  /** Commit of a branch. */
  head(branch: string): string | undefined;
  /** Makes a commit on a branch (a new one begins at `main`) without a work tree; null removes a file. Returns its id. */
  commit(branch: string, files: Readonly<Record<string, string | null>>, message?: string): string;
  remove(): void;
}

export function bareRepository(name = 'shop'): BareRepository {
  const home = mkdtempSync(join(tmpdir(), 'baton-host-'));
  const dir = join(home, `${name}.git`);
  const run = (args: readonly string[], input?: string, env: Record<string, string> = {}): string =>
    execFileSync('git', args, {
      cwd: home,
      env: { ...ENV, ...env },
      input: input ?? '',
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim();
  run(['init', '--bare', '--quiet', '--initial-branch=main', dir]);
  const git = (...args: string[]): string => run(['--git-dir', dir, ...args]);
  git('config', 'http.receivepack', 'true');
  git('config', 'uploadpack.allowAnySHA1InWant', 'true');
  const asked = (...args: string[]): string | undefined => {
    try {
      return git(...args);
    } catch {
      // git's way of saying no.
      return undefined;
    }
  };
  const head = (branch: string): string | undefined =>
    asked('rev-parse', '--verify', '--quiet', `refs/heads/${branch}^{commit}`);
  return {
    dir,
    git,
    head,
    has: (commit) => asked('cat-file', '-e', `${commit}^{commit}`) !== undefined,
    commit(branch, files, message = `change ${Object.keys(files).join(', ')}`) {
      const parent = head(branch) ?? head('main');
      const env = { GIT_INDEX_FILE: join(home, `index-${process.hrtime.bigint()}`) };
      const inIndex = (args: string[], input?: string): string => run(['--git-dir', dir, ...args], input, env);
      if (parent) inIndex(['read-tree', parent]);
      for (const [path, content] of Object.entries(files)) {
        if (content === null) inIndex(['update-index', '--index-info'], `0 ${'0'.repeat(40)}\t${path}\n`);
        else {
          const blob = run(['--git-dir', dir, 'hash-object', '-w', '--stdin'], content);
          inIndex(['update-index', '--add', '--cacheinfo', `100644,${blob},${path}`]);
        }
      }
      const tree = inIndex(['write-tree']);
      const commit = git('commit-tree', tree, ...(parent ? ['-p', parent] : []), '-m', message);
      git('update-ref', `refs/heads/${branch}`, commit);
      return commit;
    },
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}

const BACKEND = join(execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim(), 'git-http-backend');

/** Serves `/…/name.git/…` from a bare repository; `allowed` says whether these credentials may do this. */
export function serveGit(
  repository: BareRepository,
  request: IncomingMessage,
  response: ServerResponse,
  allowed: (password: string | undefined, push: boolean) => boolean,
): void {
  const { pathname, search } = new URL(request.url ?? '/', 'http://host');
  const push = pathname.endsWith('/git-receive-pack') || search.includes('git-receive-pack');
  const basic = /^Basic (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const password = Buffer.from(basic, 'base64').toString().split(':')[1];
  if (!allowed(password, push)) {
    request.resume();
    response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end('Authentication required');
    return;
  }
  const child = spawn(BACKEND, [], {
    env: {
      ...ENV,
      GIT_PROJECT_ROOT: dirname(repository.dir),
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: pathname.replace(/^.*\/([^/]+\.git)\//, '/$1/'),
      QUERY_STRING: search.replace(/^\?/, ''),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      HTTP_GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REMOTE_USER: 'someone',
    },
  });
  request.pipe(child.stdin);
  child.stdin.on('error', () => request.resume());
  cgi(child.stdout, response);
}

/** Headers of a CGI program, then its body. */
function cgi(from: NodeJS.ReadableStream, response: ServerResponse): void {
  let head = Buffer.alloc(0);
  from.on('data', (chunk: Buffer) => {
    if (response.headersSent) return void response.write(chunk);
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    const lines = head.subarray(0, end).toString().split('\r\n');
    const headers = Object.fromEntries(lines.map((line) => line.split(/:\s*/, 2) as [string, string]));
    const status = Number((headers['Status'] ?? '200').slice(0, 3));
    delete headers['Status'];
    response.writeHead(status, headers).write(head.subarray(end + 4));
  });
  from.on('end', () => response.end());
}
