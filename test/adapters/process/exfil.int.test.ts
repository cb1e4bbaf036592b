/** What untrusted code can get at: more than forty probes, none of which may succeed, and a control in which they do. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sealFor, untrustedEnvironment } from '../../../adapters/process/sealing.js';
import { fixture, testCage } from './cage-harness.js';

interface Answer {
  readonly probe: string;
  readonly got: boolean;
  readonly why: string;
}

const sealing = process.platform === 'linux' ? await testCage({ spare: false }).sealing() : 'not Linux';
const asRoot = process.getuid?.() === 0;
const CANARY = `canary-${process.pid}-${Math.random().toString(36).slice(2)}`;
const SECRET = 'token-5c1f0e9d7a';

/** What only root gets at, and what this machine need not have: no proof that the kit works, either way. */
const NOT_EVERYWHERE = new Set([
  ...['docker socket', 'address of instance metadata', 'system request key', 'own address of the machine'],
  ...['any interface but loopback', 'a route to elsewhere', 'API by TCP version 6', 'a disk', 'keys of the machine'],
  ...['physical memory', 'a remount of the root', 'root of another process', 'user namespace that may write more'],
  ...['file through a hard link in the workspace', 'namespace of the first process', 'modprobe path'],
]);
const ROOT_ONLY = new Set([
  ...['file of root', 'password hashes', 'writing /etc', 'writing /usr', 'core pattern', 'kernel switches of memory'],
  ...['a new device file', 'a mount', 'a capability', 'becoming another user', 'a capability still to be had'],
  ...['memory of another process', 'environment of the parent'],
]);

const ROOT_FILE = join('/', 'root', `.baton-exfil-${process.pid}`);

let dir: string;
let canary: ChildProcess;
const servers: Server[] = [];
let aim: Record<string, unknown>;
let workspace: string;

const listen = (where: object): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.end());
    servers.push(server);
    server.once('error', reject);
    server.listen(where, () => {
      const at = server.address();
      resolve(at !== null && typeof at === 'object' ? at.port : 0);
    });
  });

function file(path: string): string {
  mkdirSync(join(dir, path, '..'), { recursive: true });
  writeFileSync(join(dir, path), CANARY);
  return join(dir, path);
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'baton-exfil-'));
  if (asRoot) writeFileSync(ROOT_FILE, CANARY);
  const home = file('home/.ssh/id_ed25519');
  const data = file('home/.baton/db/data');
  workspace = join(dir, 'home/.baton/workspaces/shop/untrusted/slot-1');
  mkdirSync(join(workspace, '.git'), { recursive: true });
  const sibling = file('home/.baton/workspaces/shop/slot-1/secret.txt');
  canary = spawn('sleep', ['600'], { env: { PATH: '/usr/bin:/bin', CANARY }, cwd: dir, stdio: 'ignore' });
  const local = { host: '127.0.0.1', port: 0 };
  const address = Object.values(networkInterfaces())
    .flat()
    .find((each) => each && !each.internal && each.family === 'IPv4')?.address;
  aim = {
    canary: CANARY,
    secret: SECRET,
    pid: process.pid,
    cmdline: readFileSync(`/proc/${process.pid}/cmdline`, 'utf8').slice(0, 20),
    homeFile: home,
    dataFile: data,
    rootFile: ROOT_FILE,
    siblingFile: sibling,
    tempFile: file('shared.txt'),
    gitDir: join(workspace, '.git'),
    privateDirs: [],
    apiPort: await listen(local),
    apiPortAll: await listen({ host: '0.0.0.0', port: 0 }),
    apiPort6: await listen({ host: '::1', port: 0 }).catch(() => 1),
    temporalPort: await listen(local),
    databasePort: await listen(local),
    databaseSocket: join(dir, 'pg.sock'),
    abstractName: CANARY,
    address: address ?? '192.0.2.1',
  };
  await listen({ path: join(dir, 'pg.sock') });
  await listen({ path: `\0${CANARY}` });
});
afterAll(() => {
  canary?.kill('SIGKILL');
  if (asRoot) rmSync(ROOT_FILE, { force: true });
  for (const server of servers) server.close();
  rmSync(dir, { recursive: true, force: true });
});

