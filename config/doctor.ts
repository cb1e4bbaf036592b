/** Examines a project the way a runner would, by really running each detected framework. */
import { resolveSuites } from '../activities/planning.js';
import { ProjectProblem } from '../domain/failures.js';
import type { ProjectAccess } from '../domain/framework.js';
import type { Suite } from '../domain/plan.schema.js';
import { readSettings } from './config.js';
import { type ProjectTools, projectTools } from './project.js';

export interface ExaminedSuite {
  readonly name: string;
  readonly framework: string;
  /** Where the decision for this framework comes from. */
  readonly because: string;
  readonly files: number;
  readonly version?: string;
  /** What is missing and what to do. */
  readonly problem?: string;
}

export interface Examination {
  readonly suites: readonly ExaminedSuite[];
  /** Why no suite could be looked at, such as a malformed configuration. */
  readonly problem?: string;
  readonly isolation: { readonly level: string; readonly lacks: readonly string[] };
  /** Why untrusted code cannot be run here; null when it can. */
  readonly sealing: string | null;
}

export async function examineProject(dir: string): Promise<Examination> {
  const tools = projectTools(readSettings());
  try {
    const isolation = await tools.cage.isolation();
    const sealing = await tools.sealing();
    const project = tools.project(dir);
    try {
      const config = await tools.projectConfig(project);
      const { suites } = await resolveSuites(tools.adapters, project, config, {});
      const examined: ExaminedSuite[] = [];
      for (const suite of suites) examined.push(await examineSuite(tools, suite, project));
      return { suites: examined, isolation, sealing };
    } catch (error) {
      return { suites: [], problem: sentence(error), isolation, sealing };
    }
  } finally {
    tools.close();
  }
}

async function examineSuite(tools: ProjectTools, suite: Suite, project: ProjectAccess): Promise<ExaminedSuite> {
  const about = { name: suite.name, framework: suite.framework, because: suite.because };
  try {
    const adapter = tools.adapter(suite.framework);
    const version = await adapter.version(suite, project);
    await adapter.prepare?.(suite, project, 1);
    const { length: files } = await adapter.discover(suite, project);
    return files > 0 ? { ...about, files, version } : { ...about, files, version, problem: 'no test files were found' };
  } catch (error) {
    return { ...about, files: 0, problem: sentence(error) };
  }
}

function sentence(error: unknown): string {
  if (error instanceof ProjectProblem) return error.message;
  return error instanceof Error ? error.message : String(error);
}
