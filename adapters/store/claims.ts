/**
 * One start per trigger, repository and commit, decided under a lock of its lane. A branch that was set back to a commit
 * which had been superseded starts it again, as its next generation.
 */
import { sql } from 'kysely';
import { around } from '../../domain/triggers/lane.js';
import type { Claim, Claimed } from '../../domain/triggers/ports.js';
import { type Store, write } from './context.js';
import { toText } from './json.js';

/** What was pushed longer ago does not matter for what is newest. */
const MOST_REMEMBERED = 200;

interface Row {
  readonly commit: string;
  readonly before: string | null;
  readonly at: number | null;
  readonly state: Claimed['state'];
  readonly execution: string | null;
  readonly generation: number;
}

export function claim(store: Store, asked: Claim): Promise<Claimed> {
  return write(store, 'ledger.trigger-claim', async ({ db }) => {
    const { trigger, repository, commit, lane, before, at } = asked;
    await sql`SELECT pg_advisory_xact_lock(hashtext(${toText(`${trigger} ${repository} ${lane}`)}))`.execute(db);
    await sql`
      INSERT INTO trigger_starts (trigger, repository, commit, lane, before, at)
      VALUES (${toText(trigger)}, ${toText(repository)}, ${toText(commit)}, ${toText(lane)}, ${before}, ${at})
      ON CONFLICT (trigger, repository, commit) DO UPDATE
        SET before = excluded.before, at = excluded.at, lane = excluded.lane, state = 'claimed', execution = NULL,
          generation = trigger_starts.generation + 1
        WHERE trigger_starts.state IN ('stale', 'superseded')
          AND trigger_starts.before IS DISTINCT FROM excluded.before`.execute(db);
    const { rows } = await sql<Row>`
      SELECT commit, before, at, state, execution, generation FROM trigger_starts
      WHERE trigger = ${toText(trigger)} AND repository = ${toText(repository)}
        AND (lane = ${toText(lane)} OR commit = ${toText(commit)})
      ORDER BY no DESC LIMIT ${MOST_REMEMBERED}`.execute(db);
    const own = rows.find((row) => row.commit === commit);
    if (!own) throw new Error(`the claim of ${commit} is gone`);
    if (!asked.supersede) return { ...claimedOf(own), older: [] };
    const { newer, older } = around(own, rows);
    if (own.state === 'claimed' && newer.length > 0) {
      await sql`
        UPDATE trigger_starts SET state = 'stale'
        WHERE trigger = ${toText(trigger)} AND repository = ${toText(repository)} AND commit = ${toText(commit)}`.execute(
        db,
      );
      return { ...claimedOf(own), state: 'stale', older: [] };
    }
    const open = older.filter((row) => row.state === 'claimed' || row.state === 'started');
    return { ...claimedOf(own), older: open };
  });
}

const claimedOf = ({ state, execution, generation }: Row): Omit<Claimed, 'older'> => ({ state, execution, generation });

export function started(
  store: Store,
  { trigger, repository, commit }: Pick<Claim, 'trigger' | 'repository' | 'commit'>,
  execution: string,
): Promise<Claimed['state'] | undefined> {
  return write(store, 'ledger.trigger-started', async ({ db }) => {
    const { rows } = await sql<Pick<Row, 'state'>>`
      UPDATE trigger_starts SET execution = ${toText(execution)},
        state = CASE WHEN state = 'claimed' THEN 'started' ELSE state END
      WHERE trigger = ${toText(trigger)} AND repository = ${toText(repository)} AND commit = ${toText(commit)}
      RETURNING state`.execute(db);
    return rows[0]?.state;
  });
}

export function superseded(
  store: Store,
  trigger: string,
  repository: string,
  commits: readonly string[],
): Promise<string[]> {
  return write(store, 'ledger.trigger-superseded', async ({ db }) => {
    const executions: string[] = [];
    for (const commit of commits) {
      const { rows } = await sql<Pick<Row, 'execution'>>`
        UPDATE trigger_starts SET state = 'superseded'
        WHERE trigger = ${toText(trigger)} AND repository = ${toText(repository)} AND commit = ${toText(commit)}
          AND state IN ('claimed', 'started')
        RETURNING execution`.execute(db);
      executions.push(...rows.flatMap((row) => row.execution ?? []));
    }
    return executions;
  });
}
