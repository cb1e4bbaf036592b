/** `npm start` and `npm test` of a small clone: our own scripts, a package.json without dependencies, and a stand-in for the build. */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAlive } from '../../scripts/lib/lock.mjs';

const REPOSITORY = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
let dir: string;
let clone: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'baton-clone-'));
  clone = join(dir, 'clone');
  mkdirSync(join(clone, 'src'), { recursive: true });
  cpSync(join(REPOSITORY, 'scripts'), join(clone, 'scripts'), { recursive: true });
  file(
    'package.json',
    JSON.stringify({
      name: 'clone',
      version: '1.0.0',
      type: 'module',
      scripts: { start: 'node scripts/bootstrap.mjs start', test: 'node scripts/bootstrap.mjs test' },
    }),
  );
  file(
    'package-lock.json',
    JSON.stringify({
      name: 'clone',
      version: '1.0.0',
      lockfileVersion: 3,
      packages: { '': { name: 'clone', version: '1.0.0' } },
    }),
  );
  file('tsconfig.json', '{"include":["src"]}');
  file('src/a.ts', 'export {};');
  file(
    'scripts/build.mjs',
    "import { mkdirSync, copyFileSync, appendFileSync } from 'node:fs';\nmkdirSync('dist/cli', { recursive: true });\ncopyFileSync('src/main.js', 'dist/cli/main.js');\nappendFileSync('builds.log', 'x');\n",
  );
  file('src/main.js', 'console.log(JSON.stringify(process.argv.slice(2)));\n');
  // A server in the cache, so that nothing is fetched.
  const temporal = join(dir, 'cache', 'temporal', '1.5.1', 'temporal');
  mkdirSync(dirname(temporal), { recursive: true });
  writeFileSync(temporal, '#!/bin/sh\necho "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)"\n');
  chmodSync(temporal, 0o755);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const file = (path: string, text: string) => writeFileSync(join(clone, path), text);
