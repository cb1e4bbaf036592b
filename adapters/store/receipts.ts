/** The signed receipt of a verdict. It is written in the verdict's own transaction, so no kill can come between them. */
import type { VerdictProof } from '../../domain/proof.js';
import { type Scope, type Store, type Tx, read } from './context.js';
import { toText } from './json.js';

/** Only by who holds the run's lock and has seen that it has no verdict. */
export async function insertReceipt(tx: Tx, scope: Scope, proof: VerdictProof): Promise<void> {
  const { execution, project, principal, trust } = scope;
  await tx.db
    .insertInto('receipts')
    .values({ execution, project, principal, trust, key_id: proof.keyId, document: toText(proof.document) })
    .execute();
}

export function receipt(store: Store, execution: string): Promise<string | undefined> {
  return read(store, async (db) => {
    const row = await db
      .selectFrom('receipts')
      .select('document')
      .where('execution', '=', toText(execution))
      .executeTakeFirst();
    return row?.document;
  });
}
