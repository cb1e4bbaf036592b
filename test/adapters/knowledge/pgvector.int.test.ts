/** The extension `vector` gives the same answers as looking at everything: on PGlite with the extension, in this process. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { Kysely, PostgresDialect } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Store } from '../../../adapters/store/context.js';
import { lessonStore } from '../../../adapters/store/lessons.js';
import { migrate } from '../../../adapters/store/migrations/index.js';
import { PglitePool } from '../../../adapters/store/pglite-pool.js';
import type { PgliteSession } from '../../../adapters/store/pglite-session.js';
import type { LessonStore } from '../../../domain/knowledge/lessons.js';
import { behaviour } from './behaviour.js';

let dir: string;
let lite: PGlite;
let db: Kysely<never>;
let lessons: LessonStore;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'baton-pgvector-'));
  lite = await PGlite.create({ extensions: { vector } });
  const session: PgliteSession = {
    async query(text, values) {
      const { rows, affectedRows } = await lite.query(text, [...values]);
      return { rows, rowCount: affectedRows || rows.length };
    },
    close: () => lite.close(),
    broken: () => false,
  };
  db = new Kysely({ dialect: new PostgresDialect({ pool: new PglitePool(dir, session) }) });
  await migrate(db);
  const nothing = async (): Promise<void> => {};
  const store = {
    db,
    where: 'PGlite',
    instance: 'test',
    faults: nothing,
    poisonAfter: 3,
    ensureRoom: nothing,
    tidy: nothing,
    wake() {},
  };
  lessons = lessonStore(store as unknown as Store);
});
afterAll(async () => {
  await db?.destroy();
  await rm(dir, { recursive: true, force: true });
});

describe('the knowledge store with pgvector', () => {
  behaviour(() => lessons);

  it('does use the extension', async () => expect(await lessons.method()).toBe('pgvector'));
});
