/** The sweep deletes directories: what it may take, and what it must leave. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Workspaces, workspaces } from '../../../adapters/vcs/workspace.js';
import type { Source } from '../../../domain/run.schema.js';
import { recordedExec, repository, type TestRepository } from './repo.js';

const HOUR_MS = 3_600_000;
const FOREVER = { maxAgeMs: 365 * 24 * HOUR_MS, maxBytes: Number.MAX_SAFE_INTEGER };

let dir: string;
let over: Set<string>;
let spaces: Workspaces;

beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'baton-sweep-')));
  over = new Set();
  spaces = workspaces({
    home: join(dir, 'home'),
    exec: recordedExec(),
    environment: { PATH: process.env['PATH'], HOME: '/nonexistent' },
    finished: async (execution) => over.has(execution),
  });
});
afterEach(() => rmSync(dir, { recursive: true, force: true, maxRetries: 3 }));

function project(name: string): TestRepository {
  const repo = repository(join(dir, name));
  repo.commit({ 'a.txt': name, 'big.bin': 'x'.repeat(400_000) });
  return repo;
}
const source = (repo: TestRepository): Source => ({ kind: 'commit', repository: repo.dir, commit: 'main' });

/** A checkout that was last used so long ago. */
async function checkout(repo: TestRepository, execution: string, hoursAgo: number): Promise<string> {
  const { root } = await spaces.ensure(source(repo), execution);
  return aged(root, hoursAgo);
}
function aged(root: string, hoursAgo: number): string {
  const at = new Date(Date.now() - hoursAgo * HOUR_MS);
  for (const path of [root, join(`${root}.git`, 'index'), join(dirname(root), 'mirror.git')])
    if (existsSync(path)) utimesSync(path, at, at);
  return root;
}
const mirror = (root: string): string => join(dirname(root), 'mirror.git');

describe('the sweep of checkouts', () => {
  test('deletes what nobody has used for long, its copy of the repository last, and nothing else', async () => {
    const [old, fresh] = [project('old'), project('fresh')];
    const gone = await checkout(old, 'run-1', 50);
    const kept = await checkout(fresh, 'run-2', 1);
    await spaces.release('run-1');
    await spaces.release('run-2');
    const removed = await spaces.sweep({ ...FOREVER, maxAgeMs: 48 * HOUR_MS });
    expect(removed.sort()).toEqual([mirror(gone), gone].sort());
    expect([gone, `${gone}.git`, mirror(gone)].filter(existsSync)).toEqual([]);
    expect(readFileSync(join(kept, 'a.txt'), 'utf8')).toBe('fresh');
    expect([mirror(kept), old.dir, fresh.dir].every(existsSync)).toBe(true);
    // What it has deleted is simply made again.
    expect(readFileSync(join((await spaces.ensure(source(old), 'run-3')).root, 'a.txt'), 'utf8')).toBe('old');
  });

  test('leaves what an execution under way holds, however old, and takes it once that has finished', async () => {
    const root = await checkout(project('held'), 'run-1', 500);
    expect(await spaces.sweep({ maxAgeMs: HOUR_MS, maxBytes: 0 })).toEqual([]);
    expect(existsSync(join(root, 'a.txt'))).toBe(true);
    over.add('run-1');
    expect(await spaces.sweep({ maxAgeMs: HOUR_MS, maxBytes: 0 })).toContain(root);
    expect(existsSync(root)).toBe(false);
  });

  test('takes the oldest first when there is too little room, and never what was just used', async () => {
    const roots = [];
    for (const [i, hours] of [30, 20, 0].entries()) {
      roots.push(await checkout(project(`p${i}`), `run-${i}`, hours));
      await spaces.release(`run-${i}`);
    }
    const removed = await spaces.sweep({ ...FOREVER, maxBytes: 1 });
    expect(removed.indexOf(roots[0]!)).toBeLessThan(removed.indexOf(roots[1]!));
    expect(removed).toContain(roots[1]);
    expect(removed).not.toContain(roots[2]);
    expect(existsSync(join(roots[2]!, 'a.txt'))).toBe(true);
  });

  test('stops as soon as there is room enough', async () => {
    const older = await checkout(project('older'), 'run-1', 30);
    const newer = await checkout(project('newer'), 'run-2', 20);
    await spaces.release('run-1');
    await spaces.release('run-2');
    const used =
      1024 * Number(execFileSync('du', ['-sk', join(dir, 'home', 'workspaces')], { encoding: 'utf8' }).split('\t')[0]);
    const removed = await spaces.sweep({ ...FOREVER, maxBytes: used - 200_000 });
    expect(removed).toContain(older);
    expect(removed).not.toContain(newer);
  });

  test('finishes what a killed sweep had begun, and does not mind what is not a project', async () => {
    const root = await checkout(project('shop'), 'run-1', 1);
    const place = dirname(root);
    mkdirSync(join(place, '.trash-left', 'deep'), { recursive: true });
    writeFileSync(join(place, '.trash-left', 'deep', 'file'), 'x');
    const stray = join(dirname(place), 'notes.txt');
    writeFileSync(stray, 'mine');
    await spaces.sweep(FOREVER);
    expect(readdirSync(place).filter((name) => name.startsWith('.trash-'))).toEqual([]);
    expect(readFileSync(stray, 'utf8')).toBe('mine');
    expect(existsSync(join(root, 'a.txt'))).toBe(true);
  });

  test('of a home without any checkout is nothing to do', async () => {
    expect(await spaces.sweep(FOREVER)).toEqual([]);
  });
});
