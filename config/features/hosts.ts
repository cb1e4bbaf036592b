/** Code hosts, triggers and answers: from a push to what is said about it. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { createAnswerActivities } from '../../activities/answers/index.js';
import { createDeliveryActivities } from '../../activities/triggers/route.js';
import { globMatcher } from '../../adapters/process/glob.js';
import { startDelivery } from '../../adapters/temporal/deliveries.js';
import { gitTool } from '../../adapters/vcs/git.js';
import { mergeGate } from '../../adapters/vcs/merge-gate.js';
import { openWatches } from '../../adapters/watch/watches.js';
import type { Happening } from '../../domain/triggers/happening.js';
import type { TriggerDeps } from '../../domain/triggers/deps.js';
import type { Matches } from '../../domain/triggers/match.js';
import type { DeliveryKey } from '../../domain/triggers/ports.js';
import type { StoredTrigger, Trigger } from '../../domain/triggers/trigger.schema.js';
import type { Base, Feature } from './feature.js';

/** What it takes of the base. */
export type HostsBase = Omit<Base, 'model' | 'notifiers' | 'notices'>;

/** Deliveries that were stored while the engine was away are handed on after so long. */
const RESUME_MS = 3_000;
const RESUMED_AT_ONCE = 100;
const WATCH_MS = 1_000;
const FORGET_MS = 3_600_000;
/** A captured body is refused for so long, and a redelivery too. */
const REMEMBER_DAYS = 35;

export function hostsFeature(base: HostsBase): Feature {
  const { settings, installation, log, client, ledger, workflows, executions, hosts } = base;
  const git = gitTool(settings.environment);
  const matches = cachedMatches();
  const fromFile: StoredTrigger[] = installation.triggers.map((trigger) => ({
    trigger,
    from: 'file',
    by: null,
    createdAt: null,
    fired: 0,
  }));
  const triggers = async (): Promise<StoredTrigger[]> => {
    const stored = await ledger.triggers.list();
    return [...fromFile, ...stored.filter((each) => !fromFile.some((own) => own.trigger.name === each.trigger.name))];
  };
  const rules = async (): Promise<Trigger[]> => (await triggers()).map(({ trigger }) => trigger);
  const hand = (key: DeliveryKey): Promise<void> => startDelivery(client, key);
  const watches = openWatches({
    git,
    home: join(settings.home, 'watched'),
    matches,
    triggers: rules,
    told: (trigger, happening) => tellOf(ledger.triggers, hand, trigger, happening),
    failed: (err) => log.warn({ err }, 'a saved file could not be told of'),
  });
  return {
    activities: {
      ...createDeliveryActivities({
        store: ledger.triggers,
        triggers: rules,
        executions,
        workflows,
        catalog: base.catalog,
        matches,
      }),
      ...createAnswerActivities({
        ledger,
        store: ledger.answers,
        hosts,
        gate: mergeGate(git),
        machine: settings.machine,
        outbox: ledger.effects,
        executions: ledger.executions,
        pages: base.pages,
      }),
    },
    api: { triggers: apiOf(base, { triggers, hand, matches, watching: watches.states }) },
    watches: [
      { ms: RESUME_MS, what: 'handing on deliveries', work: () => resume(ledger.triggers, hand) },
      { ms: WATCH_MS, what: 'looking at clones', work: () => watches.look() },
      { ms: FORGET_MS, what: 'forgetting deliveries', work: () => ledger.triggers.forget(REMEMBER_DAYS) },
    ],
    async stop() {
      watches.close();
    },
  };
}

async function resume(store: Base['ledger']['triggers'], hand: (key: DeliveryKey) => Promise<void>): Promise<void> {
  for (const key of await store.waiting(RESUME_MS, RESUMED_AT_ONCE)) await hand(key);
}

async function tellOf(
  store: Base['ledger']['triggers'],
  hand: (key: DeliveryKey) => Promise<void>,
  trigger: Trigger,
  happening: Happening,
): Promise<void> {
  const id = happening.commit === null ? randomUUID() : `${happening.branch ?? ''}@${happening.commit}`;
  const key = { source: `watch:${trigger.name}`, id };
  await store.receive({ ...key, digest: null, happening, ignored: null });
  await hand(key);
}

function apiOf(
  { settings, installation, ledger, catalog }: HostsBase,
  own: {
    readonly triggers: TriggerDeps['triggers'];
    readonly hand: TriggerDeps['startDelivery'];
    readonly matches: Matches;
    readonly watching: TriggerDeps['watching'];
  },
): TriggerDeps {
  const read = (name: string): string[] => (settings.environment[name] ? [settings.environment[name]] : []);
  return {
    store: ledger.triggers,
    answers: ledger.answers,
    triggers: own.triggers,
    secretsAt(_address, host, here) {
      const theirs = here.flatMap((each) => (each.type === 'webhook' ? each.secrets : []));
      const general = installation.codeHosts
        .filter((each) => each.kind === host)
        .flatMap((each) => each.webhookSecrets);
      return (theirs.length > 0 ? theirs : general).flatMap(({ env }) => read(env));
    },
    tokenOf: (trigger) => (trigger.type === 'api' ? read(trigger.token.env)[0] : undefined),
    startDelivery: own.hand,
    watching: own.watching,
    catalog,
    matches: own.matches,
    machine: settings.machine,
  };
}

/** Patterns are few and come again and again. */
function cachedMatches(): Matches {
  const known = new Map<string, (text: string) => boolean>();
  return (pattern, text) => {
    const match = known.get(pattern) ?? globMatcher([pattern]);
    if (!known.has(pattern) && known.size < 1_000) known.set(pattern, match);
    return match(text);
  };
}
