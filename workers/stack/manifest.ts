/** `$BATON_HOME/stack.json`: what is up, so that other commands, tests and people find it. Written whole or not at all. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { isSameProcess } from '../../scripts/lib/lock.mjs';

export const Part = z.object({
  name: z.string().describe('temporal, control, runner-1 …'),
  pid: z.int(),
  ticks: z
    .string()
    .describe('Start time of the process as /proc gives it; tells it from a later one with the same pid.'),
  ports: z.array(z.int()),
  log: z.string(),
  restarts: z.int(),
  readyMs: z.number().describe('From the start of the stack until this part was ready the first time.'),
});
export type Part = z.infer<typeof Part>;

export const Manifest = z.object({
  version: z.literal(1),
  startedAt: z.iso.datetime(),
  readyMs: z.number().describe('How long the start took.'),
  supervisor: z.object({ pid: z.int(), ticks: z.string() }),
  /** Set when the stack goes down with the run that brought it up. */
  temporary: z.boolean(),
  parts: z.array(Part),
  api: z.string(),
  docs: z.string(),
  webUi: z.string().nullable(),
  temporal: z.object({ address: z.string(), namespace: z.string() }),
  data: z.object({ home: z.string(), logs: z.string(), temporal: z.string().nullable() }),
});
export type Manifest = z.infer<typeof Manifest>;

export const manifestFile = (home: string): string => join(home, 'stack.json');

export function writeManifest(home: string, manifest: Manifest): void {
  writeAtomically(manifestFile(home), `${JSON.stringify(manifest, null, 2)}\n`);
}

export function removeManifest(home: string): void {
  rmSync(manifestFile(home), { force: true });
}

/** The manifest on disk, whether or not its stack still runs. Null when there is none or it cannot be read. */
export function readManifest(home: string): Manifest | null {
  try {
    return Manifest.parse(JSON.parse(readFileSync(manifestFile(home), 'utf8')));
  } catch {
    return null;
  }
}

/** The manifest of a stack whose supervisor is alive. */
export function runningStack(home: string): Manifest | null {
  const manifest = readManifest(home);
  return manifest && isSameProcess(manifest.supervisor.pid, manifest.supervisor.ticks) ? manifest : null;
}

/** Readers see the old file or the new one, never half of it. */
export function writeAtomically(file: string, content: string | Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, content, { mode: 0o600 });
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
