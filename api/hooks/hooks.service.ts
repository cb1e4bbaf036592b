/** Deliveries from outside: proved, stored, handed on. Whatever happens with them happens in a workflow. */
import { createHash, randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { API_LIMITS } from '../../domain/api.schema.js';
import { type CloudEvent, cloudHappening } from '../../domain/triggers/cloud-event.schema.js';
import type { DeliveryAnswer } from '../../domain/triggers/api.schema.js';
import type { TriggerDeps } from '../../domain/triggers/deps.js';
import { githubEvent } from '../../domain/triggers/github-event.js';
import { gitlabEvent } from '../../domain/triggers/gitlab-event.js';
import type { Happening, Reading } from '../../domain/triggers/happening.js';
import { whyNot } from '../../domain/triggers/match.js';
import type { DeliveryKey } from '../../domain/triggers/ports.js';
import type { Trigger } from '../../domain/triggers/trigger.schema.js';
import { header, type Req } from '../common/http.js';
import { ApiProblem, badRequest, notFound, unavailable } from '../common/problem.js';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { knowsSecret, signedByGitHub } from './signature.js';

export type HookHost = 'github' | 'gitlab';

const ID = /^[\x21-\x7e]{1,200}$/;

@Injectable()
export class HooksService {
  constructor(@Inject(API_DEPS) private readonly deps: ApiDeps) {}

  /** `POST /hooks/…`: nobody is asked for a key, everybody for a signature. */
  async receive(address: string, host: HookHost | undefined, req: Req, body: Uint8Array): Promise<DeliveryAnswer> {
    if (header(req, 'x-hub-signature-256') === undefined && header(req, 'x-gitlab-token') === undefined)
      throw unsigned();
    const hooks = this.hooks();
    const all = (await hooks.triggers()).map(({ trigger }) => trigger);
    const here = all.filter((each) => each.type === 'webhook' && each.url === address);
    const from = host ?? here.find((each) => each.type === 'webhook')?.host;
    if (from === undefined) throw notFound(`Nothing listens at ${address}; \`baton trigger list\` shows what does.`);
    if (!proved(from, req, body, hooks.secretsAt(address, from, here))) throw unsigned();
    if (here.length > 0 && here.every((each) => !each.enabled))
      throw new ApiProblem(403, 'disabled', `The trigger at ${address} is disabled.`);
    const event = header(req, from === 'github' ? 'x-github-event' : 'x-gitlab-event');
    if (event === undefined) throw badRequest('The delivery does not say which event it is.');
    const digest = `sha256:${createHash('sha256').update(event).update('\0').update(body).digest('hex')}`;
    const id = deliveryId(from, req) ?? digest;
    const reading = (from === 'github' ? githubEvent : gitlabEvent)(event, jsonOf(body));
    return this.store(hooks, { source: address, id }, digest, reading, all);
  }

  /** A CloudEvent counts once per source and id. */
  async event(event: CloudEvent): Promise<DeliveryAnswer> {
    const hooks = this.hooks();
    const all = (await hooks.triggers()).map(({ trigger }) => trigger);
    return this.store(
      hooks,
      { source: `event:${event.source}`, id: event.id },
      null,
      { happening: cloudHappening(event) },
      all,
    );
  }

  /** `POST /api/triggers/:name/fire` with the trigger's own token. */
  async fire(name: string, req: Req, body: Uint8Array): Promise<DeliveryAnswer> {
    const given = /^Bearer (\S+)$/.exec(header(req, 'authorization') ?? '')?.[1];
    if (given === undefined || !this.deps.triggers)
      throw new ApiProblem(401, 'unauthorized', "Send the trigger's token as `Authorization: Bearer …`.");
    const hooks = this.hooks();
    const all = (await hooks.triggers()).map(({ trigger }) => trigger);
    const trigger = all.find((each) => each.name === name && each.type === 'api');
    const token = trigger && hooks.tokenOf(trigger);
    // The same answer for a name that nobody has: names are not for strangers.
    if (!knowsSecret(given, token === undefined ? [] : [token]))
      throw new ApiProblem(401, 'unauthorized', 'This is not the token of the trigger.');
    if (!trigger?.enabled) throw new ApiProblem(403, 'disabled', `The trigger ${name} is disabled.`);
    if (body.length > API_LIMITS.bodyBytes)
      throw new ApiProblem(413, 'too-large', 'The body may have 256 KiB at most.');
    const data = body.length === 0 ? {} : jsonOf(body);
    const event = {
      specversion: '1.0' as const,
      id: 'x',
      source: `trigger:${name}`,
      type: 'fire',
      data,
    };
    const happening: Happening = { ...cloudHappening(event), event: 'api' };
    const id = header(req, 'idempotency-key') ?? randomUUID();
    if (!ID.test(id)) throw badRequest('The `Idempotency-Key` must be 1 to 200 printable characters without spaces.');
    return this.store(hooks, { source: `/api/triggers/${name}/fire`, id }, null, { happening }, all);
  }

  private hooks(): TriggerDeps {
    const { triggers } = this.deps;
    if (!triggers) throw unavailable('no-triggers', 'This process takes no deliveries.');
    return triggers;
  }

  /** First stored, then handed on: what cannot be handed on now is found by a control process later. */
  private async store(
    hooks: TriggerDeps,
    key: DeliveryKey,
    digest: string | null,
    reading: Reading,
    triggers: readonly Trigger[],
  ): Promise<DeliveryAnswer> {
    const happening = 'happening' in reading ? reading.happening : null;
    const ignored = 'ignored' in reading ? reading.ignored : uninteresting(hooks, key, reading.happening, triggers);
    const known = await hooks.store.receive({ ...key, digest, happening, ignored });
    if (known !== undefined) {
      const reason =
        known === 'delivery' ? 'it was delivered before' : 'the same body was delivered before, under another id';
      return { delivery: key.id, state: 'duplicate', reason };
    }
    if (ignored !== null) return { delivery: key.id, state: 'ignored', reason: ignored };
    await hooks.startDelivery(key).catch((error: unknown) => {
      this.deps.logger.warn({ err: error, delivery: key.id }, 'a delivery waits until the Temporal server answers');
    });
    return { delivery: key.id, state: 'accepted', reason: null };
  }
}

/** Null: there is something to do. Whoever follows a pull request is found by the workflow. */
function uninteresting(
  { matches }: TriggerDeps,
  { source }: DeliveryKey,
  happening: Happening,
  triggers: readonly Trigger[],
): string | null {
  if (happening.pullRequest !== null) return null;
  const reasons = triggers.map((each) => [each.name, whyNot(each, happening, source, matches)] as const);
  if (reasons.some(([, reason]) => reason === undefined)) return null;
  const text = reasons.map(([name, reason]) => `${name}: ${reason}`).join('; ');
  return `no trigger is for it${text === '' ? '' : ` (${text})`}`.slice(0, 1000);
}

function proved(host: HookHost, req: Req, body: Uint8Array, secrets: readonly string[]): boolean {
  return host === 'github'
    ? signedByGitHub(body, header(req, 'x-hub-signature-256'), secrets)
    : knowsSecret(header(req, 'x-gitlab-token'), secrets);
}

/** GitLab's key is the same for every try of one delivery. */
function deliveryId(host: HookHost, req: Req): string | undefined {
  const id =
    host === 'github'
      ? header(req, 'x-github-delivery')
      : (header(req, 'idempotency-key') ?? header(req, 'x-gitlab-event-uuid'));
  if (id !== undefined && ID.test(id)) return id;
  if (host === 'github') throw badRequest('The delivery has no `X-GitHub-Delivery`.');
  return undefined;
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw badRequest('The body is no JSON in UTF-8. Set the content type of the webhook to `application/json`.');
  }
}

const unsigned = (): ApiProblem =>
  new ApiProblem(401, 'unauthorized', 'The delivery is not signed with a secret that is known here.');
