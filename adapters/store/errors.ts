/** Errors of the store: their own, and what a database's errors mean to the rest of Baton. */
import { ProjectProblem } from '../../domain/failures.js';
import { FenceRefused, NotFound } from '../../domain/ports.js';
import { TicketRefused } from '../../domain/proof.js';
import { SessionBusy } from './pglite-pool.js';
import { SessionLost } from './pglite-session.js';

/** The cursor is not one of ours, or belongs to another list. The caller's fault: HTTP 400. */
export class BadCursor extends Error {
  override readonly name = 'BadCursor';
  readonly status = 400;
  constructor() {
    super('the cursor is not valid: use `nextCursor` of the page before, unchanged, or leave it out');
  }
}

/** What a runner claims and what the ledger holds disagree. Nothing of the call was stored. HTTP 409. */
export class LedgerConflict extends Error {
  override readonly name = 'LedgerConflict';
  readonly status = 409;
}

/** Results that come after a batch or an execution has ended. Like any other zombie, their writer must stop. */
export class TooLate extends FenceRefused {
  constructor(batch: string, fence: number, why: string) {
    super(batch, fence, fence);
    this.message = `results of attempt ${fence} of batch ${batch} come too late: ${why}`;
  }
}

interface Coded {
  readonly code?: string;
  readonly message: string;
  readonly errors?: readonly Coded[];
}

const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'EAI_AGAIN',
  'ENOENT',
]);
/** Connection classes, shutdown, start-up, too many clients, wrong password, no such database or role, cancelled by a limit. */
const UNAVAILABLE = /^(08...|57P0.|53300|53200|28...|3D000|57014|25P03|55P03)$/;

/** Two transactions were in each other's way: the same call again will do. */
export function isCollision(error: unknown): boolean {
  const code = (error as Coded).code;
  return code === '40P01' || code === '40001';
}

/** Turns a database's error into `ProjectProblem` where it has a name; anything else is returned as it is. */
export function named(error: unknown, where: string): unknown {
  if (!(error instanceof Error)) return error;
  if (error instanceof ProjectProblem || error instanceof FenceRefused || error instanceof NotFound) return error;
  if (error instanceof TicketRefused) return error;
  const { code = '', message, errors } = error as Coded;
  if (code === '53100' || code === 'ENOSPC' || /No space left on device|ENOSPC/i.test(message)) {
    return new ProjectProblem(
      'DiskFull',
      `the disk of the ledger (${where}) is full: ${message}. Free some space; nothing acknowledged is lost, and the same call works again then.`,
    );
  }
  const inner = errors?.find((each) => NETWORK.has(each.code ?? ''));
  const lost =
    /Connection terminated|connection error and is not queryable|timeout exceeded when trying to connect|Client was closed|server closed the connection/i;
  if (NETWORK.has(code) || inner || UNAVAILABLE.test(code) || isSessionGone(error) || lost.test(message)) {
    return new ProjectProblem(
      'StoreUnavailable',
      `the ledger (${where}) does not answer: ${inner?.message ?? message}. ${adviceFor(code)}`,
    );
  }
  return error;
}

const isSessionGone = (error: Error): boolean => error instanceof SessionBusy || error instanceof SessionLost;

function adviceFor(code: string): string {
  if (/^28/.test(code)) return 'Check user and password in DATABASE_URL.';
  if (code === '3D000') return 'Create the database named in DATABASE_URL.';
  if (code === '53300') return 'Raise max_connections or lower the pool size.';
  return 'Check that the database runs and is reachable, then try again.';
}
