/** Deliveries: stored before they are answered, known again by their id and by their body. */
import { sql } from 'kysely';
import type { Happening } from '../../domain/triggers/happening.js';
import type { Delivery, DeliveryKey, NewDelivery, TriggerStore } from '../../domain/triggers/ports.js';
import { type Store, read, write } from './context.js';
import { toJson, toText } from './json.js';

type DeliveryStore = Pick<TriggerStore, 'receive' | 'delivery' | 'deliveries' | 'settle' | 'waiting' | 'forget'>;

export function deliveryStore(store: Store): DeliveryStore {
  return {
    receive: (delivery) => receive(store, delivery),
    delivery: (key) =>
      read(store, async (db) => {
        const { rows } = await sql<Row>`
          SELECT * FROM deliveries WHERE source = ${toText(key.source)} AND id = ${toText(key.id)}`.execute(db);
        return rows[0] && { ...deliveryOf(rows[0]), happening: rows[0].happening };
      }),
    deliveries: (limit) =>
      read(store, async (db) => {
        const { rows } = await sql<Row>`SELECT * FROM deliveries ORDER BY no DESC LIMIT ${limit}`.execute(db);
        return rows.map(deliveryOf);
      }),
    settle: (key, sentence, executions) =>
      write(store, 'ledger.delivery-settle', async ({ db }) => {
        await sql`
          UPDATE deliveries SET state = 'done', sentence = ${toText(sentence)}, executions = ${toJson([...executions])}::jsonb
          WHERE source = ${toText(key.source)} AND id = ${toText(key.id)}`.execute(db);
      }),
    waiting: (olderThanMs, limit) =>
      read(store, async (db) => {
        const { rows } = await sql<DeliveryKey>`
          SELECT source, id FROM deliveries
          WHERE state = 'stored' AND received_at < clock_timestamp() - ${olderThanMs} * interval '1 millisecond'
          ORDER BY no LIMIT ${limit}`.execute(db);
        return rows;
      }),
    forget: (days) =>
      write(store, 'ledger.delivery-forget', async ({ db }) => {
        await sql`
          DELETE FROM deliveries
          WHERE state <> 'stored' AND received_at < clock_timestamp() - ${days} * interval '1 day'`.execute(db);
        await sql`DELETE FROM trigger_starts WHERE claimed_at < clock_timestamp() - ${days} * interval '1 day'`.execute(
          db,
        );
      }),
  };
}

function receive(store: Store, given: NewDelivery): Promise<'delivery' | 'body' | undefined> {
  return write(store, 'ledger.delivery-receive', async ({ db }) => {
    const { source, id, digest, happening, ignored } = given;
    const { rows } = await sql`
      INSERT INTO deliveries (source, id, digest, happening, state, sentence)
      VALUES (${toText(source)}, ${toText(id)}, ${digest}, ${happening === null ? null : toJson(happening)}::jsonb,
        ${ignored === null ? 'stored' : 'ignored'}, ${ignored === null ? null : toText(ignored)})
      ON CONFLICT DO NOTHING RETURNING id`.execute(db);
    if (rows.length > 0) return undefined;
    const known = await sql`
      UPDATE deliveries SET duplicates = duplicates + 1
      WHERE source = ${toText(source)} AND id = ${toText(id)} RETURNING id`.execute(db);
    if (known.rows.length > 0) return 'delivery';
    await sql`
      UPDATE deliveries SET duplicates = duplicates + 1
      WHERE source = ${toText(source)} AND digest = ${digest}`.execute(db);
    return 'body';
  });
}

interface Row {
  readonly source: string;
  readonly id: string;
  readonly happening: Happening | null;
  readonly state: Delivery['state'];
  readonly sentence: string | null;
  readonly executions: string[];
  readonly duplicates: number;
  readonly received_at: Date;
}

const deliveryOf = (row: Row): Delivery => ({
  source: row.source,
  id: row.id,
  state: row.state,
  event: row.happening?.event ?? null,
  sentence: row.sentence,
  executions: row.executions,
  duplicates: row.duplicates,
  receivedAt: row.received_at.toISOString(),
});
