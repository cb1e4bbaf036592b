/** Where triggers and deliveries are kept, and what routing a delivery needs. */
import { z } from 'zod';
import type { Happening } from './happening.js';
import type { StoredTrigger, Trigger } from './trigger.schema.js';

/** One delivery is known by where it came to and the id its sender gave it. */
export interface DeliveryKey {
  /** `/hooks/github`, or `event:<source>` of a CloudEvent, `api:<trigger>`, `watch:<directory>`. */
  readonly source: string;
  readonly id: string;
}

export interface NewDelivery extends DeliveryKey {
  /** Of the raw body, where its sender signs it: a captured body comes back under another id. */
  readonly digest: string | null;
  readonly happening: Happening | null;
  /** Why there is nothing to do; null: it is routed. */
  readonly ignored: string | null;
}

export const Delivery = z
  .object({
    source: z.string(),
    id: z.string(),
    state: z.enum(['stored', 'done', 'ignored']),
    event: z.string().nullable(),
    sentence: z.string().nullable().describe('What came of it.'),
    executions: z.array(z.string()).describe('Executions that it has started or joined.'),
    duplicates: z.int().nonnegative().describe('How often it was delivered again.'),
    receivedAt: z.iso.datetime(),
  })
  .meta({ id: 'Delivery' });
export type Delivery = z.infer<typeof Delivery>;
export const DeliveryList = z.object({ items: z.array(Delivery) }).meta({ id: 'DeliveryList' });
export type DeliveryList = z.infer<typeof DeliveryList>;

export interface Claim {
  readonly trigger: string;
  readonly repository: string;
  readonly commit: string;
  /** Commits of one lane follow each other: the branch that was pushed, or the head of a pull request. */
  readonly lane: string;
  readonly before: string | null;
  readonly at: number | null;
  readonly supersede: boolean;
}

export interface Claimed {
  /** `stale`: a newer commit of the lane is known, so this one is not started. */
  readonly state: 'claimed' | 'started' | 'stale' | 'superseded';
  readonly execution: string | null;
  /** Above 1: the branch was set back to this commit. */
  readonly generation: number;
  /** Executions of commits that are known to be older. */
  readonly older: readonly { readonly commit: string; readonly execution: string | null }[];
}

export interface TriggerStore {
  list(): Promise<StoredTrigger[]>;
  /** False: the name is taken. */
  create(trigger: Trigger, by: string): Promise<boolean>;
  /** False: there is none. */
  remove(name: string): Promise<boolean>;

  /** Stores it before anything is done with it. Undefined: it is new; else how it was known already. */
  receive(delivery: NewDelivery): Promise<'delivery' | 'body' | undefined>;
  delivery(key: DeliveryKey): Promise<(Delivery & { readonly happening: Happening | null }) | undefined>;
  /** Newest first. */
  deliveries(limit: number): Promise<Delivery[]>;
  settle(key: DeliveryKey, sentence: string, executions: readonly string[]): Promise<void>;
  /** Stored, older than so many ms, and not routed yet. */
  waiting(olderThanMs: number, limit: number): Promise<DeliveryKey[]>;
  /** Deletes what is older than so many days. */
  forget(days: number): Promise<void>;

  /** One start per trigger, repository and commit; which of them are the newest and the older ones of their lane. */
  claim(claim: Claim): Promise<Claimed>;
  /** What the claim is by now: a newer commit may have superseded it while it was being started. */
  started(
    claim: Pick<Claim, 'trigger' | 'repository' | 'commit'>,
    execution: string,
  ): Promise<Claimed['state'] | undefined>;
  /** Executions that are known of them; others learn it when they are told that they have started. */
  superseded(trigger: string, repository: string, commits: readonly string[]): Promise<string[]>;

  follow(repository: string, pullRequest: number, execution: string): Promise<void>;
  followers(repository: string, pullRequest: number): Promise<string[]>;
}

export interface DeliveryActivities {
  /** Starts and supersedes what a stored delivery asks for, and says what came of it. Safe to repeat. */
  routeDelivery(key: DeliveryKey): Promise<{ readonly sentence: string; readonly executions: readonly string[] }>;
  /** From now on this execution gets the signal `pullRequest` when that pull request is merged, closed or pushed to. */
  followPullRequest(input: {
    readonly repository: string;
    readonly number: number;
    readonly execution: string;
  }): Promise<void>;
}
