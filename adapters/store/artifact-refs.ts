/** Names of artifacts in an execution. The bytes are in the artifact store, by digest. */
import { sql } from 'kysely';
import type { ArtifactRef } from '../../domain/ports.js';
import { type Store, read, write } from './context.js';
import { toText } from './json.js';
import { unknownRun } from './runs.js';

/** A name that exists gets the newer digest: a report written again replaces the older one. */
export function addArtifact(store: Store, execution: string, artifact: ArtifactRef): Promise<void> {
  return write(store, 'ledger.artifact', async (tx) => {
    const { rows } = await sql`
      INSERT INTO artifacts (execution, name, project, principal, trust, digest, bytes, media_type)
      SELECT id, ${toText(artifact.name)}, project, principal, trust, ${artifact.digest}, ${artifact.bytes}, ${toText(artifact.mediaType)}
      FROM (SELECT id, project, principal, trust FROM runs UNION ALL
        SELECT id, project, principal, trust FROM workflow_executions) either WHERE id = ${toText(execution)}
      ON CONFLICT (execution, name) DO UPDATE SET digest = excluded.digest, bytes = excluded.bytes,
        media_type = excluded.media_type, created_at = clock_timestamp()
      RETURNING name`.execute(tx.db);
    if (rows.length === 0) throw unknownRun(execution);
  });
}

export function artifacts(store: Store, execution: string): Promise<ArtifactRef[]> {
  return read(store, async (db) => {
    const rows = await db
      .selectFrom('artifacts')
      .selectAll()
      .where('execution', '=', toText(execution))
      .orderBy('name')
      .execute();
    return rows.map((row) => ({ name: row.name, digest: row.digest, bytes: row.bytes, mediaType: row.media_type }));
  });
}

export function lacking(store: Store, names: readonly string[], endedAfter: Date, limit: number): Promise<string[]> {
  return read(store, async (db) => {
    const { rows } = await sql<{ id: string }>`
      SELECT id FROM runs WHERE status = 'finished' AND ended_at > ${endedAfter} AND
        (SELECT count(*) FROM artifacts a WHERE a.execution = runs.id AND a.name = ANY(${[...names]}::text[])) < ${names.length}
      ORDER BY ended_at LIMIT ${limit}`.execute(db);
    return rows.map((row) => row.id);
  });
}

/** Every digest some execution still names: artifacts, plans, kept output. For `ArtifactStore.sweep`. */
export function keptDigests(store: Store): Promise<Set<string>> {
  return read(store, async (db) => {
    const { rows } = await sql<{ digest: string }>`
      SELECT digest FROM artifacts
      UNION SELECT plan_digest FROM runs WHERE plan_digest IS NOT NULL
      UNION SELECT record FROM model_calls WHERE record IS NOT NULL
      UNION SELECT evidence ->> 'outputDigest' FROM batches WHERE evidence ->> 'outputDigest' IS NOT NULL`.execute(db);
    return new Set(rows.map((row) => row.digest));
  });
}
