/** A part's log: the last start's is kept beside it, and neither grows without end. */
import { closeSync, existsSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

const MAX_LOG_BYTES = 20 * 1024 * 1024;
const TAIL_CHARS = 4_000;

export class LogFile {
  private fd: number;
  private bytes: number;
  private recent = '';

  constructor(
    readonly path: string,
    private readonly maxBytes = MAX_LOG_BYTES,
  ) {
    mkdirSync(dirname(path), { recursive: true });
    if (existsSync(path)) renameSync(path, `${path}.1`);
    this.fd = openSync(path, 'a', 0o600);
    this.bytes = fstatSync(this.fd).size;
  }

  write(chunk: Uint8Array | string): void {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    this.recent = (this.recent + Buffer.from(bytes).toString('utf8')).slice(-TAIL_CHARS);
    if (this.fd < 0) return;
    if (this.bytes + bytes.length > this.maxBytes) this.rotate();
    try {
      writeSync(this.fd, bytes);
      this.bytes += bytes.length;
    } catch {
      // A full disk must not end the supervisor; `tail` still has the last words.
    }
  }

  /** The last lines written, for an error message. */
  tail(lines: number): string {
    return this.recent.trim().split('\n').slice(-lines).join('\n');
  }

  close(): void {
    if (this.fd >= 0) closeSync(this.fd);
    this.fd = -1;
  }

  private rotate(): void {
    closeSync(this.fd);
    renameSync(this.path, `${this.path}.1`);
    this.fd = openSync(this.path, 'a', 0o600);
    this.bytes = 0;
  }
}
