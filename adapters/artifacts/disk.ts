/**
 * Artifacts on disk, by content. A file is written under a temporary name, synced, renamed to its digest, and the
 * directory is synced: what has been acknowledged survives a power cut, and a half-written file never has a digest's name.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ProjectProblem } from '../../domain/failures.js';
import { type ArtifactStore, NotFound } from '../../domain/ports.js';

const DIGEST = /^sha256:([0-9a-f]{64})$/;
/** Unfinished files younger than this belong to somebody who is still writing. */
const ABANDONED_AFTER_MS = 3_600_000;

/** Files live in `dir/<first two digits>/<digest>`. Throws `ProjectProblem('DiskFull')` when there is no room. */
export function diskArtifacts(dir: string): ArtifactStore {
  const root = resolve(dir);
  return {
    put: (bytes) => withAdvice(root, () => put(root, bytes)),
    get: (digest) => known(digest, () => readFile(pathOf(root, digest))),
    stream: async (digest, range) => {
      const path = pathOf(root, digest);
      await known(digest, () => stat(path));
      return createReadStream(path, range && { start: range.start, end: range.end });
    },
    size: (digest) => sizeOf(pathOf(root, digest)),
    sweep: (keep) => sweep(root, keep),
  };
}

function pathOf(root: string, digest: string): string {
  const hex = DIGEST.exec(digest)?.[1];
  if (hex === undefined)
    throw new NotFound(
      `${JSON.stringify(digest.slice(0, 100))} is no digest: expected "sha256:" and 64 hexadecimal digits`,
    );
  return join(root, hex.slice(0, 2), hex);
}

async function put(
  root: string,
  bytes: Uint8Array | AsyncIterable<Uint8Array>,
): Promise<{ digest: string; bytes: number }> {
  const incoming = join(root, 'incoming');
  await mkdir(incoming, { recursive: true });
  const draft = join(incoming, randomUUID());
  try {
    const written = await writeSynced(draft, bytes);
    const path = pathOf(root, written.digest);
    await ensureFolder(root, join(path, '..'));
    // Renaming over an equal file changes nothing, so two writers of the same bytes need no lock.
    await rename(draft, path);
    await syncDir(join(path, '..'));
    return written;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Folders whose entry this process knows to be on the disk. */
const lasting = new Set<string>();

/** A new folder must be in its parent for good before a file in it is acknowledged, whoever of two writers made it. */
async function ensureFolder(root: string, folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true });
  if (made === undefined && lasting.has(folder)) return;
  await syncDir(root);
  await syncDir(join(root, '..'));
  lasting.add(folder);
}

async function writeSynced(
  path: string,
  bytes: Uint8Array | AsyncIterable<Uint8Array>,
): Promise<{ digest: string; bytes: number }> {
  const hash = createHash('sha256');
  const file = await open(path, 'wx', 0o600);
  let size = 0;
  try {
    for await (const part of bytes instanceof Uint8Array ? [bytes] : bytes) {
      hash.update(part);
      size += part.byteLength;
      await writeAll(file, part);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { digest: `sha256:${hash.digest('hex')}`, bytes: size };
}

/** One `write` may store less than it was given, above all on a disk that is nearly full. */
async function writeAll(file: FileHandle, part: Uint8Array): Promise<void> {
  for (let at = 0; at < part.byteLength; ) {
    const { bytesWritten } = await file.write(part, at, part.byteLength - at);
    at += bytesWritten;
  }
}

async function syncDir(dir: string): Promise<void> {
  // Windows cannot open a directory for syncing; its rename is durable with the file's own sync.
  if (process.platform === 'win32') return;
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function known<T>(digest: string, look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (codeOf(error) === 'ENOENT')
      throw new NotFound(`no artifact has the digest ${digest}: it was removed by retention or never stored here`);
    throw error;
  }
}

async function sweep(root: string, keep: ReadonlySet<string>): Promise<number> {
  let freed = 0;
  for (const folder of await namesIn(root)) {
    for (const name of await namesIn(join(root, folder))) {
      const path = join(root, folder, name);
      if (!(await mayGo(folder, name, path, keep))) continue;
      freed += (await sizeOf(path)) ?? 0;
      await rm(path, { force: true });
    }
  }
  return freed;
}

/** What was stored a moment ago may not have been named in the ledger yet: it is left for the next sweep. */
async function mayGo(folder: string, name: string, path: string, keep: ReadonlySet<string>): Promise<boolean> {
  const ours = folder === 'incoming' || (DIGEST.test(`sha256:${name}`) && name.startsWith(folder));
  if (!ours || keep.has(`sha256:${name}`)) return false;
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > ABANDONED_AFTER_MS;
}

async function namesIn(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}

async function withAdvice<T>(root: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error;
    throw new ProjectProblem(
      'DiskFull',
      `no room left for artifacts in ${root} (${code}): free space there or shorten the retention, then try again. Nothing was stored.`,
    );
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
