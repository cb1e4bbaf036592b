import { createHash, randomBytes } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const LENGTH = 26;

/** 26 digits of Crockford's base 32 from the first 130 bits. */
function base32(bytes: Uint8Array): string {
  let bits = 0n;
  for (const byte of bytes.subarray(0, 17)) bits = (bits << 8n) | BigInt(byte);
  bits >>= 6n;
  let text = '';
  for (let i = LENGTH - 1; i >= 0; i--) text += ALPHABET[Number((bits >> BigInt(i * 5)) & 31n)];
  return text;
}

/** 48 bits of milliseconds, 80 bits of chance (a ULID): sorts by time. */
function ulid(nowMs: number): string {
  const bytes = Buffer.alloc(17);
  // The first 2 of 130 bits stay empty, so the 128 bits of a ULID end where the digits end.
  const bits = (BigInt(nowMs) << 80n) | BigInt(`0x${randomBytes(10).toString('hex')}`);
  Buffer.from((bits << 6n).toString(16).padStart(34, '0'), 'hex').copy(bytes);
  return base32(bytes);
}

const keyed = (principal: string, key: string): string =>
  base32(createHash('sha256').update(`${principal}\u0000${key}`).digest());

/** A new id of a test run, such as `run_01K…`. */
export const newRunId = (nowMs: number = Date.now()): string => `run_${ulid(nowMs)}`;

/** The id that belongs to a caller's `Idempotency-Key`: asking again finds the same execution, whatever process answers. */
export const keyedRunId = (principal: string, key: string): string => `run_${keyed(principal, key)}`;

/** The same for executions of workflows, such as `wf_01K…`. */
export const newExecutionId = (principal: string, key: string | undefined): string =>
  `wf_${key === undefined ? ulid(Date.now()) : keyed(principal, key)}`;
