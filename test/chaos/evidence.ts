/** What is kept of a segment with findings: the logs of all parts, and the history of each execution that a finding names. */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { clientOf } from './client.js';
import type { Shape } from './shape.js';

/** Histories are the engine's, as `baton replay` reads them. */
const MOST_HISTORIES = 5;

export async function keepEvidence(shape: Shape, findings: readonly string[], dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'findings.txt'), `${findings.join('\n')}\n`);
  for (const file of shape.logs()) await cp(file, join(dir, basename(file)));
  const named = new Set(findings.flatMap((text) => text.match(/\brun_[0-9A-Z]+/g) ?? []));
  const client = clientOf(shape, 10_000);
  for (const id of [...named].slice(0, MOST_HISTORIES)) {
    const told = await client.recording(id).then(
      (recording) => JSON.stringify(recording, null, 1),
      (error: unknown) => `the history could not be had: ${String(error)}`,
    );
    await writeFile(join(dir, `${id}.json`), told);
  }
}
