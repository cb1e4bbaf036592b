/** Code of strangers on a real stack: what it may do, what it may not, and that limits end in the right words. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compiled } from '../../config/package.js';
import type { RunAnswer } from '../../domain/api.schema.js';
import type { Source } from '../../domain/run.schema.js';
import { withEnvironment } from '../../adapters/process/process-table.js';
import { repository } from '../adapters/vcs/repo.js';
import { testCage } from '../adapters/process/cage-harness.js';
import { project } from './support/projects.js';
import { openStack, type TestStack } from './support/stack.js';

const sealable = process.platform === 'linux' && (await testCage({ spare: false }).sealing()) === null;
const LONG = 240_000;

let baton: TestStack;
beforeAll(async () => {
  baton = await openStack({ runners: 1, env: { SOME_TOKEN: 'token-e2e-77e1', PGPASSWORD: 'token-e2e-77e1' } });
}, LONG);
afterAll(() => baton?.stop(), LONG);

async function untrusted(source: Source): Promise<RunAnswer> {
  const { id } = await baton.client.startRun({
    source,
    options: { bail: false },
    priority: 'medium',
    trust: 'untrusted',
  });
  return baton.finished(id, LONG);
}

interface BatchRow {
  readonly outcome: string | null;
  readonly isolation: string | null;
}

const batches = async (id: string): Promise<BatchRow[]> => {
  const answer = await fetch(`${baton.stack.manifest.api}/api/runs/${id}/artifacts/report.json`);
  return ((await answer.json()) as { batches: BatchRow[] }).batches;
};

/** Tests that a stranger would write: each passes only when it is refused. */
const nosy = (home: string, ports: readonly number[]): string => `
import test from 'node:test';
import assert from 'node:assert';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
const refused = (port) => new Promise((resolve, reject) => {
  const socket = net.connect({ host: '127.0.0.1', port }, () => { socket.destroy(); reject(new Error('connected to ' + port)); });
  socket.once('error', resolve);
});
for (const port of ${JSON.stringify(ports)}) test('no way to port ' + port, () => refused(port));
test('no data of Baton', () => assert.throws(() => fs.readFileSync(${JSON.stringify(join(home, 'stack.json'))})));
test('no secrets', () => assert.ok(!JSON.stringify(process.env).includes('token-e2e-77e1')));
test('no other processes', () => assert.ok(fs.readdirSync('/proc').filter((n) => /^\\\\d+$/.test(n)).length < 20));
test('a home that can be written', () => {
  const file = os.homedir() + '/.baton-test-' + process.pid;
  fs.writeFileSync(file, 'x');
  fs.rmSync(file);
});
test('the project can be written', () => fs.writeFileSync('made.txt', process.env.HOME));
test('nothing else can', () => assert.throws(() => fs.accessSync('/usr', fs.constants.W_OK)));
test('a loopback of its own', () => new Promise((resolve) => {
  const server = net.createServer((c) => c.end()).listen(0, '127.0.0.1', () =>
    net.connect(server.address().port).on('close', () => server.close(resolve)).resume());
}));
`;

