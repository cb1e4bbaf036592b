/**
 * Shared things, such as a database or a device. A batch takes all it needs in one step before its attempt begins, or
 * nothing: so no two batches wait for each other. The holder is an attempt, named by its fence. It renews with its
 * runner's beat; what nobody renewed in time is free, and can not be renewed any more.
 */
import { sql } from 'kysely';
import { POOL_LIMITS } from '../../domain/runner.schema.js';
import type { LockedBatch } from './batches.js';
import type { Tx } from './context.js';

const LEASE_LOCK = 4_771_202;
const TTL = sql.lit(`${POOL_LIMITS.leaseMs} milliseconds`);

/**
 * Takes what the batch needs for its next attempt. Returns null, or who has what it waits for. An older attempt of the
 * same batch loses its leases here, together with the batch.
 */
export async function takeLeases(tx: Tx, row: LockedBatch): Promise<string | null> {
  const { definition } = await tx.db
    .selectFrom('batches')
    .select('definition')
    .where('execution', '=', row.execution)
    .where('id', '=', row.id)
    .executeTakeFirstOrThrow();
  const claims = definition.needs?.resources ?? [];
  if (claims.length === 0) return null;
  await sql`SELECT pg_advisory_xact_lock(${LEASE_LOCK}, hashtext(${row.project}))`.execute(tx.db);
  await releaseLeases(tx, row.execution, row.id);
  await sql`DELETE FROM resource_leases WHERE project = ${row.project} AND expires_at <= clock_timestamp()`.execute(
    tx.db,
  );
  for (const { name, count, limit } of claims) {
    const { rows } = await sql<{ execution: string; batch: string; count: number }>`
      SELECT execution, batch, count FROM resource_leases WHERE project = ${row.project} AND name = ${name}
      ORDER BY taken_at`.execute(tx.db);
    const taken = rows.reduce((sum, holder) => sum + holder.count, 0);
    if (taken + count <= limit) continue;
    const holders = rows.map((holder) => `batch ${holder.batch} of ${holder.execution}`).join(', ');
    return `${name} is taken (${taken} of ${limit}) by ${holders}`;
  }
  for (const { name, count } of claims) {
    await sql`
      INSERT INTO resource_leases (project, name, execution, batch, fence, count, expires_at)
      VALUES (${row.project}, ${name}, ${row.execution}, ${row.id}, ${row.fence + 1}, ${count},
        clock_timestamp() + ${TTL}::interval)`.execute(tx.db);
  }
  return null;
}

export async function releaseLeases(tx: Tx, execution: string, batch: string, fence?: number): Promise<void> {
  const only = fence === undefined ? sql`` : sql`AND fence = ${fence}`;
  await sql`DELETE FROM resource_leases WHERE execution = ${execution} AND batch = ${batch} ${only}`.execute(tx.db);
}

export interface Holder {
  readonly execution: string;
  readonly batch: string;
  readonly fence: number;
  readonly leases: readonly string[];
}

/** Returns the holders that may not go on: a lease of theirs has run out, or belongs to a newer attempt. */
export async function renewLeases(tx: Tx, holders: readonly Holder[]): Promise<Holder[]> {
  const lost: Holder[] = [];
  for (const holder of holders) {
    if (holder.leases.length === 0) continue;
    const { rows } = await sql<{ name: string }>`
      UPDATE resource_leases SET expires_at = clock_timestamp() + ${TTL}::interval
      WHERE execution = ${holder.execution} AND batch = ${holder.batch} AND fence = ${holder.fence}
        AND expires_at > clock_timestamp()
      RETURNING name`.execute(tx.db);
    const renewed = new Set(rows.map((row) => row.name));
    if (holder.leases.some((name) => !renewed.has(name))) lost.push(holder);
  }
  return lost;
}
