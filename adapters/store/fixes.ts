/** Fixes on the ledger's database. The unique index keeps two from working on one failure, whoever starts them. */
import { sql } from 'kysely';
import type { FixRecord } from '../../domain/fix/record.schema.js';
import type { Claim, FixStore } from '../../domain/fix/store.js';
import { read, type Store, write } from './context.js';
import { toText } from './json.js';

const FIX_LOCK = 0x666978;

export function fixStore(store: Store): FixStore {
  return {
    claim: (input) => claim(store, input),
    settle: (execution, change) => settle(store, execution, change),
    ofRun: (run) => read(store, (db) => select(db, sql`run = ${toText(run)}`)),
    find: (execution) => read(store, async (db) => (await select(db, sql`execution = ${toText(execution)}`))[0]),
  };
}

type Db = Parameters<Parameters<typeof read>[1]>[0];

async function select(db: Db, where: ReturnType<typeof sql>): Promise<FixRecord[]> {
  const { rows } = await sql<FixRecord>`
    SELECT execution, project, fingerprint, run, state, pull_request AS "pullRequest", url, decided_by AS "by", reason
    FROM fixes WHERE ${where} ORDER BY created_at DESC, execution`.execute(db);
  return rows;
}

function claim(store: Store, input: Parameters<FixStore['claim']>[0]): Promise<Claim> {
  const { execution, project, fingerprint, run, attemptsPerWeek } = input;
  return write(store, 'ledger.fix-claim', async (tx): Promise<Claim> => {
    await sql`SELECT pg_advisory_xact_lock(${FIX_LOCK})`.execute(tx.db);
    const known = await select(
      tx.db as unknown as Db,
      sql`project = ${toText(project)} AND fingerprint = ${toText(fingerprint)}`,
    );
    if (known.some((each) => each.execution === execution)) return { claimed: true };
    const active = known.find(({ state }) => state === 'working' || state === 'offered');
    if (active)
      return { claimed: false, why: 'active', sentence: `${active.execution} works on this failure already.` };
    const no = known.find(({ state }) => state === 'rejected' || state === 'closed');
    if (no)
      return {
        claimed: false,
        why: 'refused',
        sentence: `${no.by ?? 'Somebody'} said no to a fix of this failure (${no.execution}), so none is tried again.`,
      };
    const { rows } = await sql<{ tries: number }>`
      SELECT count(*)::int AS tries FROM fixes WHERE project = ${toText(project)} AND fingerprint = ${toText(fingerprint)}
        AND created_at > clock_timestamp() - interval '7 days'`.execute(tx.db);
    if (rows[0]!.tries >= attemptsPerWeek)
      return {
        claimed: false,
        why: 'too often',
        sentence: `${rows[0]!.tries} of ${attemptsPerWeek} tries of this week are used for this failure.`,
      };
    await sql`INSERT INTO fixes (execution, project, fingerprint, run)
      VALUES (${toText(execution)}, ${toText(project)}, ${toText(fingerprint)}, ${toText(run)})`.execute(tx.db);
    return { claimed: true };
  });
}

function settle(store: Store, execution: string, change: Parameters<FixStore['settle']>[1]): Promise<void> {
  const text = (value: string | null | undefined): string | null => (value ? toText(value.slice(0, 2000)) : null);
  return write(store, 'ledger.fix-settle', async (tx) => {
    await sql`
      UPDATE fixes SET state = coalesce(${change.state ?? null}::text, state),
        pull_request = coalesce(${change.pullRequest ?? null}::int, pull_request),
        url = coalesce(${text(change.url)}::text, url),
        decided_by = coalesce(${text(change.by)}::text, decided_by), reason = coalesce(${text(change.reason)}::text, reason),
        updated_at = clock_timestamp()
      WHERE execution = ${toText(execution)}`.execute(tx.db);
  });
}