describe.runIf(sealable)('untrusted code', () => {
  it(
    'runs, and finds neither network nor secrets nor the machine; nothing of it is left',
    async () => {
      const ports = baton.stack.manifest.parts.flatMap((part) => part.ports);
      expect(ports.length).toBeGreaterThanOrEqual(2);
      const dir = await project({ 'test/nosy.test.js': nosy(baton.home, ports) });
      const run = await untrusted({ kind: 'directory', dir });
      const failed = (await baton.results(run.id)).filter(({ status }) => status !== 'passed');
      expect(failed.map(({ name, message }) => [name, message])).toEqual([]);
      expect(run).toMatchObject({ verdict: 'passed', trust: 'untrusted' });
      expect(run.notes.join()).toContain('untrusted: tests had no network');
      expect(await batches(run.id)).toMatchObject([{ isolation: 'bubblewrap' }]);
      const home = readFileSync(join(dir, 'made.txt'), 'utf8');
      expect(existsSync(home)).toBe(false);
      expect(withEnvironment(`BATON_EVENTS=${join(home, '../../events.ndjson')}`)).toEqual([]);
      const spools = readdirSync(join(baton.home, 'spool')).map((own) => join(baton.home, 'spool', own));
      expect(spools.flatMap((own) => readdirSync(own))).toEqual([]);
    },
    LONG,
  );

  it(
    'finds the same project trusted when nobody says otherwise, and then it is not refused',
    async () => {
      const ports = baton.stack.manifest.parts.flatMap((part) => part.ports);
      const run = await baton.run(
        await project({ 'baton.config.yaml': 'retries: 0\n', 'test/nosy.test.js': nosy(baton.home, ports) }),
      );
      expect(run).toMatchObject({ verdict: 'failed', trust: 'trusted' });
      expect(run.totals.failed).toBeGreaterThanOrEqual(ports.length + 1);
    },
    LONG,
  );

  it(
    'never writes what a trusted run reads: checkouts, dependencies and caches are apart',
    async () => {
      const repo = repository(join(mkdtempSync(join(tmpdir(), 'baton-poison-')), 'shop'));
      const poison = `import test from 'node:test'; import fs from 'node:fs';
      test('poison', () => { for (const d of ['node_modules/helper', '.cache']) { fs.mkdirSync(d, { recursive: true }); fs.writeFileSync(d + '/index.js', 'poisoned'); } });`;
      const check = `import test from 'node:test'; import fs from 'node:fs'; import assert from 'node:assert';
      test('clean', () => { for (const d of ['node_modules/helper', '.cache']) assert.ok(!fs.existsSync(d + '/index.js')); });`;
      const base = {
        'package.json': '{"name":"shop","type":"module","scripts":{"test":"node --test"}}',
        '.gitignore': 'node_modules\n.cache\n',
      };
      const bad = repo.commit({ ...base, 'test/a.test.js': poison });
      const good = repo.commit({ 'test/a.test.js': check });
      const at = (commit: string): Source => ({ kind: 'commit', repository: repo.dir, commit });
      expect(await untrusted(at(bad))).toMatchObject({ verdict: 'passed', trust: 'untrusted' });
      expect(await baton.run(at(good))).toMatchObject({ verdict: 'passed', trust: 'trusted' });
      // Nor does one stranger find what another has left.
      expect(await untrusted(at(good))).toMatchObject({ verdict: 'passed', trust: 'untrusted' });
    },
    LONG,
  );

  it(
    'has its set-up commands in the cage too, without network',
    async () => {
      const repo = repository(join(mkdtempSync(join(tmpdir(), 'baton-setup-')), 'shop'));
      const api = baton.stack.manifest.api;
      const commit = repo.commit({
        'baton.config.yaml': `setup: [node, prepare.mjs]\n`,
        'prepare.mjs': `const answer = await fetch(${JSON.stringify(`${api}/api/runs`)}).catch(() => null); console.log(answer ? 'REACHED' : 'refused'); process.exit(answer ? 0 : 9);`,
        'package.json': '{"name":"shop","type":"module","scripts":{"test":"node --test"}}',
        'test/a.test.js': "import test from 'node:test'; test('a', () => {});",
      });
      const run = await untrusted({ kind: 'commit', repository: repo.dir, commit });
      expect(run).toMatchObject({ verdict: 'incomplete', problem: { name: 'SetupFailed' } });
      expect(run.problem?.message).toMatch(/exit code 9\. Set-up of untrusted code has no network[\s\S]*refused/);
    },
    LONG,
  );
});

const command = (script: string, limits: string, report = 'path: out.xml'): Record<string, string> => ({
  'baton.config.yaml': `suites:\n  - name: made\n    framework: command\n    command: [node, run.mjs]\n    report: { format: junit, ${report} }\n    retries: 0\n    limits: ${limits}\n`,
  'run.mjs': script,
});
const sh = (script: string): string =>
  `import { spawnSync } from 'node:child_process'; spawnSync('sh', ['-c', ${JSON.stringify(script)}], { stdio: 'inherit' });`;

