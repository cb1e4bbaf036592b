/** Opaque cursors of keyset pages: which list, and the number of the last row shown. */
import { BadCursor } from './errors.js';

export type CursorList = 'runs' | 'results' | 'executions' | 'notifications';

export const MAX_PAGE = 1_000;

export function encodeCursor(list: CursorList, no: number): string {
  return Buffer.from(`${list}:${no}`).toString('base64url');
}

/** Throws `BadCursor` for anything that `encodeCursor` did not make for this list. */
export function decodeCursor(list: CursorList, cursor: string): number {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  const no = Number(text.slice(list.length + 1));
  if (!Number.isSafeInteger(no) || no < 0 || encodeCursor(list, no) !== cursor) throw new BadCursor();
  return no;
}

/** Cuts rows that were read with `limit + 1` into a page. */
export function page<R, T>(
  rows: R[],
  limit: number,
  toItem: (row: R) => T,
  cursorOf: (row: R) => string,
): { items: T[]; nextCursor: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown.map(toItem), nextCursor: rows.length > limit && last !== undefined ? cursorOf(last) : null };
}

export function pageSize(limit: number): number {
  return Math.max(1, Math.min(Math.trunc(limit) || 1, MAX_PAGE));
}