const parse = (text: string): Answer[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('{"probe"'))
    .map((line) => JSON.parse(line) as Answer);

async function sealed(): Promise<Answer[]> {
  const home = join(dir, 'home/.baton');
  const scratch = join(home, 'spool/e.b.1/scratch');
  const outputFile = join(home, 'spool/e.b.1/output.log');
  mkdirSync(scratch, { recursive: true });
  const reporters = join(fixture('exfil.mjs'), '..');
  const base = { ...process.env, HOME: join(dir, 'home'), API_TOKEN: SECRET };
  const { env } = untrustedEnvironment(base, { set: {} }, { HOME: scratch, TMPDIR: scratch });
  const options = { home, environment: base, readable: [], reporters };
  const seal = sealFor(options, { root: workspace, writable: [scratch], readable: [join(workspace, '.git')] });
  const child = await testCage({ spare: false }).start({
    command: process.execPath,
    args: [fixture('exfil.mjs'), JSON.stringify(aim)],
    cwd: workspace,
    env,
    limits: { timeoutMs: 120_000, graceMs: 1_000, outputMb: 8 },
    outputFile,
    seal,
  });
  const exit = await child.exit;
  const text = readFileSync(outputFile, 'utf8');
  expect(exit, text).toMatchObject({ code: 0, killed: null, sealed: true, isolation: 'bubblewrap' });
  return parse(text);
}

/** Without any cage; where root runs it, in a mount namespace, so that its mounts end with it. */
function uncaged(): Answer[] {
  const command = [process.execPath, fixture('exfil.mjs'), JSON.stringify(aim)];
  const [program = '', ...args] = asRoot ? ['unshare', '-m', '--', ...command] : command;
  const env = { ...process.env, API_TOKEN: SECRET };
  // Not waited for by this thread: the sockets it connects to are served here.
  return parse(spawnSync(program, args, { cwd: workspace, env, encoding: 'utf8', timeout: 120_000 }).stdout);
}

test.runIf(sealing === null)(
  'untrusted code gets at nothing, and what is not caged gets at nearly everything',
  async () => {
    const inside = await sealed();
    const outside = new Map(uncaged().map(({ probe, got, why }) => [probe, { got, why }]));
    const rows = inside.map(({ probe, got, why }) => {
      const control = outside.get(probe);
      return `${(got ? 'GOT' : 'refused').padEnd(8)} ${(control?.got ? 'got' : 'refused').padEnd(8)} ${probe}${why ? ` (${why.slice(0, 50)})` : ''}`;
    });
    console.log(['untrusted uncaged', ...rows, `${inside.length} probes`].join('\n'));
    expect(inside.length).toBeGreaterThanOrEqual(45);
    expect(outside.size).toBe(inside.length);
    expect(inside.filter(({ got }) => got).map(({ probe }) => probe)).toEqual([]);
    const blind = inside
      .map(({ probe }) => probe)
      .filter((probe) => !NOT_EVERYWHERE.has(probe) && (asRoot || !ROOT_ONLY.has(probe)) && !outside.get(probe)?.got);
    expect(blind, 'probes that fail for everybody prove nothing').toEqual([]);
  },
  300_000,
);

test.each(['pid-namespace', 'process-group'] as const)('at level %s nothing untrusted is started', async (level) => {
  const cage = testCage({ level, spare: false });
  const reached = await cage.isolation().then(
    () => true,
    () => false,
  );
  if (!reached) return;
  const mark = join(dir, `started-${level}`);
  const seal = { writable: [dir], readable: [], hidden: [], network: false };
  const limits = { timeoutMs: 20_000, graceMs: 0, outputMb: 1 };
  const outputFile = join(dir, 'none.log');
  const env = { PATH: '/usr/bin:/bin' };
  const child = await cage.start({ command: 'touch', args: [mark], cwd: dir, env, limits, outputFile, seal });
  expect(await child.exit).toMatchObject({
    killed: 'policy',
    startError: expect.stringContaining('nothing was started'),
  });
  expect(() => readFileSync(mark)).toThrow(/ENOENT/);
});
