/**
 * Opens a report that somebody else's program wrote: regular files only, no links followed, no waiting on a pipe, size
 * looked at before the first byte, and whatever encoding it is in.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { TextDecoder } from 'node:util';

/** Largest report that is read, in bytes. */
export const MAX_REPORT_BYTES = 512 * 1024 * 1024;

/** A report that is refused before it is read. The message names the file and the reason. */
export class UnreadableReport extends Error {
  override readonly name = 'UnreadableReport';
}

/** Text of a report in pieces of at most 64 KiB. Throws `UnreadableReport`. */
export async function* reportText(path: string, maxBytes = MAX_REPORT_BYTES): AsyncGenerator<string> {
  const file = await openRegular(path, maxBytes);
  try {
    let decoder: TextDecoder | undefined;
    for await (const bytes of file.createReadStream({ autoClose: false, highWaterMark: 64 * 1024 })) {
      const piece = bytes as Buffer;
      decoder ??= new TextDecoder(sniffEncoding(piece));
      yield decoder.decode(piece, { stream: true });
    }
    if (decoder) yield decoder.decode();
  } finally {
    await file.close();
  }
}

export async function wholeReportText(path: string, maxBytes = MAX_REPORT_BYTES): Promise<string> {
  let text = '';
  for await (const piece of reportText(path, maxBytes)) text += piece;
  return text;
}

async function openRegular(path: string, maxBytes: number): Promise<FileHandle> {
  // Without O_NONBLOCK, opening a named pipe waits for a writer for ever.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ELOOP' ? 'it is a symbolic link, which is not followed' : (error.code ?? error.message);
    throw new UnreadableReport(`report ${path} was not read: ${why}`);
  });
  const stat = await file.stat();
  const refused = !stat.isFile()
    ? 'it is not a regular file'
    : stat.size > maxBytes
      ? `it has ${stat.size} bytes, more than the limit of ${maxBytes}`
      : undefined;
  if (refused === undefined) return file;
  await file.close();
  throw new UnreadableReport(`report ${path} was not read: ${refused}`);
}

/** Label of the encoding, from the byte order mark, from how `<` or `{` is written, or from the XML declaration. */
export function sniffEncoding(bytes: Uint8Array): string {
  const [a, b, c] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8';
  if (a === 0xff && b === 0xfe) return 'utf-16le';
  if (a === 0xfe && b === 0xff) return 'utf-16be';
  if (a !== undefined && a !== 0 && b === 0) return 'utf-16le';
  if (a === 0 && b !== undefined && b !== 0) return 'utf-16be';
  const start = Buffer.from(bytes.subarray(0, 200)).toString('latin1');
  const declared = /^\s*<\?xml[^>]{0,100}\sencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']/.exec(start)?.[1];
  // The bytes are evidently not UTF-16, whatever the declaration says.
  if (declared === undefined || /^(utf-?16|ucs-?2|utf-?32)/i.test(declared)) return 'utf-8';
  return isKnown(declared) ? declared : 'utf-8';
}

function isKnown(label: string): boolean {
  try {
    new TextDecoder(label);
    return true;
  } catch {
    return false;
  }
}
