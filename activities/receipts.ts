/** The signed receipt of a verdict, and its file among the artifacts. */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../domain/canonical.js';
import { buildReceipt, type ReceiptInput } from '../domain/receipt.js';
import type { SignedReceipt } from '../domain/receipt.schema.js';
import type { RunDeps } from './run.js';

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

export type Seen = Omit<ReceiptInput, 'versions' | 'judgedAt' | 'sha256'>;

/** JSON text. A repeated call makes another one with a later time; the ledger keeps the first. */
export function signedReceipt({ signer, versions }: RunDeps, seen: Seen): string {
  const receipt = buildReceipt({ ...seen, versions, judgedAt: new Date().toISOString(), sha256 });
  const signed: SignedReceipt = {
    receipt,
    signature: { algorithm: 'Ed25519', keyId: signer.keyId, value: signer.sign(Buffer.from(canonicalJson(receipt))) },
  };
  return canonicalJson(signed);
}

/** Harmless when repeated: the bytes are those that were stored with the verdict. */
export async function nameReceipt({ ledger, artifacts }: RunDeps, execution: string): Promise<void> {
  const document = await ledger.receipt(execution);
  if (document === undefined) return;
  const stored = await artifacts.put(Buffer.from(document, 'utf8'));
  await ledger.addArtifact(execution, { name: 'receipt.json', mediaType: 'application/json', ...stored });
}
