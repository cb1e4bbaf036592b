/**
 * Two runners work on one batch in any order of beginnings, deliveries, repeated and late deliveries, deaths and ends.
 * Whatever happens, each test counts exactly once in the end, and never under an attempt that did not finish its file.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FenceRefused, type IngestChunk, type Ledger } from '../../../domain/ports.js';
import { aChunk, anEnd, anExecution, aRow, finish, type Subject } from './scenario.js';

const FILES = ['a.test.ts', 'b.test.ts', 'c.test.ts'];
const TESTS = ['one', 'two', 'three'];
const SEED = 20_261_121;

type Step = { readonly runner: 0 | 1; readonly act: 'begin' | 'send' | 'repeat' | 'finish' };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    runner: fc.constantFrom<0 | 1>(0, 1),
    act: fc.constantFrom<Step['act']>('begin', 'send', 'send', 'send', 'send', 'repeat', 'finish'),
  }),
  { minLength: 5, maxLength: 60 },
);

/** A runner as the activity is: it sends what its ticket left to do, piece by piece, and believes itself alive. */
class Runner {
  private fence = 0;
  private todo: IngestChunk[] = [];
  private sent: IngestChunk[] = [];

  constructor(
    private readonly ledger: Ledger,
    private readonly execution: string,
    private readonly name: string,
  ) {}

  async do(act: Step['act']): Promise<void> {
    try {
      if (act === 'begin') await this.begin();
      else if (this.fence === 0) return;
      else if (act === 'send') await this.send();
      else if (act === 'repeat') await this.repeat();
      else if (this.todo.length === 0) await finish(this.ledger, this.execution, this.fence);
    } catch (error) {
      if (!(error instanceof FenceRefused)) throw error;
    }
  }

  async complete(): Promise<void> {
    await this.begin();
    while (this.todo.length > 0) await this.send();
    if (this.fence > 0) await finish(this.ledger, this.execution, this.fence);
  }

  private async begin(): Promise<void> {
    const ticket = await this.ledger.beginBatch(this.execution, 'b1', this.name);
    this.fence = ticket.final ? 0 : ticket.fence;
    const left = ticket.final ? [] : FILES.filter((file) => !ticket.filesDone.includes(file));
    this.sent = [];
    this.todo = left
      .flatMap((file) => [
        { results: [aRow(file, TESTS[0]!), aRow(file, TESTS[1]!)], fileEnds: [] },
        { results: [aRow(file, TESTS[2]!)], fileEnds: [anEnd(file, 3)] },
      ])
      .map((part, i) => aChunk(this.execution, { ...part, seq: i + 1, fence: this.fence, runner: this.name }));
  }

  private async send(): Promise<void> {
    const chunk = this.todo[0];
    if (!chunk) return;
    await this.ledger.record(chunk);
    this.todo.shift();
    this.sent.push(chunk);
  }

  private async repeat(): Promise<void> {
    const chunk = this.sent[Math.floor(this.sent.length / 2)];
    if (chunk) await this.ledger.record(chunk);
  }
}

export function interleavings(subject: () => Subject): void {
  const check = async (id: string): Promise<void> => {
    const { ledger, query } = subject();
    const counted = (await ledger.attempts(id)).map((row) => `${row.file} ${row.path[0]}`).sort();
    expect(counted).toEqual(FILES.flatMap((file) => TESTS.map((name) => `${file} ${name}`)).sort());
    const batch = (await ledger.batches(id))[0]!;
    expect(batch).toMatchObject({ state: 'final', filesDone: FILES, evidence: { outcome: 'passed' } });
    const ends = await query<{ file: string; fence: number; stored: number }>(
      'SELECT file, fence, stored FROM file_ends WHERE execution = $1 AND ended_at IS NOT NULL ORDER BY file',
      [id],
    );
    expect(ends.map(({ file, stored }) => [file, stored])).toEqual(FILES.map((file) => [file, 3]));
    const strays = await query(
      `SELECT 1 FROM results r WHERE execution = $1 AND state <> 'superseded' AND NOT EXISTS (SELECT FROM file_ends f
        WHERE f.execution = r.execution AND f.file = r.file AND f.fence = r.fence AND f.ended_at IS NOT NULL)`,
      [id],
    );
    expect(strays).toEqual([]);
    const events = await ledger.events(0, 10_000, id);
    expect(events.map((event) => event.seq)).toEqual(events.map((_, i) => i + 1));
    expect(events.filter((event) => event.type === 'batch_finished')).toHaveLength(1);
  };

  test('two runners in turn', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const { ledger } = subject();
        const id = await anExecution(ledger, { b1: FILES });
        const runners = [new Runner(ledger, id, 'runner-0'), new Runner(ledger, id, 'runner-1')] as const;
        for (const { runner, act } of list) await runners[runner].do(act);
        await runners[0].complete();
        await check(id);
      }),
      { seed: SEED, numRuns: 40, endOnFailure: true },
    );
  });

  test('two runners at the same time', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(steps, steps, async (first, second) => {
        const { ledger } = subject();
        const id = await anExecution(ledger, { b1: FILES });
        const runners = [new Runner(ledger, id, 'runner-0'), new Runner(ledger, id, 'runner-1')] as const;
        const walk = async (list: Step[], runner: Runner) => {
          for (const { act } of list) await runner.do(act);
        };
        await Promise.all([walk(first, runners[0]), walk(second, runners[1])]);
        await runners[1].complete();
        await check(id);
      }),
      { seed: SEED, numRuns: 25, endOnFailure: true },
    );
  });
}
