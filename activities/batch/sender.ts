import type { Collected } from '../../domain/collect.js';
import type { FileEnd } from '../../domain/ports.js';
import type { RunnerApi } from '../../domain/runner-ports.js';
import type { ResultRow } from '../../domain/result.schema.js';

const MAX_ROWS = 1_000;
/** A chunk with long failure texts is cut by size, so that it fits the API's body limit. */
const MAX_BYTES = 2 * 1024 * 1024;
/** Results reach the ledger at least this often while they come in slowly. */
export const FLUSH_MS = 200;

export interface AttemptKey {
  readonly execution: string;
  readonly batch: string;
  readonly fence: number;
  readonly runner: string;
  /** What the ledger gave this attempt when it began. */
  readonly secret?: string | undefined;
}

/**
 * Hands rows to the ledger in numbered chunks, one at a time. `flush` resolves when the ledger has acknowledged them,
 * and repeats inside the API client while it is away. A file's end mark never travels before its rows.
 */
export class Sender {
  private results: ResultRow[] = [];
  private readonly fileEnds: FileEnd[] = [];
  private bytes = 0;
  private seq = 0;
  private lastFlush = Date.now();

  constructor(
    private readonly api: Pick<RunnerApi, 'record'>,
    private readonly key: AttemptKey,
  ) {}

  async add(collected: Collected): Promise<void> {
    for (const row of collected.results) {
      this.results.push(row);
      this.bytes += sizeOf(row);
      if (this.results.length >= MAX_ROWS || this.bytes >= MAX_BYTES) await this.send(false);
    }
    this.fileEnds.push(...collected.fileEnds);
    if (Date.now() - this.lastFlush >= FLUSH_MS) await this.flush();
  }

  async flush(): Promise<void> {
    while (this.results.length > 0 || this.fileEnds.length > 0) await this.send(true);
    this.lastFlush = Date.now();
  }

  private async send(withEnds: boolean): Promise<void> {
    const fileEnds = withEnds ? this.fileEnds.splice(0, MAX_ROWS) : [];
    const chunk = { ...this.key, seq: this.seq + 1, results: this.results, fileEnds };
    this.results = [];
    this.bytes = 0;
    await this.api.record(chunk);
    this.seq++;
    this.lastFlush = Date.now();
  }
}

const sizeOf = (row: ResultRow): number =>
  400 +
  [...row.path, row.params, row.note, row.message, row.stack, row.expected, row.actual, row.stdout, row.stderr].reduce(
    (sum, text) => sum + (text?.length ?? 0),
    0,
  );
