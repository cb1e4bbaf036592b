/** The shape of `npm run cluster`, read from the manifest it keeps: parts with name, kind and pid, supervised by itself. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { PACKAGE_ROOT } from '../../config/package.js';
import { descendants } from './processes.js';
import { type ChaosPart, type Shape, STORM_ENV } from './shape.js';

/** What a storm needs of it; the rest is the cluster's own. */
const Manifest = z.object({
  parts: z.array(z.object({ name: z.string(), kind: z.string(), pid: z.int() })),
  apis: z.array(z.string()).min(1),
  apiKey: z.string(),
  temporal: z.object({ address: z.string(), namespace: z.string() }),
  data: z.object({ home: z.string(), logs: z.string() }),
});
type Manifest = z.infer<typeof Manifest>;

const KINDS = new Set<string>(['runner', 'control', 'api', 'temporal', 'postgres']);
const STOP_MS = 60_000;

export async function clusterShape(options: {
  runners: number;
  env?: Readonly<Record<string, string>>;
  say: (line: string) => void;
}): Promise<Shape> {
  // Not below the home of root: the database's own user has to get in.
  const home = await mkdtemp('/var/tmp/baton-chaos-cluster-');
  await chmod(home, 0o755);
  const args = ['run', '--silent', 'cluster', '--', '--json', '--home', home, '--runners', String(options.runners)];
  const child = spawn('npm', args, {
    cwd: PACKAGE_ROOT,
    env: { ...process.env, ...STORM_ENV, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  createInterface({ input: child.stderr }).on('line', (line) => options.say(line));
  const manifest = Manifest.parse(JSON.parse(await firstLine(child)));
  const file = join(home, 'cluster.json');
  const parts = (): ChaosPart[] =>
    partsOf(existsSync(file) ? Manifest.parse(JSON.parse(readFileSync(file, 'utf8'))) : manifest);
  return {
    name: 'cluster',
    api: manifest.apis[0]!,
    token: manifest.apiKey,
    home: manifest.data.home,
    temporal: manifest.temporal,
    links: {},
    disks: [],
    parts,
    logs: () => readdirSync(manifest.data.logs).map((name) => join(manifest.data.logs, name)),
    async stop() {
      const ended = once(child, 'exit');
      process.kill(-child.pid!, 'SIGTERM');
      const killer = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), STOP_MS);
      await ended;
      clearTimeout(killer);
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function firstLine(child: ReturnType<typeof spawn>): Promise<string> {
  const lines = createInterface({ input: child.stdout! });
  const line = once(lines, 'line').then(([text]) => String(text));
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`npm run cluster ended with exit code ${String(code)} before it was ready`);
  });
  return Promise.race([line, ended]);
}

/** The store of artifacts is another program's promise; everything of Baton, Temporal and PostgreSQL is hit. */
const partsOf = ({ parts }: Manifest): ChaosPart[] =>
  parts
    .filter(({ kind }) => KINDS.has(kind))
    .map(({ name, kind, pid }) => ({
      name,
      kind: kind as ChaosPart['kind'],
      pid,
      also: kind === 'postgres' && pid > 0 ? descendants(pid) : [],
    }));
