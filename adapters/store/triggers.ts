/** Triggers and followers of pull requests. */
import { sql } from 'kysely';
import type { StoredTrigger, Trigger } from '../../domain/triggers/trigger.schema.js';
import type { TriggerStore } from '../../domain/triggers/ports.js';
import { claim, started, superseded } from './claims.js';
import { type Store, read, write } from './context.js';
import { deliveryStore } from './deliveries.js';
import { toJson, toText } from './json.js';

export function triggerStore(store: Store): TriggerStore {
  return {
    ...deliveryStore(store),
    list: () => list(store),
    create: (trigger, by) => create(store, trigger, by),
    remove: (name) =>
      write(store, 'ledger.trigger-remove', async ({ db }) => {
        const { rows } = await sql`DELETE FROM triggers WHERE name = ${toText(name)} RETURNING name`.execute(db);
        return rows.length > 0;
      }),
    claim: (asked) => claim(store, asked),
    started: (asked, execution) => started(store, asked, execution),
    superseded: (trigger, repository, commits) => superseded(store, trigger, repository, commits),
    follow: (repository, number, execution) =>
      write(store, 'ledger.follow', async ({ db }) => {
        await sql`INSERT INTO pull_request_followers (repository, number, execution)
          VALUES (${toText(repository)}, ${number}, ${toText(execution)}) ON CONFLICT DO NOTHING`.execute(db);
      }),
    followers: (repository, number) =>
      read(store, async (db) => {
        const { rows } = await sql<{ execution: string }>`
          SELECT execution FROM pull_request_followers
          WHERE repository = ${toText(repository)} AND number = ${number} ORDER BY execution`.execute(db);
        return rows.map((row) => row.execution);
      }),
  };
}

interface Row {
  readonly definition: Trigger;
  readonly by: string;
  readonly at: Date;
  readonly fired: number;
}

function list(store: Store): Promise<StoredTrigger[]> {
  return read(store, async (db) => {
    const { rows } = await sql<Row>`
      SELECT t.definition, t.created_by AS by, t.created_at AS at,
        (SELECT count(*)::int FROM trigger_starts s WHERE s.trigger = t.name AND s.execution IS NOT NULL) AS fired
      FROM triggers t ORDER BY t.name`.execute(db);
    return rows.map(({ definition, by, at, fired }) => ({
      trigger: definition,
      from: 'api' as const,
      by,
      createdAt: at.toISOString(),
      fired,
    }));
  });
}

function create(store: Store, trigger: Trigger, by: string): Promise<boolean> {
  return write(store, 'ledger.trigger-create', async ({ db }) => {
    const { rows } = await sql`
      INSERT INTO triggers (name, definition, created_by)
      VALUES (${toText(trigger.name)}, ${toJson(trigger)}::jsonb, ${toText(by)})
      ON CONFLICT (name) DO NOTHING RETURNING name`.execute(db);
    return rows.length > 0;
  });
}