describe('limits of a suite end in the right words', () => {
  it.each<[string, Record<string, string>, string, RegExp]>([
    [
      'time',
      command(sh('sleep 300 | cat'), '{ timeoutMs: 1500, graceMs: 500 }'),
      'timeout',
      /time limit.*reading its standard input|time limit/,
    ],
    ['silence', command(sh('sleep 300'), '{ silenceMs: 1500, graceMs: 500 }'), 'timeout', /Nothing was printed/],
    [
      'memory',
      command('const k = []; setInterval(() => k.push(Buffer.alloc(16 << 20, 1)), 10);', '{ memoryMb: 250 }'),
      'limit_memory',
      /The limit is 250 MiB, at most \d+ MiB/,
    ],
    [
      'processes',
      command(sh('bomb() { bomb | bomb & }; bomb; sleep 60'), '{ processes: 80 }'),
      'limit_processes',
      /The limit is 80/,
    ],
    [
      'disk',
      command(sh('while :; do head -c 20000000 /dev/zero > big.$$; cat big.$$ > big2.$$; done'), '{ diskMb: 48 }'),
      'limit_disk',
      /48 MiB/,
    ],
    ['output', command(sh('yes | head -c 100000000'), '{ outputMb: 4 }'), 'limit_output', /outputMb/],
    [
      'a SIGTERM that is ignored',
      command("process.on('SIGTERM', () => {}); setInterval(() => {}, 100);", '{ timeoutMs: 1500, graceMs: 500 }'),
      'timeout',
      /time limit/,
    ],
    [
      'an exit code of 137, which is no lack of memory',
      command('process.exit(137);', '{ memoryMb: 500 }'),
      'error_',
      /137/,
    ],
    [
      'a signal, which is none either',
      command("process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 100);", '{ memoryMb: 500 }'),
      'error_runner_crashed',
      /SIGKILL/,
    ],
    [
      'a report that cannot be parsed',
      command(
        "import { writeFileSync } from 'node:fs'; writeFileSync('out.xml', '<testsuite name=\"a\"><testcase name=\"x\"></testsuite></wrong>');",
        '{}',
      ),
      'error_corrupt_report',
      /could not be read/,
    ],
    ['a report that is a named pipe', command(sh('mkfifo out.xml'), '{}'), 'blocked_policy', /not a regular file/],
    ['a report that is a link', command(sh('ln -s /etc/passwd out.xml'), '{}'), 'blocked_policy', /symbolic link/],
    [
      'a report of 5 GB with nothing in it',
      command(sh('truncate -s 5G out.xml'), '{}'),
      'blocked_policy',
      /more than the limit/,
    ],
  ])(
    '%s',
    async (_what, files, outcome, sentence) => {
      const run = await baton.run(await project(files));
      expect(run.verdict).not.toBe('passed');
      const [batch] = await batches(run.id);
      expect(batch?.outcome).toMatch(new RegExp(`^${outcome}`));
      expect(`${run.sentence} ${run.notes.join(' ')} ${JSON.stringify(batch)}`).toMatch(sentence);
    },
    LONG,
  );
});

it.runIf(sealable)(
  '`baton run --untrusted` asks for it',
  async () => {
    const dir = await project({ 'test/a.test.js': "import test from 'node:test'; test('a', () => {});" });
    writeFileSync(join(dir, 'package-lock.json'), '{}');
    const baton2 = compiled('cli/main.js');
    const out = execFileSync(process.execPath, [baton2, 'run', dir, '--untrusted', '--json'], {
      env: { ...process.env, BATON_HOME: baton.home },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const id = /run_[0-9A-Z]{26}/.exec(out)?.[0] ?? '';
    expect(await baton.client.run(id)).toMatchObject({ trust: 'untrusted', verdict: 'passed' });
  },
  LONG,
);
