/**
 * Lessons on the ledger's database. Vectors are plain arrays, so every PostgreSQL can hold them. Where the extension
 * `vector` is installed, it finds the nearest; elsewhere all lessons of the project are looked at, newest first, at most
 * 20,000. Both look at every vector, without an approximate index, and the last order is made by the same function: so
 * they give the same answer.
 */
import { sql } from 'kysely';
import { cosine } from '../../domain/knowledge/embedding.js';
import type { KeptLesson, LessonStore, Nearest } from '../../domain/knowledge/lessons.js';
import type { Lesson } from '../../domain/knowledge.js';
import { type Store, read, write } from './context.js';
import { iso, toJson, toText } from './json.js';

const MOST_SCANNED = 20_000;
const PAGE = 1_000;
/** pgvector computes in single precision: so many more are fetched than wanted, and put in order again. */
const SPARE = 4;

export function lessonStore(store: Store): LessonStore {
  let extension: Promise<boolean> | undefined;
  const hasVector = (): Promise<boolean> => {
    extension ??= findExtension(store);
    return extension;
  };
  return {
    put: (lessons) => put(store, lessons),
    async nearest(query) {
      const ids = (await hasVector()) ? await byExtension(store, query) : await byScan(store, query);
      return await ranked(store, query, ids);
    },
    foreign: (embedding, limit) => foreign(store, embedding, limit),
    method: async () => ((await hasVector()) ? 'pgvector' : 'exact scan'),
  };
}

/** Installs the extension where the server has it and lets us; a server that does not is searched without. */
async function findExtension(store: Store): Promise<boolean> {
  const installed = () =>
    read(
      store,
      async (db) => (await sql`SELECT FROM pg_extension WHERE extname = 'vector'`.execute(db)).rows.length > 0,
    );
  if (await installed()) return true;
  const available = await read(store, async (db) => {
    const { rows } = await sql`SELECT FROM pg_available_extensions WHERE name = 'vector'`.execute(db);
    return rows.length > 0;
  });
  if (!available) return false;
  try {
    await write(
      store,
      'ledger.vector',
      async (tx) => void (await sql`CREATE EXTENSION IF NOT EXISTS vector`.execute(tx.db)),
    );
  } catch {
    // Without the right to install it, or beside another process that does so at the same moment.
  }
  return await installed();
}

function put(store: Store, lessons: readonly KeptLesson[]): Promise<void> {
  if (lessons.length === 0) return Promise.resolve();
  const rows = [...lessons].sort((a, b) => (a.id < b.id ? -1 : 1));
  return write(store, 'ledger.lessons', async (tx) => {
    await sql`
      INSERT INTO lessons AS l (id, project, kind, execution, text, data, embedding, vector)
      SELECT id, project, kind, execution, text, data, embedding, vector
      FROM jsonb_to_recordset(${toJson(rows)}::jsonb) AS given (id text, project text, kind text, execution text, text text,
        data jsonb, embedding text, vector real[])
      ON CONFLICT (id) DO UPDATE SET project = excluded.project, kind = excluded.kind, execution = excluded.execution,
        text = excluded.text, data = excluded.data, embedding = excluded.embedding, vector = excluded.vector`.execute(
      tx.db,
    );
  });
}

/** What may be an answer at all. */
const fitting = ({ project, embedding, vector, kinds, except }: Nearest) => sql`
  project = ${toText(project)} AND embedding = ${toText(embedding)} AND cardinality(vector) = ${vector.length}
  AND ${kinds ? sql`kind = ANY(${[...kinds]}::text[])` : sql`true`}
  AND ${except === undefined ? sql`true` : sql`execution <> ${toText(except)}`}`;

const GROUP = sql`coalesce(kind || (data ->> 'fingerprint'), id)`;

