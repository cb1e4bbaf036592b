/**
 * The outbox of effects outside: a commit status, a message, a rollback.
 *
 *   planned ──begin──▶ sent ──settle──▶ confirmed
 *                       │  └──────────▶ unknown
 *                       └──begin again: look at the outside first
 *
 * `begin` says in which state it found the effect. `sent` and `unknown` mean that somebody may have done it already and
 * died: look outside before repeating. A planned key is never planned twice.
 */
import { sql } from 'kysely';
import type { Provenance } from '../../domain/run.schema.js';
import { type Store, read, write } from './context.js';
import { LedgerConflict } from './errors.js';
import { toJson, toText } from './json.js';

export type EffectState = 'planned' | 'sent' | 'confirmed' | 'unknown';

export interface Effect {
  readonly key: string;
  readonly execution: string | null;
  readonly kind: string;
  readonly state: EffectState;
  readonly payload: object;
  readonly attempts: number;
  /** What the outside calls it, such as the URL of a comment. */
  readonly reference: string | null;
}

export interface NewEffect extends Provenance {
  readonly key: string;
  readonly execution: string | null;
  readonly kind: string;
  readonly payload: object;
}

export interface EffectStore {
  /** Returns the effect that has this key already, or the new one. */
  plan(effect: NewEffect): Promise<Effect>;
  /** Marks an attempt as sent and returns the effect as it was before. A confirmed one stays as it is. */
  begin(key: string): Promise<Effect>;
  settle(key: string, state: 'confirmed' | 'unknown', reference?: string | null): Promise<void>;
  /** What is not confirmed yet, oldest first. */
  open(limit: number): Promise<Effect[]>;
}

const COLUMNS = ['key', 'execution', 'kind', 'state', 'payload', 'attempts', 'reference'] as const;

export function effectStore(store: Store): EffectStore {
  return {
    plan: (effect) => plan(store, effect),
    begin: (key) => begin(store, key),
    settle: (key, state, reference = null) => settle(store, key, state, reference),
    open: (limit) =>
      read(store, (db) =>
        db
          .selectFrom('effects')
          .select(COLUMNS)
          .where('state', '<>', 'confirmed')
          .orderBy('planned_at')
          .orderBy('key')
          .limit(limit)
          .execute(),
      ),
  };
}

function plan(store: Store, effect: NewEffect): Promise<Effect> {
  return write(store, 'ledger.effect-plan', async (tx) => {
    await tx.db
      .insertInto('effects')
      .values({
        key: toText(effect.key),
        execution: effect.execution,
        project: effect.project,
        principal: effect.principal,
        trust: effect.trust,
        kind: effect.kind,
        payload: toJson(effect.payload),
      })
      .onConflict((conflict) => conflict.column('key').doNothing())
      .execute();
    return await tx.db
      .selectFrom('effects')
      .select(COLUMNS)
      .where('key', '=', toText(effect.key))
      .executeTakeFirstOrThrow();
  });
}

function begin(store: Store, key: string): Promise<Effect> {
  return write(store, 'ledger.effect-begin', async (tx) => {
    const effect = await tx.db
      .selectFrom('effects')
      .select(COLUMNS)
      .where('key', '=', toText(key))
      .forUpdate()
      .executeTakeFirst();
    if (!effect) throw new LedgerConflict(`no effect has the key ${JSON.stringify(key)}: plan it first`);
    if (effect.state === 'confirmed') return effect;
    await sql`
      UPDATE effects SET state = 'sent', attempts = attempts + 1, sent_at = clock_timestamp()
      WHERE key = ${effect.key}`.execute(tx.db);
    return effect;
  });
}

function settle(store: Store, key: string, state: 'confirmed' | 'unknown', reference: string | null): Promise<void> {
  return write(store, 'ledger.effect-settle', async (tx) => {
    await sql`
      UPDATE effects SET state = ${state}, reference = coalesce(${reference}::text, reference), settled_at = clock_timestamp()
      WHERE key = ${toText(key)} AND state <> 'confirmed'`.execute(tx.db);
  });
}
