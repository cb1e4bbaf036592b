/** Definitions: bodies by digest, versions by number, names that are free again when theirs is deleted. */
import { sql } from 'kysely';
import type { Definition } from '../../domain/definitions/definition.schema.js';
import type {
  DefinitionStore,
  DefinitionVersion,
  NewDefinition,
  StoredDefinition,
} from '../../domain/definitions/store.js';
import { canonicalJson } from '../../domain/canonical.js';
import { type Store, type Tx, read, write } from './context.js';
import { iso, toText } from './json.js';
import { stepResults } from './step-results.js';

interface Row {
  id: string;
  name: string;
  kind: Definition['kind'];
  project: string;
  principal: string;
  version: number;
  digest: string;
  body: Definition;
  source: string | null;
  created_at: Date;
  updated_at: Date;
}

const SELECT = sql`
  SELECT d.id, d.name, d.kind, d.project, d.principal, v.version, v.digest, b.body, v.source, d.created_at, d.updated_at
  FROM definitions d JOIN definition_versions v ON v.definition = d.id JOIN definition_bodies b ON b.digest = v.digest`;

export function definitionStore(store: Store): DefinitionStore {
  return {
    create: (definition) => create(store, definition),
    change: (id, change) => change_(store, id, change),
    find: (idOrName, version) =>
      read(store, async (db) => {
        const name = toText(idOrName);
        const { rows } = await sql<Row>`${SELECT}
          WHERE (d.id = ${name} OR (lower(d.name) = lower(${name}) AND d.deleted_at IS NULL))
            AND v.version = coalesce(${version ?? null}::int, d.version)
          ORDER BY d.deleted_at NULLS FIRST LIMIT 1`.execute(db);
        return rows[0] && toStored(rows[0]);
      }),
    list: (kind) =>
      read(store, async (db) => {
        const { rows } = await sql<Row>`${SELECT}
          WHERE d.deleted_at IS NULL AND v.version = d.version AND (${kind ?? null}::text IS NULL OR d.kind = ${kind ?? null}::text)
          ORDER BY d.name LIMIT 1000`.execute(db);
        return rows.map(toStored);
      }),
    versions: (id) =>
      read(store, async (db) => {
        const { rows } = await sql<{ version: number; digest: string; principal: string; created_at: Date }>`
          SELECT version, digest, principal, created_at FROM definition_versions WHERE definition = ${toText(id)}
          ORDER BY version DESC`.execute(db);
        return rows.map(({ created_at, ...rest }): DefinitionVersion => ({ ...rest, createdAt: iso(created_at) }));
      }),
    remove: (id) =>
      write(store, 'ledger.definition-remove', async ({ db }) => {
        const { rows } = await sql`UPDATE definitions SET deleted_at = clock_timestamp()
          WHERE id = ${toText(id)} AND deleted_at IS NULL RETURNING id`.execute(db);
        return rows.length > 0;
      }),
    body: (digest) =>
      read(store, async (db) => {
        const { rows } = await sql<{ body: Definition }>`
          SELECT body FROM definition_bodies WHERE digest = ${toText(digest)}`.execute(db);
        return rows[0] && canonicalJson(rows[0].body);
      }),
    ...stepResults(store),
  };
}

function create(store: Store, given: NewDefinition): Promise<StoredDefinition | undefined> {
  return write(store, 'ledger.definition-create', async (tx) => {
    const { id, definition } = given;
    const { rows } = await sql<{ id: string }>`
      INSERT INTO definitions (id, name, kind, project, principal, trust, version)
      VALUES (${toText(id)}, ${toText(definition.name)}, ${definition.kind}, ${toText(given.project)}, ${toText(given.principal)}, ${given.trust}, 1)
      ON CONFLICT DO NOTHING RETURNING id`.execute(tx.db);
    if (rows.length > 0) await addVersion(tx, id, 1, given);
    const found = await one(tx, id);
    // The same request again; another definition of this name has another id.
    return found;
  });
}

function change_(
  store: Store,
  id: string,
  given: Omit<NewDefinition, 'id' | 'project' | 'trust'>,
): Promise<StoredDefinition | undefined> {
  return write(store, 'ledger.definition-change', async (tx) => {
    await sql`SELECT 1 FROM definitions WHERE id = ${toText(id)} AND deleted_at IS NULL FOR UPDATE`.execute(tx.db);
    const before = await one(tx, id);
    if (!before) return undefined;
    if (before.digest === given.digest) return before;
    const { rows } = await sql<{ id: string }>`
      SELECT id FROM definitions WHERE lower(name) = lower(${toText(given.definition.name)}) AND deleted_at IS NULL`.execute(
      tx.db,
    );
    if (rows.some((row) => row.id !== id)) return undefined;
    const version = before.version + 1;
    await addVersion(tx, id, version, given);
    await sql`UPDATE definitions SET version = ${version}, name = ${toText(given.definition.name)},
      kind = ${given.definition.kind}, updated_at = clock_timestamp() WHERE id = ${id}`.execute(tx.db);
    return await one(tx, id);
  });
}

async function addVersion(
  tx: Tx,
  id: string,
  version: number,
  given: Pick<NewDefinition, 'definition' | 'digest' | 'source' | 'principal'>,
): Promise<void> {
  await sql`INSERT INTO definition_bodies (digest, body)
    VALUES (${given.digest}, ${canonicalJson(given.definition)}::jsonb) ON CONFLICT DO NOTHING`.execute(tx.db);
  await sql`INSERT INTO definition_versions (definition, version, digest, source, principal)
    VALUES (${id}, ${version}, ${given.digest}, ${given.source === null ? null : toText(given.source)}, ${toText(given.principal)})`.execute(
    tx.db,
  );
}

async function one(tx: Tx, id: string): Promise<StoredDefinition | undefined> {
  const { rows } =
    await sql<Row>`${SELECT} WHERE d.id = ${id} AND v.version = d.version AND d.deleted_at IS NULL`.execute(tx.db);
  return rows[0] && toStored(rows[0]);
}

const toStored = (row: Row): StoredDefinition => ({
  id: row.id,
  name: row.name,
  kind: row.kind,
  version: row.version,
  digest: row.digest,
  definition: row.body,
  source: row.source,
  principal: row.principal,
  project: row.project,
  createdAt: iso(row.created_at),
  updatedAt: iso(row.updated_at),
});