async function byExtension(store: Store, query: Nearest): Promise<string[]> {
  const wanted = `[${query.vector.join(',')}]`;
  return await read(store, async (db) => {
    const { rows } = await sql<{ id: string }>`
      SELECT id FROM (
        SELECT DISTINCT ON (grp) grp, id, distance FROM (
          SELECT ${GROUP} AS grp, id, at, vector::vector <=> ${wanted}::vector AS distance FROM lessons WHERE ${fitting(query)}
        ) each ORDER BY grp, distance, at DESC, id
      ) best ORDER BY distance, id LIMIT ${query.limit * SPARE}`.execute(db);
    return rows.map(({ id }) => id);
  });
}

interface Scanned {
  readonly id: string;
  readonly at: Date;
  readonly grp: string;
  readonly packed: Uint8Array;
}

interface Scored {
  readonly id: string;
  readonly at: number;
  readonly score: number;
}

const better = (a: Scored, b: Scored): number => b.score - a.score || b.at - a.at || (a.id < b.id ? -1 : 1);

async function byScan(store: Store, query: Nearest): Promise<string[]> {
  const best = new Map<string, Scored>();
  let last: { at: string; id: string } | undefined;
  for (let seen = 0; seen < MOST_SCANNED; ) {
    const older = last ? sql`(at, id) < (${last.at}::timestamptz, ${last.id})` : sql`true`;
    const rows = await read(store, async (db) => {
      const page = await sql<Scanned & { exact: string }>`
        SELECT id, at, at::text AS exact, ${GROUP} AS grp, array_send(vector) AS packed FROM lessons
        WHERE ${fitting(query)} AND ${older} ORDER BY at DESC, id DESC LIMIT ${PAGE}`.execute(db);
      return page.rows;
    });
    for (const { id, at, grp, packed } of rows) {
      const scored = { id, at: at.getTime(), score: cosine(unpacked(packed), query.vector) };
      const known = best.get(grp);
      if (!known || better(scored, known) < 0) best.set(grp, scored);
    }
    const end = rows.at(-1);
    if (!end || rows.length < PAGE) break;
    last = { at: end.exact, id: end.id };
    seen += rows.length;
  }
  return [...best.values()]
    .sort(better)
    .slice(0, query.limit * SPARE)
    .map(({ id }) => id);
}

const HEADER = 20;

/** PostgreSQL's binary form of a `real[]`: a header, then length and number of each. */
function unpacked(packed: Uint8Array): Float32Array {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const numbers = new Float32Array(Math.max(0, (packed.byteLength - HEADER) / 8));
  for (let at = 0; at < numbers.length; at++) numbers[at] = view.getFloat32(HEADER + at * 8 + 4);
  return numbers;
}

interface LessonRow extends Lesson {
  readonly at: Date;
  readonly packed: Uint8Array;
}

async function ranked(store: Store, query: Nearest, ids: readonly string[]): ReturnType<LessonStore['nearest']> {
  if (ids.length === 0) return [];
  const rows = await read(store, async (db) => {
    const found = await sql<LessonRow>`
      SELECT id, project, kind, execution, text, data, at, array_send(vector) AS packed FROM lessons
      WHERE id = ANY(${[...ids]}::text[])`.execute(db);
    return found.rows;
  });
  return rows
    .map(({ packed, at, ...lesson }) => ({ lesson, at, score: cosine(unpacked(packed), query.vector) }))
    .sort((a, b) =>
      better({ ...a, id: a.lesson.id, at: a.at.getTime() }, { ...b, id: b.lesson.id, at: b.at.getTime() }),
    )
    .slice(0, query.limit)
    .map(({ lesson, at, score }) => ({ ...lesson, at: iso(at), score: Math.round(score * 1e4) / 1e4 }));
}

function foreign(store: Store, embedding: string, limit: number): Promise<Lesson[]> {
  return read(store, async (db) => {
    const { rows } = await sql<Lesson>`
      SELECT id, project, kind, execution, text, data FROM lessons WHERE embedding <> ${toText(embedding)}
      ORDER BY at, id LIMIT ${limit}`.execute(db);
    return rows;
  });
}
