/** Actions of the control process, by `role.action`. A port that is not wired leaves its actions out. */
import type { CodeHosts } from '../../domain/code-host.js';
import { AskAnswer } from '../../domain/definitions/ask.schema.js';
import type { ActionHandler, PinCommit } from '../../domain/definitions/ports.js';
import { isObject } from '../../domain/definitions/json.js';
import type { DefinitionStore } from '../../domain/definitions/store.js';
import { ProjectProblem } from '../../domain/failures.js';
import { type Model, NoAnswer } from '../../domain/model.js';
import type { ArtifactStore, Ledger } from '../../domain/ports.js';
import type { Source } from '../../domain/run.schema.js';
import { type HttpDeps, httpRequest, type Outbox } from './http.js';
import { htmlReport } from './report.js';
import { StepProblem } from './step-problem.js';

export interface HandlerDeps {
  readonly definitions: DefinitionStore;
  readonly ledger: Ledger;
  readonly artifacts: ArtifactStore;
  readonly outbox: Outbox;
  readonly http?: Omit<HttpDeps, 'outbox'> | undefined;
  readonly model?: Model | undefined;
  readonly hosts?: CodeHosts | undefined;
  readonly pin?: PinCommit | undefined;
}

export function actionHandlers(deps: HandlerDeps): Record<string, ActionHandler> {
  return {
    'test_runner.setup_environment': setup(deps.pin),
    'report_generator.generate_html_report': htmlReport(deps),
    ...(deps.http ? { 'http.request': httpRequest({ ...deps.http, outbox: deps.outbox }) } : {}),
    ...(deps.model ? { 'ai.ask': ask(deps.model) } : {}),
    ...(deps.hosts
      ? { 'vcs.set_status': setStatus(deps.hosts, deps.outbox), 'vcs.comment': comment(deps.hosts, deps.outbox) }
      : {}),
  };
}

const setup =
  (pin: PinCommit | undefined): ActionHandler =>
  async ({ with: settings, environment, source }) => ({
    environment: typeof settings['environment'] === 'string' ? settings['environment'] : environment,
    browser: typeof settings['browser'] === 'string' ? settings['browser'] : '',
    headless: settings['headless'] !== false,
    base_url: typeof settings['base_url'] === 'string' ? settings['base_url'] : '',
    commit: await fixed(source, pin),
  });

async function fixed(source: Source | undefined, pin: PinCommit | undefined): Promise<string> {
  if (source?.kind !== 'commit') return '';
  if (!pin) return source.commit;
  try {
    return await pin(source);
  } catch (error) {
    if (error instanceof ProjectProblem) throw new StepProblem(error.problem, error.message);
    throw error;
  }
}

const ask =
  (model: Model): ActionHandler =>
  async ({ with: settings, execution, project, step }) => {
    const material = isObject(settings['material']) ? settings['material'] : {};
    try {
      // What a user wrote is material as well: the instruction is Baton's own.
      const answered = await model.ask({
        purpose: 'workflow-step',
        execution,
        project,
        instruction:
          'Answer the question that the material "question" holds, from the other material alone. Say so where it does not tell.',
        material: {
          question: String(settings['question']),
          ...Object.fromEntries(
            Object.entries(material).map(([name, value]) => [
              name,
              typeof value === 'string' ? value : JSON.stringify(value),
            ]),
          ),
        },
        answer: AskAnswer,
        maxTokens: typeof settings['max_tokens'] === 'number' ? settings['max_tokens'] : 1_000,
      });
      return { answer: answered.value.answer, model: answered.model, record: answered.record };
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      const fallback = settings['fallback'];
      if (typeof fallback === 'string') return { answer: fallback, model: '', record: '' };
      throw new StepProblem(
        'NoAnswer',
        `Step ${step}: ${error.message} Give it a \`fallback\` to go on without an answer.`,
      );
    }
  };

function place(call: Parameters<ActionHandler>[0]): { repository: string; commit: string } {
  const { source, with: settings } = call;
  const own = source?.kind === 'commit' ? source : undefined;
  const repository = typeof settings['repository'] === 'string' ? settings['repository'] : own?.repository;
  const commit = typeof settings['commit'] === 'string' ? settings['commit'] : own?.commit;
  if (repository === undefined) throw new StepProblem('BadInput', 'There is no repository: name it as `repository`.');
  return { repository, commit: commit ?? '' };
}

/** Both are found again by their names before they are made, so doing them again is harmless. */
async function through(
  outbox: Outbox,
  call: Parameters<ActionHandler>[0],
  kind: string,
  work: () => Promise<string>,
): Promise<{ url: string }> {
  const { execution, project, principal, trust } = call;
  const key = `${kind}:${execution}/${call.attempt}/${call.step}/${call.item}`;
  await outbox.plan({ key, execution, kind, payload: {}, project, principal, trust });
  await outbox.begin(key);
  const url = await work();
  await outbox.settle(key, 'confirmed', url);
  return { url };
}

const setStatus =
  (hosts: CodeHosts, outbox: Outbox): ActionHandler =>
  (call) => {
    const { repository, commit } = place(call);
    const host = hostOf(hosts, repository);
    const { state, context, description, url } = call.with;
    if (commit === '') throw new StepProblem('BadInput', 'There is no commit: name it as `commit`.');
    return through(outbox, call, 'vcs-status', () =>
      host.setStatus(commit, {
        context: typeof context === 'string' ? context : `baton/${call.workflow}`,
        state: state as 'pending' | 'success' | 'failure' | 'error',
        description: (typeof description === 'string' ? description : `${call.workflow}: ${String(state)}`).slice(
          0,
          140,
        ),
        ...(typeof url === 'string' ? { url } : {}),
      }),
    );
  };

const comment =
  (hosts: CodeHosts, outbox: Outbox): ActionHandler =>
  (call) => {
    const host = hostOf(hosts, place(call).repository);
    return through(outbox, call, 'vcs-comment', () =>
      host.comment(
        Number(call.with['pull_request']),
        `baton-${call.workflow}-${call.step}`.replace(/[^\w-]/g, '-'),
        String(call.with['body']),
      ),
    );
  };

function hostOf(hosts: CodeHosts, repository: string) {
  const host = hosts(repository);
  if (host) return host;
  throw new StepProblem(
    'NotAvailable',
    `${repository} has no code host here: configure its token in the installation's settings.`,
  );
}
