/** What the API needs for triggers and deliveries. */
import type { AnswerStore } from '../answer-ports.js';
import type { Catalog } from '../workflows.js';
import type { Matches } from './match.js';
import type { DeliveryKey, TriggerStore } from './ports.js';
import type { StoredTrigger, Trigger } from './trigger.schema.js';
import type { WatchState } from './watch.js';

export interface TriggerDeps {
  readonly store: TriggerStore;
  readonly answers: AnswerStore;
  /** Those of the settings file first. */
  triggers(): Promise<StoredTrigger[]>;
  /** Secrets that deliveries to this address may be signed with; what the environment lacks is left out. */
  secretsAt(address: string, host: 'github' | 'gitlab', triggers: readonly Trigger[]): readonly string[];
  /** The token of an `api` trigger; undefined: the environment lacks it. */
  tokenOf(trigger: Trigger): string | undefined;
  startDelivery(key: DeliveryKey): Promise<void>;
  /** What is watched on this machine, and why something is not. */
  watching(): readonly WatchState[];
  readonly catalog: Catalog;
  readonly matches: Matches;
  readonly machine: string;
}
