/** The four places of an answer. Each can be repeated: the host is looked at before anything is made there. */
import type { AnswerFailure, AnswerState, Sending, Sent, Surface } from '../../domain/answer.js';
import type { AnswerStore, MergeGate } from '../../domain/answer-ports.js';
import { markdownOf } from '../../domain/answer-text.js';
import type { Annotation, Check, CodeHost, CodeHosts, PullRequest } from '../../domain/code-host.js';
import { placeOf } from '../../domain/code-hosts/repository-address.js';
import type { Pages } from '../../domain/pages.js';
import type { Ledger } from '../../domain/ports.js';
import { failuresOf } from './failures.js';

export interface SurfaceDeps {
  readonly ledger: Pick<Ledger, 'results' | 'attemptsOf'>;
  readonly store: AnswerStore;
  readonly hosts: CodeHosts;
  readonly gate: MergeGate;
  readonly pages: Pages;
  /** This machine: its clones are the ones whose gate can be written. */
  readonly machine: string;
}

const nothing = (note: string): Sent => ({ url: null, note });
const NO_HOST = 'the repository is at no code host that Baton knows';

export const SEND: Readonly<Record<Surface, (deps: SurfaceDeps, sending: Sending) => Promise<Sent>>> = {
  status: sendStatus,
  check: sendCheck,
  comment: sendComment,
  gate: mirrorGate,
};

async function sendStatus(deps: SurfaceDeps, sending: Sending): Promise<Sent> {
  const { target, statement } = sending;
  const host = deps.hosts(target.repository);
  if (!host) return nothing(NO_HOST);
  const { state, title } = statement;
  const url = pageOf(deps, sending);
  return {
    url: await host.setStatus(target.commit, { context: target.context, state, description: title, url }),
    note: null,
  };
}

/** Where a reader of the answer finds more: the report of the run it speaks of, else the execution. */
const pageOf = ({ pages }: SurfaceDeps, { execution, statement }: Sending): string | undefined =>
  statement.url ?? (statement.run ? pages.report(statement.run) : null) ?? pages.execution(execution) ?? undefined;

const CHECK_STATE: Readonly<Record<AnswerState, Check['state']>> = {
  pending: 'in_progress',
  success: 'success',
  failure: 'failure',
  error: 'cancelled',
};

async function sendCheck(deps: SurfaceDeps, sending: Sending): Promise<Sent> {
  const { target, statement } = sending;
  const host = deps.hosts(target.repository);
  if (!host) return nothing(NO_HOST);
  const failures = statement.state === 'pending' ? [] : await failuresOf(deps.ledger, statement);
  const url = await host.setCheck(target.commit, {
    name: target.context,
    state: CHECK_STATE[statement.state],
    title: statement.title,
    summary: markdownOf(target, statement, failures),
    url: pageOf(deps, sending),
    annotations: failures.flatMap(annotationOf),
  });
  return { url, note: null };
}

function annotationOf({ title, message, file, line }: AnswerFailure): Annotation[] {
  // A path that leaves the repository is no place of it.
  if (file === undefined || file.startsWith('/') || file.split('/').includes('..')) return [];
  return [{ path: file, line: line ?? 1, title, message }];
}

async function sendComment(deps: SurfaceDeps, { target, statement }: Sending): Promise<Sent> {
  const { state } = statement;
  if (state === 'pending') return nothing('nothing to say yet');
  const host = deps.hosts(target.repository);
  if (!host) return nothing(NO_HOST);
  const pulls = await pullRequestsOf(host, target.pullRequest, target.branch);
  const heads = pulls.filter((each) => each.state === 'open' && each.commit === target.commit);
  if (heads.length === 0) return nothing('no open pull request has this commit as its head');
  const place = placeOf(target.repository);
  let url: string | null = null;
  for (const { number } of heads) {
    const known = await deps.store.comment(place, number, target.context);
    // Green from the beginning: the status says it, and nobody needs mail.
    if (state === 'success' && known === undefined) continue;
    const failures = await failuresOf(deps.ledger, statement);
    url = await host.comment(number, target.context, markdownOf(target, statement, failures));
    await deps.store.commented(place, number, target.context, url);
  }
  return url === null ? nothing('green, and nothing to take back') : { url, note: null };
}

async function pullRequestsOf(
  host: CodeHost,
  number: number | undefined,
  branch: string | null,
): Promise<readonly PullRequest[]> {
  if (number !== undefined) return (await host.pullRequest(number).then((found) => found && [found])) ?? [];
  return branch === null ? [] : host.pullRequestsOf(branch);
}

async function mirrorGate(deps: SurfaceDeps, { execution, target, statement }: Sending): Promise<Sent> {
  const { state, blocks = true, title } = statement;
  if (state === 'pending' || (state !== 'success' && !blocks)) return nothing('the gate stays as it is');
  const place = placeOf(target.repository);
  const clones = (await deps.store.clones(deps.machine))
    .filter((each) => each.repository === place)
    .map(({ dir }) => dir);
  const dirs = new Set(target.repository.startsWith('/') ? [target.repository, ...clones] : clones);
  const { commit, branch } = target;
  for (const dir of dirs) {
    if (state === 'success') await deps.gate.clear(dir, branch ?? '');
    else await deps.gate.block(dir, { branch: branch ?? '', commit, execution, reason: title });
  }
  return nothing(dirs.size === 0 ? 'no clone on this machine mirrors the gate' : `${dirs.size} clones`);
}
