import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { locateTemporal, TemporalNotFound } from '../../scripts/lib/temporal-server.mjs';

/** A program that answers `--version` like the Temporal CLI, and counts how often it was run. */
function program(file: string, text = 'temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)', exit = 0): string {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\necho run >> "${file}.runs"\necho "${text}"\nexit ${exit}\n`);
  chmodSync(file, 0o755);
  return file;
}
const runsOf = (file: string): number =>
  existsSync(`${file}.runs`) ? readFileSync(`${file}.runs`, 'utf8').trim().split('\n').length : 0;

let dir: string;
let cache: string;
let server: Server | undefined;
let asked: string[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'baton-temporal-'));
  cache = join(dir, 'cache');
  asked = [];
});
afterEach(async () => {
  await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  server?.closeAllConnections();
  server = undefined;
  rmSync(dir, { recursive: true, force: true });
});

/** PATH with the system's tools, so without go and temporal wherever they are in directories of their own. */
const systemPath = '/usr/bin:/bin';
const env = (more: Record<string, string> = {}): Record<string, string> => ({
  PATH: systemPath,
  HOME: dir,
  BATON_CACHE: cache,
  BATON_TEMPORAL_DOWNLOAD: 'http://127.0.0.1:1',
  ...more,
});

/** The download's server: `archive` is what it gives out. */
async function downloads(
  archive: Buffer,
  options: { slowMs?: number; cut?: boolean; status?: number } = {},
): Promise<string> {
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const base = `http://${request.headers.host}`;
    if (request.url?.startsWith('/cli/')) {
      response.statusCode = options.status ?? 200;
      response.end(JSON.stringify({ archiveUrl: `${base}/archive.tar.gz`, fileToExtract: 'temporal' }));
      return;
    }
    setTimeout(() => {
      response.setHeader('content-length', archive.length);
      if (options.cut) {
        response.write(archive.subarray(0, 100), () => setTimeout(() => response.destroy(), 50));
      } else response.end(archive);
    }, options.slowMs ?? 0);
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function archiveWith(text?: string, exit?: number): Buffer {
  const work = mkdtempSync(join(dir, 'archive-'));
  program(join(work, 'temporal'), text, exit);
  execFileSync('tar', ['-czf', join(work, 'a.tar.gz'), '-C', work, 'temporal']);
  return readFileSync(join(work, 'a.tar.gz'));
}

describe('where the Temporal server comes from', () => {
  it('takes an address before anything else, and says so in one line', async () => {
    const lines: string[] = [];
    const found = await locateTemporal({
      env: env({ TEMPORAL_ADDRESS: 'temporal.example:7233', TEMPORAL_CLI_PATH: '/nowhere' }),
      log: (line) => lines.push(line),
    });
    expect(found).toEqual({ kind: 'address', address: 'temporal.example:7233' });
    expect(lines).toEqual(['Temporal server: temporal.example:7233 (TEMPORAL_ADDRESS)']);
  });

  it('takes TEMPORAL_CLI_PATH before PATH, PATH before the cache', async () => {
    const given = program(join(dir, 'given', 'temporal'));
    const onPath = program(join(dir, 'bin', 'temporal'));
    const cached = program(join(cache, 'temporal', '1.5.1', 'temporal'));
    const path = `${join(dir, 'bin')}:${systemPath}`;
    const pick = async (more: Record<string, string>) => locateTemporal({ env: env(more) });
    expect(await pick({ PATH: path, TEMPORAL_CLI_PATH: given })).toEqual({
      kind: 'binary',
      path: given,
      version: 'Server 1.29.1',
      from: 'TEMPORAL_CLI_PATH',
    });
    expect(await pick({ PATH: path })).toEqual({
      kind: 'binary',
      path: onPath,
      version: 'Server 1.29.1',
      from: 'PATH',
    });
    expect(await pick({})).toEqual({ kind: 'binary', path: cached, version: 'Server 1.29.1', from: 'cache' });
  });

  it('runs a program before it trusts it, and only once while the file stays the same', async () => {
    const cached = program(join(cache, 'temporal', '1.5.1', 'temporal'));
    await locateTemporal({ env: env() });
    await locateTemporal({ env: env() });
    expect(runsOf(cached)).toBe(1);
    program(cached, 'temporal version 1.6.0 (Server 1.30.0, UI 2.50.0) changed');
    expect(await locateTemporal({ env: env() })).toMatchObject({ version: 'Server 1.30.0' });
    expect(runsOf(cached)).toBe(2);
  });

  it.each([
    ['fails', 'boom', 1, 'exit code 1'],
    ['is another tool', 'temporal-spatial 3.0', 0, 'is not the Temporal CLI'],
    [
      'is too old',
      'temporal version 0.10.0 (Server 1.22.0)',
      0,
      'is too old: Server 1.22.0, Baton needs 1.28 or later',
    ],
  ])('goes past a program on PATH that %s', async (_case, text, exit, reason) => {
    const onPath = program(join(dir, 'bin', 'temporal'), text, exit);
    const path = `${join(dir, 'bin')}:${systemPath}`;
    const cached = program(join(cache, 'temporal', '1.5.1', 'temporal'));
    expect(await locateTemporal({ env: env({ PATH: path }) })).toMatchObject({ path: cached, from: 'cache' });
    rmSync(cached);
    const error = await locateTemporal({ env: env({ PATH: path }), cachedOnly: true }).catch((e: unknown) => e);
    expect((error as TemporalNotFound).message).toContain(`${onPath} `);
    expect((error as TemporalNotFound).message).toContain(reason);
  });

  it('downloads, unpacks, runs and keeps the official archive', async () => {
    const base = await downloads(archiveWith());
    const steps: string[] = [];
    const found = await locateTemporal({
      env: env({ BATON_TEMPORAL_DOWNLOAD: base }),
      onProgress: (text) => steps.push(text),
    });
    const path = join(cache, 'temporal', '1.5.1', 'temporal');
    expect(found).toEqual({ kind: 'binary', path, version: 'Server 1.29.1', from: 'download' });
    const arch = process.arch === 'arm64' ? 'arm64' : 'amd64';
    expect(asked).toEqual([`/cli/v1.5.1?platform=${process.platform}&arch=${arch}&format=tar.gz`, '/archive.tar.gz']);
    expect(steps.some((step) => step.startsWith('downloading'))).toBe(true);
    expect(readdirSync(join(cache, 'temporal', '1.5.1')).filter((name) => name.startsWith('.'))).toEqual([]);
    expect(await locateTemporal({ env: env() })).toMatchObject({ from: 'cache' });
  });

  it.each([
    ['is no archive', () => downloads(Buffer.from('<html>captive portal</html>')), 'could not be unpacked'],
    ['breaks off', () => downloads(archiveWith(), { cut: true }), 'broke off'],
    ['holds a program that does not run', () => downloads(archiveWith('nope', 3)), 'exit code 3'],
    ['is refused', () => downloads(archiveWith(), { status: 503 }), 'answered 503'],
  ])('leaves nothing behind when the download %s, and lists what was tried', async (_case, start, reason) => {
    const base = await start();
    const error = await locateTemporal({ env: env({ BATON_TEMPORAL_DOWNLOAD: base }) }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(TemporalNotFound);
    expect((error as TemporalNotFound).tried).toEqual([
      'TEMPORAL_ADDRESS: not set',
      'TEMPORAL_CLI_PATH: not set',
      '`temporal` on PATH: not there',
      `Baton's cache: ${join(cache, 'temporal', '1.5.1', 'temporal')} does not exist`,
      expect.stringContaining(reason),
      'go install: Go is not installed',
    ]);
    expect((error as TemporalNotFound).message).toContain('TEMPORAL_ADDRESS=host:port');
    expect(existsSync(join(cache, 'temporal', '1.5.1')) ? readdirSync(join(cache, 'temporal', '1.5.1')) : []).toEqual(
      [],
    );
    expect(existsSync(join(cache, 'temporal', '1.5.1.lock'))).toBe(false);
  });

  it('moves on within seconds on a machine that is offline', async () => {
    const begun = Date.now();
    await expect(
      locateTemporal({ env: env({ BATON_TEMPORAL_DOWNLOAD: 'http://no-such-host.invalid' }) }),
    ).rejects.toThrow(TemporalNotFound);
    expect(Date.now() - begun).toBeLessThan(6_000);
  });

  it('builds with go install when there is no download, with progress', async () => {
    const go = join(dir, 'go', 'go');
    mkdirSync(dirname(go));
    // Says what `go install -v` says, and makes what it makes.
    writeFileSync(
      go,
      `#!/bin/sh
[ "$1" = version ] && { echo "go version go1.26.0"; exit 0; }
echo "$@" > "${dir}/go.args"
echo "go: downloading go.temporal.io/api v1.0.0" >&2
echo "golang.org/x/sys/unix" >&2
echo "go.temporal.io/server" >&2
printf '#!/bin/sh\\necho "temporal version 0.0.0-DEV (Server 1.29.1, UI 2.42.1)"\\n' > "$GOBIN/temporal"
chmod +x "$GOBIN/temporal"
`,
    );
    chmodSync(go, 0o755);
    const steps: string[] = [];
    const found = await locateTemporal({
      env: env({ PATH: `${dirname(go)}:${systemPath}` }),
      onProgress: (text) => steps.push(text),
    });
    const path = join(cache, 'temporal', '1.5.1', 'temporal');
    expect(found).toEqual({ kind: 'binary', path, version: 'Server 1.29.1', from: 'go' });
    expect(readFileSync(join(dir, 'go.args'), 'utf8').trim()).toBe(
      'install -v -ldflags -s -w github.com/temporalio/cli/cmd/temporal@v1.5.1',
    );
    expect(steps.slice(-3)).toEqual([
      'fetching sources',
      expect.stringContaining('compiling, 1 of about'),
      expect.stringContaining('compiling, 2 of about'),
    ]);
    expect(readdirSync(dirname(path)).filter((name) => name !== 'temporal')).toEqual([]);
  });

  it('fetches once when several ask at the same time', async () => {
    const base = await downloads(archiveWith(), { slowMs: 300 });
    const asker = new URL('./locate.mjs', import.meta.url).pathname;
    const { runCommand } = await import('../../scripts/lib/run-command.mjs');
    const all = await Promise.all(
      [1, 2, 3].map(() =>
        runCommand(process.execPath, [asker], { timeoutMs: 30_000, env: env({ BATON_TEMPORAL_DOWNLOAD: base }) }),
      ),
    );
    expect(all.map((each) => each.stderr)).toEqual(['', '', '']);
    expect(all.map((each) => each.stdout.trim()).sort()).toEqual(['cache', 'cache', 'download']);
    expect(asked.filter((url) => url.startsWith('/archive'))).toHaveLength(1);
  });
});
