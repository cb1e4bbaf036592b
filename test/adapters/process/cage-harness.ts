/** What the cage's tests share: a scratch folder, a request with small limits, a look at what is left. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { type CageOptions, createCage, type ProcessCage } from '../../../adapters/process/cage.js';
import { withEnvironment } from '../../../adapters/process/process-table.js';
import { ISOLATION_LEVELS, type IsolationLevel } from '../../../adapters/process/protocol.js';
import type { CageRequest } from '../../../domain/runner-ports.js';
import { compiledCageMain } from './compiled-cage.js';

export const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/process/${name}`, import.meta.url));
export const PATH = '/usr/local/bin:/usr/bin:/bin';

export class Scratch {
  readonly dir = mkdtempSync(join(tmpdir(), 'baton-cage-test-'));
  readonly output = join(this.dir, 'output.log');
  /** Every process of this test carries it, so that leftovers are found whatever the cage believes. */
  readonly mark = `TEST_MARK=${this.dir}`;

  request(command: string, args: readonly string[], changes: Partial<CageRequest> = {}): CageRequest {
    return {
      command,
      args,
      cwd: this.dir,
      env: { PATH, TEST_MARK: this.dir },
      outputFile: this.output,
      ...changes,
      limits: { timeoutMs: 60_000, graceMs: 1_000, outputMb: 512, ...changes.limits },
    };
  }

  sh(script: string, changes: Partial<CageRequest> = {}): CageRequest {
    return this.request('sh', ['-c', script], changes);
  }

  text(): string {
    return readFileSync(this.output, 'utf8');
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export function testCage(options: CageOptions = {}): ProcessCage {
  return createCage({ cageMain: compiledCageMain(), ...options });
}

/** Levels that work for this user on this machine; the last always does. */
export async function workingLevels(): Promise<IsolationLevel[]> {
  const working: IsolationLevel[] = [];
  for (const level of process.platform === 'linux' ? ISOLATION_LEVELS : (['process-group'] as const)) {
    const cage = testCage({ level, spare: false });
    if (
      await cage.isolation().then(
        () => true,
        () => false,
      )
    )
      working.push(level);
  }
  return working;
}

export function cgroupLeftovers(): string[] {
  const parents = ['memory', 'pids'].flatMap((controller) => {
    try {
      const own = readFileSync('/proc/self/cgroup', 'utf8')
        .split('\n')
        .find((row) => row.split(':')[1]?.split(',').includes(controller));
      return [join('/sys/fs/cgroup', controller, own?.split(':').slice(2).join(':') ?? '/')];
    } catch {
      return []; // no cgroups here
    }
  });
  return parents.flatMap((dir) => {
    try {
      return readdirSync(dir).filter((name) => name.startsWith('baton-cage-'));
    } catch {
      return []; // this controller is not mounted
    }
  });
}

export function expectNothingLeft(scratch: Scratch): void {
  expect(withEnvironment(scratch.mark), 'processes of the test').toEqual([]);
}

/** Waits for a condition, at most `timeoutMs`. */
export async function until<T>(what: string, look: () => T | Promise<T>, timeoutMs = 20_000): Promise<NonNullable<T>> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found) return found as NonNullable<T>;
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
