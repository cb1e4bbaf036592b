/**
 * Ambiguous writes during a storm: calls of the ledger, the store of artifacts, the engine, the runners' way to the ledger
 * and the routes of the API that fail, hang or end their process, before their work or after it (`config/faults.ts`). The
 * storm arms lines of the file that all processes read; a line strikes whoever passes the place next, and may be armed again.
 */
import { existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FAULT_KINDS, type FaultKind } from '../../config/faults.js';
import { allPoints } from './points.js';
import type { Random } from './random.js';

export interface Struck {
  readonly at: number;
  readonly point: string;
  readonly kind: FaultKind;
}

/** Armed at the same time; most places are passed by rarely, and wait. */
const LINES_AT_ONCE = 12;

export class AmbiguousWrites {
  private readonly armed = new Set<string>();
  private readonly struck: Struck[] = [];

  /** `file` is the one that `BATON_FAULTS=@…` names. */
  constructor(
    private readonly file: string,
    private readonly points: readonly string[],
  ) {}

  static async open(): Promise<AmbiguousWrites> {
    const dir = await mkdtemp(join(tmpdir(), 'baton-chaos-writes-'));
    return new AmbiguousWrites(join(dir, 'faults.txt'), await allPoints());
  }

  /** What the processes of the stack have to be started with. */
  get environment(): Record<string, string> {
    return { BATON_TEST_BUILD: '1', BATON_FAULTS: `@${this.file}` };
  }

  arm(random: Random): void {
    const struck = this.collect();
    for (let n = 0; n < LINES_AT_ONCE; n++) this.armed.add(`${random.pick(this.points)}:${random.pick(FAULT_KINDS)}`);
    this.write(struck);
  }

  /** Ends them; says all that have struck since the beginning. */
  disarm(): readonly Struck[] {
    const struck = this.collect();
    this.armed.clear();
    this.write(struck);
    return this.struck;
  }

  private collect(): string[] {
    const marks = `${this.file}.struck`;
    const names = existsSync(marks) ? readdirSync(marks) : [];
    for (const name of names) {
      const text = decodeURIComponent(name);
      const colon = text.lastIndexOf(':');
      const point = text.slice(0, colon);
      this.struck.push({ at: statSync(join(marks, name)).mtimeMs, point, kind: text.slice(colon + 1) as FaultKind });
      this.armed.delete(text);
    }
    return names;
  }

  /** The file first: a mark that is gone while its line still stands would let the line strike twice. */
  private write(struck: readonly string[]): void {
    writeFileSync(`${this.file}.next`, [...this.armed, ''].join('\n'));
    renameSync(`${this.file}.next`, this.file);
    for (const name of struck) rmSync(join(`${this.file}.struck`, name), { force: true });
  }
}
