import { lstat, readFile } from 'node:fs/promises';

const MAX_BYTES = 64 * 1024 * 1024;

/** Content of a file that a stranger may have put there: empty when it is missing, a link, a device, or too large. */
export async function readProjectFile(path: string, maxBytes = MAX_BYTES): Promise<Buffer> {
  try {
    const facts = await lstat(path);
    if (!facts.isFile() || facts.size > maxBytes) return Buffer.alloc(0);
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return Buffer.alloc(0);
    throw error;
  }
}
