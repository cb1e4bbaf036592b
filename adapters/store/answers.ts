/** Comments that there are, and clones that mirror the merge gate. */
import { sql } from 'kysely';
import type { AnswerStore, Clone } from '../../domain/answer-ports.js';
import { type Store, read, write } from './context.js';
import { toText } from './json.js';

export function answerStore(store: Store): AnswerStore {
  return {
    comment: (repository, number, context) =>
      read(store, async (db) => {
        const { rows } = await sql<{ url: string }>`
          SELECT url FROM answer_comments
          WHERE repository = ${toText(repository)} AND number = ${number} AND context = ${toText(context)}`.execute(db);
        return rows[0]?.url;
      }),
    commented: (repository, number, context, url) =>
      write(store, 'ledger.commented', async ({ db }) => {
        await sql`
          INSERT INTO answer_comments (repository, number, context, url)
          VALUES (${toText(repository)}, ${number}, ${toText(context)}, ${toText(url)})
          ON CONFLICT (repository, number, context) DO UPDATE SET url = excluded.url`.execute(db);
      }),
    addClone: ({ dir, host, repository }) =>
      write(store, 'ledger.clone-add', async ({ db }) => {
        await sql`
          INSERT INTO clones (dir, host, repository) VALUES (${toText(dir)}, ${toText(host)}, ${toText(repository)})
          ON CONFLICT (dir) DO UPDATE SET host = excluded.host, repository = excluded.repository`.execute(db);
      }),
    removeClone: (dir) =>
      write(store, 'ledger.clone-remove', async ({ db }) => {
        const { rows } = await sql`DELETE FROM clones WHERE dir = ${toText(dir)} RETURNING dir`.execute(db);
        return rows.length > 0;
      }),
    clones: (host) =>
      read(store, async (db) => {
        const { rows } = await sql<Clone>`
          SELECT dir, host, repository FROM clones WHERE host = ${toText(host)} ORDER BY dir`.execute(db);
        return rows;
      }),
  };
}
