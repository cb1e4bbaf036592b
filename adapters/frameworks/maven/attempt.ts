/**
 * What `command` finds out before Maven starts and `reader` needs while it runs. It travels through a file in the
 * attempt's own directory, because both are called independently of each other.
 */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandRequest } from '../../../domain/framework.js';
import { entriesOf } from '../reports/entries.js';
import { type Snapshot, snapshot } from '../reports/fresh-reports.js';
import { findTestFiles, type Reactor, readReactor, type TestFile } from './reactor.js';

export interface ModuleFacts {
  readonly dir: string;
  readonly artifactId: string;
  readonly reportsDir: string;
  readonly classesDir: string;
}

export interface MavenAttempt {
  readonly modules: readonly ModuleFacts[];
  /** Every test file of the suite, also those of other batches. */
  readonly files: readonly TestFile[];
  /** Reports that were there before. */
  readonly before: Snapshot;
  /** Surefire tries failed tests again by itself and writes a report anew after each try. */
  readonly reruns: boolean;
  /** JUnit runs classes side by side in one process, so a report may hold cases of other classes. */
  readonly parallel: boolean;
}

const fileOf = (request: Pick<CommandRequest, 'scratchDir'>): string => join(request.scratchDir, 'maven-attempt.json');
const REPORT = /^TEST-.*\.xml$/;

export async function prepareAttempt(
  request: CommandRequest,
  dir: string,
): Promise<{ reactor: Reactor; files: TestFile[] }> {
  const reactor = await readReactor(dir);
  const files = await findTestFiles(dir, reactor);
  const paths = await Promise.all(reactor.modules.map((module) => reportPaths(dir, module)));
  const words = `${reactor.text}\n${request.suite.args.join('\n')}`;
  const attempt: MavenAttempt = {
    modules: reactor.modules.map(({ dir: at, artifactId, reportsDir, classesDir }) => ({
      dir: at,
      artifactId,
      reportsDir,
      classesDir,
    })),
    files,
    before: await snapshot(paths.flat()),
    reruns: words.includes('rerunFailingTestsCount'),
    parallel: /<parallel>|junit\.jupiter\.execution\.parallel|-Dparallel/.test(words),
  };
  await writeFile(fileOf(request), JSON.stringify(attempt));
  return { reactor, files };
}

/** Undefined while `command` has not run yet. */
export function loadAttempt(request: CommandRequest): MavenAttempt | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(request), 'utf8')) as MavenAttempt;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Absolute paths of Surefire's reports of a module, in a stable order. */
export async function reportPaths(dir: string, module: Pick<ModuleFacts, 'reportsDir'>): Promise<string[]> {
  const entries = await entriesOf(join(dir, module.reportsDir));
  return entries
    .filter((entry) => REPORT.test(entry.name))
    .map((entry) => join(dir, module.reportsDir, entry.name))
    .sort();
}
