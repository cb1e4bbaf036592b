/** What was changed, from git alone; stored as `change.json`, so that only a few words of it travel. */
import type { ProjectConfig } from '../../domain/config.schema.js';
import { ProjectProblem } from '../../domain/failures.js';
import type { FrameworkAdapter, ProjectAccess } from '../../domain/framework.js';
import type { ArtifactStore, Ledger } from '../../domain/ports.js';
import { Change, type SuiteFact } from '../../domain/pre-release/change.schema.js';
import type { AnalysedChange, AnalyseInput, ChangeReader } from '../../domain/pre-release/ports.js';
import { PreReleaseConfig } from '../../domain/pre-release/settings.schema.js';
import { suitePriority } from '../../domain/priority.js';
import { projectOf } from '../../domain/project-of.js';
import { resolveSuites } from '../planning.js';

export interface AnalyseDeps {
  readonly ledger: Ledger;
  readonly artifacts: ArtifactStore;
  readonly changes: ChangeReader;
  readonly adapters: readonly FrameworkAdapter[];
  readonly projectConfig: (project: ProjectAccess) => Promise<ProjectConfig | undefined>;
}

export const CHANGE_FILE = 'change.json';

export function analyseChange(deps: AnalyseDeps, input: AnalyseInput): Promise<AnalysedChange> {
  const { execution, source, trust } = input;
  return deps.changes.read(source, input, async ({ change: seen, project, base }) => {
    const config = await deps.projectConfig(project);
    const { suites, notes } = await suitesOf(deps, project, config);
    // A stranger's change must not loosen the rules that it is judged by.
    const rules = trust === 'untrusted' ? base && (await deps.projectConfig(base)) : config;
    const settings = rules?.preRelease ?? PreReleaseConfig.parse({});
    const change = Change.parse({ ...seen, suites, settings, notes: [...seen.notes, ...notes] });
    const digest = await storeJson(deps, execution, CHANGE_FILE, change);
    const added = sum(change.files.map((file) => file.added));
    const deleted = sum(change.files.map((file) => file.deleted));
    const { commit, commits, subject } = change;
    const [author] = change.authors;
    const files = change.files.length + change.filesCut;
    const asked = input.project === 'none' ? undefined : input.project;
    return {
      digest,
      commit,
      base: change.base,
      branch: change.branch,
      dirty: change.dirty,
      project: asked ?? config?.project ?? projectOf(source),
      files,
      added,
      deleted,
      commits,
      subject,
      author: author ? { name: author.name, email: author.email } : null,
      settings: { rest: settings.rest, fix: settings.fix },
      sentence: sentenceOf(change, files, added, deleted),
    };
  });
}

/** A project whose suites cannot be seen from its files is tested as a whole: planning has the last word. */
async function suitesOf(
  { adapters }: AnalyseDeps,
  project: ProjectAccess,
  config: ProjectConfig | undefined,
): Promise<{ suites: SuiteFact[]; notes: string[] }> {
  try {
    const { suites } = await resolveSuites(adapters, project, config, {});
    return {
      suites: suites.map(({ name, framework, dir, priority }) => ({
        name,
        framework,
        dir,
        priority: priority ?? suitePriority({ name, dir }),
      })),
      notes: [],
    };
  } catch (error) {
    if (!(error instanceof ProjectProblem) || error.problem !== 'NoTests') throw error;
    return { suites: [], notes: ['No suite could be seen from the files; all of them are run together.'] };
  }
}

function sentenceOf(change: Change, files: number, added: number, deleted: number): string {
  if (change.commit === null) return change.notes[0] ?? 'What was changed is not known.';
  const dirty = change.dirty ? ', with what is not committed' : '';
  const [author] = change.authors;
  const by = author ? ` by ${author.name}` : '';
  return `${files} ${files === 1 ? 'file' : 'files'} (+${added} −${deleted}) in ${change.commits} ${change.commits === 1 ? 'commit' : 'commits'}${by}${dirty}, compared with ${change.base?.slice(0, 10) ?? 'nothing'} (${change.how}).`;
}

const sum = (values: readonly (number | null)[]): number =>
  values.reduce<number>((all, value) => all + (value ?? 0), 0);

/** Stored under a name of the execution; a repetition replaces it by the same. */
export async function storeJson(
  { artifacts, ledger }: Pick<AnalyseDeps, 'artifacts' | 'ledger'>,
  execution: string,
  name: string,
  value: object,
): Promise<string> {
  const stored = await artifacts.put(Buffer.from(JSON.stringify(value, null, 1), 'utf8'));
  await ledger.addArtifact(execution, { name, mediaType: 'application/json', ...stored });
  return stored.digest;
}

export async function readChange({ artifacts }: Pick<AnalyseDeps, 'artifacts'>, digest: string): Promise<Change> {
  return Change.parse(JSON.parse(Buffer.from(await artifacts.get(digest)).toString('utf8')));
}
