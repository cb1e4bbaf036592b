/** Where a command leaves its report, and what lay there before it began. */
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { isAbsolute, join, posix } from 'node:path';
import { ProjectProblem } from '../../../domain/failures.js';
import type { CommandRequest } from '../../../domain/framework.js';
import type { Suite } from '../../../domain/plan.schema.js';
import { findFiles } from '../reports/find-files.js';
import { freshLook, type Snapshot, snapshot } from '../reports/fresh-reports.js';

export type ReportSetting = NonNullable<Suite['report']>;

const EXTENSION: Readonly<Record<ReportSetting['format'], string>> = { junit: 'xml', ctrf: 'json', tap: 'tap' };

/** The command and report of a suite. Throws `ProjectProblem` when one is missing or cannot be honoured. */
export function settingsOf(suite: Suite): { command: readonly string[]; report: ReportSetting } {
  const { command, report, name } = suite;
  if (!command || !report) {
    throw new ProjectProblem(
      'ConfigInvalid',
      `suite ${name}: framework \`command\` needs \`command\` (program and arguments) and \`report\` (its format, and its path).`,
    );
  }
  if (report.path !== undefined && (isAbsolute(report.path) || posix.normalize(report.path).startsWith('..'))) {
    throw new ProjectProblem(
      'ConfigInvalid',
      `suite ${name}: report.path must stay inside the suite's directory, but is ${report.path}.`,
    );
  }
  return { command, report };
}

/** A directory of the attempt for reports; `TMPDIR` next to it may hold anything. */
export const reportDir = ({ scratchDir }: CommandRequest): string => join(scratchDir, 'baton-reports');

export const ownReport = (request: CommandRequest, { format }: ReportSetting): string =>
  join(reportDir(request), `report.${EXTENSION[format]}`);

/** TAP is read from standard output unless something says where else it is. */
export function readsStdout({ command, report }: ReturnType<typeof settingsOf>): boolean {
  return report.format === 'tap' && report.path === undefined && !command.some((arg) => arg.includes('{report}'));
}

const stateFile = (request: CommandRequest): string => join(request.scratchDir, 'command-attempt.json');

export async function rememberReports(request: CommandRequest, dir: string, report: ReportSetting): Promise<void> {
  await mkdir(reportDir(request), { recursive: true });
  const before =
    report.path === undefined ? {} : await snapshot((await findFiles(dir, report.path)).map((path) => join(dir, path)));
  await writeFile(stateFile(request), JSON.stringify(before));
}

/** Absolute paths of the reports that this attempt wrote. */
export async function freshReports(request: CommandRequest, dir: string, report: ReportSetting): Promise<string[]> {
  const before = JSON.parse(readFileSync(stateFile(request), 'utf8')) as Snapshot;
  const own = (await findFiles(reportDir(request), `**/*.${EXTENSION[report.format]}`)).map((path) =>
    join(reportDir(request), path),
  );
  const named = report.path === undefined ? [] : (await findFiles(dir, report.path)).map((path) => join(dir, path));
  const fresh: string[] = [];
  for (const path of [...own, ...named]) if ((await freshLook(path, before)) !== undefined) fresh.push(path);
  return fresh;
}