const environment = (): NodeJS.ProcessEnv => {
  const { TEMPORAL_ADDRESS: _a, TEMPORAL_CLI_PATH: _b, VITEST: _c, NODE_ENV: _d, ...rest } = process.env;
  return {
    ...rest,
    BATON_CACHE: join(dir, 'cache'),
    BATON_TEMPORAL_DOWNLOAD: 'http://127.0.0.1:1',
    PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
  };
};

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}
function run(
  args: readonly string[],
  during: (child: ReturnType<typeof spawn>, seen: () => string) => void = () => {},
): Promise<Ended> {
  const begun = Date.now();
  const child = spawn(process.execPath, [join(clone, 'scripts', 'bootstrap.mjs'), ...args], {
    cwd: clone,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  during(child, () => stdout);
  return new Promise((resolve) =>
    child.once('close', (code) => resolve({ code, stdout, stderr, ms: Date.now() - begun })),
  );
}
const builds = () =>
  existsSync(join(clone, 'builds.log')) ? readFileSync(join(clone, 'builds.log'), 'utf8').length : 0;

describe('start', () => {
  it('installs, builds and hands the arguments on; later starts do neither and are quick', async () => {
    const first = await run(['start', '--project', 'x y']);
    expect(first).toMatchObject({ code: 0, stdout: '["start","--project","x y"]\n' });
    expect(first.stderr).toMatch(/✓ packages +[\d.]+ s\n/);
    const stamp = readFileSync(join(clone, 'node_modules', '.baton-install'), 'utf8');
    expect(stamp).toMatch(/^[0-9a-f]{64}$/);
    expect(builds()).toBe(1);

    const second = await run(['start']);
    expect(second).toMatchObject({ code: 0, stdout: '["start"]\n', stderr: '' });
    expect(builds()).toBe(1);
    const bare = await run(['nothing']);
    expect(second.ms - bare.ms).toBeLessThan(1_000);
  });

  it('builds again after an edit, installs again after a change of the lock file', async () => {
    await run(['start']);
    file('src/a.ts', 'export const changed = true;');
    await run(['start']);
    expect(builds()).toBe(2);
    const stamp = readFileSync(join(clone, 'node_modules', '.baton-install'), 'utf8');
    file('package-lock.json', `${readFileSync(join(clone, 'package-lock.json'), 'utf8')}\n`);
    expect((await run(['start'])).stderr).toContain('packages');
    expect(readFileSync(join(clone, 'node_modules', '.baton-install'), 'utf8')).not.toBe(stamp);
  });

  it('says what the compiler said, ends with 3, and builds again the next time', async () => {
    const good = readFileSync(join(clone, 'scripts', 'build.mjs'), 'utf8');
    file('scripts/build.mjs', "console.error('src/a.ts(1,1): error TS1: no'); process.exit(1);");
    const bad = await run(['start']);
    expect(bad).toMatchObject({ code: 3, stdout: '' });
    expect(bad.stderr).toContain('src/a.ts(1,1): error TS1: no');
    file('scripts/build.mjs', good);
    expect(await run(['start'])).toMatchObject({ code: 0 });
  });

  it('lists every way that was tried when there is no Temporal server, and keeps what npm has done', async () => {
    rmSync(join(dir, 'cache'), { recursive: true });
    const ended = await run(['start']);
    expect(ended.code).toBe(3);
    expect(ended.stderr).toContain(
      'No Temporal server was found. Tried, in this order:\n  - TEMPORAL_ADDRESS: not set\n',
    );
    expect(existsSync(join(clone, 'node_modules', '.baton-install'))).toBe(true);
  });

  it('says how it is called', async () => {
    expect(await run(['begin'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: 'Usage: node scripts/bootstrap.mjs start|test [arguments]\n',
    });
  });
});

describe('test', () => {
  beforeEach(async () => {
    await run(['start']);
    // The real Vitest, from the packages of this repository.
    for (const name of ['vitest', 'vite'])
      symlinkSync(join(REPOSITORY, 'node_modules', name), join(clone, 'node_modules', name));
    mkdirSync(join(clone, 'test'));
  });
  const lastLine = (ended: Ended) => ended.stdout.trimEnd().split('\n').at(-1);

  it('ends with the one line and the exit code of Vitest; arguments are handed on', async () => {
    file(
      'test/a.test.js',
      "import { it, expect } from 'vitest';\nit('server', () => expect(process.env.TEMPORAL_CLI_PATH).toMatch(/temporal$/));\nit('two', () => {});\nit('three', () => expect(1).toBe(2));\n",
    );
    const red = await run(['test']);
    expect([red.code, lastLine(red)]).toEqual([1, '2 passed, 1 failed']);
    const green = await run(['test', '-t', 'two']);
    expect([green.code, lastLine(green)]).toEqual([0, '1 passed, 0 failed']);
  });

  it('counts a file that does not load as failed', async () => {
    file('test/a.test.js', "import './missing.js';\n");
    const ended = await run(['test']);
    expect([ended.code, lastLine(ended)]).toEqual([1, '0 passed, 1 failed']);
  });

  it('ends with its signal and leaves no process behind', async () => {
    file(
      'test/a.test.js',
      "import { it } from 'vitest';\nimport { spawn } from 'node:child_process';\nimport { writeFileSync } from 'node:fs';\nit('hangs', async () => {\n  const child = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' });\n  writeFileSync('pid', String(child.pid));\n  await new Promise(() => {});\n}, 100000);\n",
    );
    const ended = await run(['test'], (child) => {
      const timer = setInterval(() => {
        if (!existsSync(join(clone, 'pid'))) return;
        clearInterval(timer);
        child.kill('SIGTERM');
      }, 50);
    });
    expect(ended.code).not.toBe(0);
    expect(lastLine(ended)).toMatch(/^\d+ passed, [1-9]\d* failed$/);
    const pid = Number(readFileSync(join(clone, 'pid'), 'utf8'));
    expect(isAlive(pid)).toBe(false);
  });
});
