/** Report files that a command was asked for: checked before the run, written whole after it. */
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { ReportFormat } from '../domain/api.schema.js';
import { writeAtomically } from '../workers/stack/manifest.js';
import type { Client } from './client.js';
import { CommandEnd, EXIT } from './exit-codes.js';

export interface WantedFile {
  readonly format: ReportFormat;
  readonly file: string;
}

/** A path that cannot be written is found before the tests run, not after. */
export function wantedFiles(options: { junit?: string; ctrf?: string; html?: string }, base: string): WantedFile[] {
  const given = (['junit', 'ctrf', 'html'] as const).flatMap((format) => {
    const path = options[format];
    return path ? [{ format, file: resolve(base, path) }] : [];
  });
  for (const { file, format } of given) {
    try {
      mkdirSync(dirname(file), { recursive: true });
    } catch (error) {
      throw new CommandEnd(
        `--${format}: ${dirname(file)} cannot be made (${(error as NodeJS.ErrnoException).code ?? error}).`,
        EXIT.usage,
      );
    }
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory())
      throw new CommandEnd(`--${format} ${file} is a directory; give the path of a file.`, EXIT.usage);
  }
  return given;
}

/** Returns what could not be written, with one sentence each. */
export async function writeFiles(
  client: Client,
  id: string,
  files: readonly WantedFile[],
): Promise<Map<WantedFile, string>> {
  const problems = new Map<WantedFile, string>();
  for (const wanted of files) {
    try {
      writeAtomically(wanted.file, await client.report(id, wanted.format));
    } catch (error) {
      const why = (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.message : String(error));
      problems.set(wanted, `${wanted.file} could not be written (${why}).`);
    }
  }
  return problems;
}

const REPORTS_KEPT = 50;

/** Keeps the HTML page of a run where a browser can open it without the API. */
export async function keepReport(client: Client, id: string, home: string): Promise<string> {
  const dir = join(home, 'reports');
  const file = join(dir, `${id.replace(/[^\w.-]/g, '_')}.html`);
  writeAtomically(file, await client.report(id, 'html'));
  const byAge = readdirSync(dir)
    .map((name) => join(dir, name))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  for (const old of byAge.slice(REPORTS_KEPT)) rmSync(old, { force: true });
  return file;
}
