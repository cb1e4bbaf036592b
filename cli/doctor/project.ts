/** The project: what was detected in it, and the version that each framework itself printed. */
import { ProjectProblem } from '../../domain/failures.js';
import { type Check, missing, ok, weak } from './check.js';

const SEE = 'see docs/configuration.md';

export interface Examination {
  readonly suites: readonly {
    name: string;
    framework: string;
    because: string;
    files: number;
    version?: string;
    problem?: string;
  }[];
  /** Why no suite could be looked at. */
  readonly problem?: string;
  readonly isolation: { readonly level: string; readonly lacks: readonly string[] };
  /** Why untrusted code cannot be run here; null when it can. */
  readonly sealing?: string | null;
}

export async function projectChecks(dir: string, examine: (dir: string) => Promise<Examination>): Promise<Check[]> {
  try {
    const { suites, problem, isolation, sealing } = await examine(dir);
    const whole = problem ? [missing('project', problem, SEE)] : [];
    return [...whole, ...suites.map(suiteCheck), cageCheck(isolation), ...sealCheck(sealing)];
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return [missing('project', detail, error instanceof ProjectProblem ? SEE : 'run again with BATON_LOG_LEVEL=debug')];
  }
}

function suiteCheck(suite: Examination['suites'][number]): Check {
  const name = `suite ${suite.name}`;
  const what = `${suite.framework}${suite.version ? ` ${suite.version}` : ''}, ${suite.files} files (${suite.because})`;
  if (suite.problem)
    return missing(name, `${what}: ${suite.problem}`, 'install what the project needs, then look again');
  if (suite.files === 0)
    return missing(name, `${what}: no test files`, 'name them with `include` in baton.config.yaml');
  return ok(name, what);
}

function sealCheck(sealing: string | null | undefined): Check[] {
  if (sealing === undefined) return [];
  const name = 'untrusted code';
  if (sealing === null) return [ok(name, 'runs without network, secrets or sight of the machine')];
  return [
    weak(name, `${sealing} Runs of untrusted code are refused here.`, 'install bubblewrap and allow user namespaces'),
  ];
}

function cageCheck({ level, lacks }: Examination['isolation']): Check {
  return lacks.length === 0
    ? ok('cage', level)
    : weak('cage', `${level}; not protected: ${lacks.join(', ')}`, 'install bubblewrap where the system has it');
}
