/** The notifier's side effects. A vendor's refusal is data; thrown is only what has nothing to do with it. */
import { ProjectProblem } from '../domain/failures.js';
import type { Notice } from '../domain/notice.js';
import { nextTry } from '../domain/notify/backoff.js';
import { hold, ownHold, type Timing, timingOf } from '../domain/notify/hold.js';
import { literal } from '../domain/notify/markdown.js';
import { LIMITS, messageOf } from '../domain/notify/message.js';
import { normaliseNotice } from '../domain/notify/notice.schema.js';
import { type Attempted, type NoticeActivities, NotDelivered, type Notifier } from '../domain/notify/ports.js';
import { channelsFor } from '../domain/notify/routes.js';
import type { NotifySettings } from '../domain/notify/settings.schema.js';
import type { AdmissionDecision, AdmissionFacts, NoticeStore, Outgoing } from '../domain/notify/store.js';
import { withHeartbeat } from './heartbeat.js';
import { namedFailures } from './to-failure.js';

/** The outbox, as far as the notifier needs it. */
export interface Effects {
  begin(key: string): Promise<{ readonly state: string }>;
}

/** The settings as they hold now, with a notifier for each channel that can be used. */
export interface Notifiers {
  readonly settings: NotifySettings;
  readonly channels: ReadonlyMap<string, Notifier>;
  /** Why a channel of the settings cannot be used. */
  readonly problems: ReadonlyMap<string, string>;
}

export interface NotifyDeps {
  readonly store: NoticeStore;
  readonly effects: Effects;
  readonly notifiers: Notifiers;
  readonly log: { warn(fields: object, message: string): void };
  /** Pauses between tries in milliseconds; absent: those of `domain/notify/backoff.ts`. */
  readonly schedule?: readonly number[];
}

/** After so many failures in a row the other channels hear of it. */
const TOLD_AFTER = 4;

export function createNotifyActivities(deps: NotifyDeps): NoticeActivities {
  return namedFailures<NoticeActivities>({
    planNotice: async (notice) => ({ notifications: await planNotice(deps, notice) }),
    admitNotification: async ({ id }) => {
      // A store that was emptied or put back knows nothing of it: there is nothing to send, now or later.
      if (!(await deps.store.notification(id))) return { step: 'end', state: 'failed', why: 'it is not in the store' };
      let now = 0;
      const decision = await deps.store.admit(id, MOST_RATE, (given) => {
        now = given.facts.now;
        return decide(deps, id, given);
      });
      if (decision.step === 'send') return { step: 'send', notices: decision.gather.length + 1 };
      if (decision.step === 'end') return decision;
      // By the clock of the store, which decided: another one may be wrong.
      return { step: 'wait', ms: Math.max(decision.until - now, 1), why: decision.why };
    },
    sendNotification: ({ id }) => withHeartbeat(() => send(deps, id)),
  });
}

/** Used by whoever announces outside of a workflow too. */
export function planNotice({ store, notifiers: { settings }, log }: NotifyDeps, given: Notice) {
  let notice: Notice;
  try {
    notice = normaliseNotice(given);
  } catch (error) {
    throw new ProjectProblem('ConfigInvalid', (error as Error).message);
  }
  const routed = channelsFor(notice, settings);
  if (routed.unknown.length > 0)
    log.warn({ key: notice.key, channels: routed.unknown }, 'a notice asks for channels that the settings do not have');
  return store.plan(notice, routed, Object.keys(settings.channels));
}

/** Most messages that a limit may count. */
const MOST_RATE = 1_000;

function decide(
  { notifiers }: NotifyDeps,
  id: string,
  { channelName, facts, channel, candidates }: AdmissionFacts,
): AdmissionDecision {
  const found = lookUp(notifiers, channelName);
  const timing = found?.timing ?? {};
  const held = hold(timing, facts, channel);
  if (held) return { step: 'wait', until: held.until, why: held.why };
  const free = found?.notifier.gathers && facts.kind !== 'channel_test' ? candidates : [];
  const gather = free.filter((each) => each.id !== id && !ownHold(timing, each.facts)).slice(0, LIMITS.gathered - 1);
  return { step: 'send', gather: gather.map((each) => each.id) };
}

function lookUp({ settings, channels }: Notifiers, name: string): { notifier: Notifier; timing: Timing } | undefined {
  const notifier = channels.get(name);
  const channel = settings.channels[name];
  return notifier && channel && { notifier, timing: timingOf(channel, settings, notifier.gathers) };
}

async function send(deps: NotifyDeps, id: string): Promise<Attempted> {
  const { store, effects, notifiers } = deps;
  const out = await store.outgoing(id);
  if (out.state === 'delivered') return { outcome: 'delivered', wake: [] };
  const notifier = notifiers.channels.get(out.channel);
  try {
    if (!notifier) throw new NotDelivered(whyUnusable(notifiers, out.channel), 'again');
    const message = messageOf(id, out.notices, notifiers.settings);
    const before = await effects.begin(id);
    // Somebody may have sent it and died before saying so: where the vendor can be asked, it is.
    const there = before.state === 'planned' ? undefined : await notifier.look?.(message, out.thread);
    const done = there ?? (await notifier.send(message, out.thread));
    const { wake } = await store.delivered(id, {
      reference: done.reference,
      thread: done.thread,
      note: done.note ?? null,
      closes: message.resolves,
    });
    return { outcome: 'delivered', wake, ...telling(out, 'back', '') };
  } catch (error) {
    if (!(error instanceof NotDelivered)) throw error;
    return failed(deps, out, error);
  }
}

function whyUnusable({ problems }: Notifiers, channel: string): string {
  return problems.get(channel) ?? `the settings have no channel called ${channel} any more`;
}

async function failed(deps: NotifyDeps, out: Outgoing, error: NotDelivered): Promise<Attempted> {
  const now = Date.now();
  const tries = out.tries + 1;
  const { ms, pauseMs } = nextTry(tries, out.failures + 1, error.afterMs, deps.schedule);
  const again = error.how !== 'refused' && ms !== null;
  const why = again || error.how === 'refused' ? error.message : `given up after ${tries} tries: ${error.message}`;
  await deps.store.notDelivered(out.id, {
    why,
    maybe: error.how === 'unknown',
    nextAt: again ? now + ms : null,
    // A refusal concerns one message at a time: the next one may be right.
    pausedUntil: now + (again ? pauseMs : 0),
  });
  const tell = again && tries !== TOLD_AFTER ? {} : telling(out, 'failing', why);
  return again ? { outcome: 'again', ms, why, ...tell } : { outcome: 'failed', why, ...tell };
}

/** Once a day that a channel fails, and once that it is back. The matter of such a notice is the channel itself. */
function telling(out: Outgoing, how: 'failing' | 'back', why: string): { tell?: Notice } {
  const { notice } = out.notices[0];
  if (notice.kind === 'channel_failed' || notice.kind === 'channel_test') return {};
  if (how === 'back' && out.failures < TOLD_AFTER) return {};
  const { channel } = out;
  const day = new Date().toISOString().slice(0, 10);
  const failing = how === 'failing';
  return {
    tell: {
      key: `channel:${channel}:${how}:${day}`,
      kind: 'channel_failed',
      severity: failing ? 'warning' : 'info',
      project: notice.project,
      title: failing ? `Messages to ${channel} do not arrive` : `Messages to ${channel} arrive again`,
      text: failing
        ? `${literal(why)}. They are kept and listed: \`baton notifications\`.`
        : 'What had waited is on its way.',
      group: `channel:${channel}`,
      resolves: !failing,
      links: [],
      data: { channel, reason: why },
    },
  };
}
