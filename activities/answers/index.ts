/**
 * Sends one surface of one statement through the outbox. A process that dies between the request and its record has left
 * the state `sent`: the next one comes here again, and every surface looks before it makes something.
 */
import type { AnswerActivities, Sending, Sent } from '../../domain/answer.js';
import type { Outbox } from '../../domain/answer-ports.js';
import type { ExecutionLedger } from '../../domain/executions.js';
import { withHeartbeat } from '../heartbeat.js';
import { namedFailures } from '../to-failure.js';
import { SEND, type SurfaceDeps } from './surfaces.js';

export interface AnswerDeps extends SurfaceDeps {
  readonly outbox: Outbox;
  readonly executions: Pick<ExecutionLedger, 'find'>;
}

export function createAnswerActivities(deps: AnswerDeps): AnswerActivities {
  return namedFailures<AnswerActivities>({
    sendAnswer: (sending) => withHeartbeat(() => send(deps, sending)),
    async dropAnswers(keys) {
      for (const key of keys) await deps.outbox.settle(key, 'unknown');
    },
  });
}

async function send(deps: AnswerDeps, sending: Sending): Promise<Sent> {
  const { key, surface, execution, target, statement } = sending;
  const of = await deps.executions.find(execution);
  const planned = await deps.outbox.plan({
    key,
    execution,
    kind: `answer.${surface}`,
    payload: {
      repository: target.repository,
      commit: target.commit,
      context: target.context,
      state: statement.state,
    },
    project: target.project,
    principal: of?.principal ?? 'baton',
    trust: of?.trust ?? 'untrusted',
  });
  if (planned.state === 'confirmed') return { url: planned.reference, note: null };
  await deps.outbox.begin(key);
  const sent = await SEND[surface](deps, sending);
  await deps.outbox.settle(key, 'confirmed', sent.url);
  return sent;
}
