import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';

/** Read at one time; also the most that is held while the store is away. */
const CHUNK = 256 * 1024;
/** A longer line is no event of ours: it is dropped up to its end. */
const MAX_LINE = 1024 * 1024;

/** Complete lines of a growing file, in order, and a digest of every byte read. What is not read waits on the disk. */
export class LineTail {
  private file: FileHandle | undefined;
  private offset = 0;
  private rest = Buffer.alloc(0);
  private skipping = false;
  private readonly hash: Hash = createHash('sha256');

  constructor(private readonly path: string) {}

  /** Lines that arrived since the last call, at most about one chunk of them. `null`: the file has not grown. */
  async read(): Promise<string[] | null> {
    const bytes = await this.more();
    if (bytes.length === 0) return null;
    const data = this.rest.length > 0 ? Buffer.concat([this.rest, bytes]) : bytes;
    const end = data.lastIndexOf(0x0a);
    if (end < 0) {
      this.keep(data);
      return [];
    }
    const lines = data.subarray(0, end).toString('utf8').split('\n');
    if (this.skipping) {
      lines.shift();
      this.skipping = false;
    }
    this.keep(data.subarray(end + 1));
    return lines;
  }

  /** A last line without its newline, once nobody writes any more; it may be half a line. Empty when there is none. */
  takeRest(): string {
    const rest = this.skipping ? '' : this.rest.toString('utf8');
    this.rest = Buffer.alloc(0);
    return rest;
  }

  /**
   * Once nobody writes any more: whether the file still is what was read. A reporter only appends, so a file that is
   * shorter, another one, or different in what was read already has been edited by the tests. Undefined when it is whole.
   */
  async changed(): Promise<string | undefined> {
    let file: FileHandle;
    try {
      file = await open(this.path, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'the events file was removed while the tests ran';
      throw error;
    }
    try {
      const { size } = await file.stat();
      if (size < this.offset) return `the events file was cut from ${this.offset} to ${size} bytes while the tests ran`;
      const now = await digestOf(file, this.offset);
      return now === this.digest() ? undefined : 'the events file was changed after it had been read';
    } finally {
      await file.close();
    }
  }

  digest(): string {
    return `sha256:${this.hash.copy().digest('hex')}`;
  }

  async close(): Promise<void> {
    await this.file?.close();
    this.file = undefined;
  }

  private keep(rest: Buffer): void {
    if (rest.length > MAX_LINE) this.skipping = true;
    this.rest = this.skipping ? Buffer.alloc(0) : Buffer.from(rest);
  }

  private async more(): Promise<Buffer> {
    this.file ??= await open(this.path, 'r');
    const buffer = Buffer.alloc(CHUNK);
    const { bytesRead } = await this.file.read(buffer, 0, CHUNK, this.offset);
    this.offset += bytesRead;
    const bytes = buffer.subarray(0, bytesRead);
    this.hash.update(bytes);
    return bytes;
  }
}

async function digestOf(file: FileHandle, bytes: number): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.alloc(CHUNK);
  for (let at = 0; at < bytes; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(CHUNK, bytes - at), at);
    if (bytesRead === 0) break;
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  return `sha256:${hash.digest('hex')}`;
}
