/** Batches of an execution and their attempts, for whoever looks. */
import type { BatchRecord } from '../../domain/ports.js';
import type { BatchAttempt } from '../../domain/proof.js';
import { type Store, read } from './context.js';
import { iso, toText } from './json.js';

/** In plan order. */
export function listBatches(store: Store, execution: string): Promise<BatchRecord[]> {
  return read(store, async (db) => {
    const rows = await db
      .selectFrom('batches')
      .selectAll()
      .where('execution', '=', toText(execution))
      .orderBy('position')
      .execute();
    const ends = await db
      .selectFrom('file_ends')
      .select(['batch', 'file'])
      .where('execution', '=', toText(execution))
      .where('ended_at', 'is not', null)
      .orderBy('file')
      .execute();
    const done = new Map<string, string[]>();
    for (const { batch, file } of ends) {
      const files = done.get(batch);
      if (files) files.push(file);
      else done.set(batch, [file]);
    }
    return rows.map((row) => ({
      execution: row.execution,
      batch: row.id,
      suite: row.suite,
      stage: row.stage,
      files: row.definition.files,
      exclusive: row.definition.exclusive,
      serial: row.definition.serial,
      fence: row.fence,
      state: row.state,
      runner: row.runner,
      startedAt: iso(row.started_at),
      endedAt: iso(row.ended_at),
      evidence: row.evidence,
      filesDone: done.get(row.id) ?? [],
    }));
  });
}

/** In plan order, superseded ones included. */
export function listBatchAttempts(store: Store, execution: string): Promise<BatchAttempt[]> {
  return read(store, async (db) => {
    const rows = await db
      .selectFrom('batch_attempts as a')
      .innerJoin('batches as b', (join) => join.onRef('b.execution', '=', 'a.execution').onRef('b.id', '=', 'a.batch'))
      .select(['a.batch', 'a.fence', 'a.runner', 'a.began_at', 'a.ended_at', 'a.outcome', 'a.evidence'])
      .where('a.execution', '=', toText(execution))
      .orderBy('b.position')
      .orderBy('a.fence')
      .execute();
    return rows.map((row) => ({
      batch: row.batch,
      fence: row.fence,
      runner: row.runner,
      beganAt: iso(row.began_at) ?? '',
      endedAt: iso(row.ended_at),
      outcome: row.outcome,
      evidence: row.evidence,
    }));
  });
}
