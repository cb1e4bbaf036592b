/** Process death under PGlite: what was acknowledged is there, and nothing is there twice. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, expect, test } from 'vitest';
import { openLedger } from '../../../adapters/store/index.js';
import { testTemplate } from '../../support/ledger.js';
import { compile } from './compile.js';
import { anExecution } from './scenario.js';

const KILLS = 5;
const FILES = Array.from({ length: 100 }, (_, i) => `file-${String(i).padStart(3, '0')}.test.ts`);
const TESTS = 10;
const compiled = compile(new URL('./writer-child.ts', import.meta.url));
afterAll(() => compiled.remove());

const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
});

interface Writer {
  readonly child: ChildProcess;
  readonly lines: string[];
  readonly ended: Promise<number | null>;
}

function startWriter(dataDir: string, execution: string): Writer {
  const child = spawn(process.execPath, [compiled.file, dataDir, execution, String(TESTS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  const lines: string[] = [];
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  createInterface({ input: child.stdout! }).on('line', (line) => lines.push(line));
  return { child, lines, ended };
}

const acks = (writer: Writer) => writer.lines.filter((line) => line.startsWith('ack ')).map((line) => line.slice(4));

async function until(writer: Writer, done: () => boolean): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!done()) {
    if (performance.now() > deadline || writer.child.exitCode !== null)
      throw new Error(`the writer said only: ${writer.lines.join(', ')}`);
    await sleep(5);
  }
}

test(`a writer that is killed ${KILLS} times loses nothing acknowledged and doubles nothing`, async () => {
  const dir = await mkdtemp(join(tmpdir(), 'baton-kill-'));
  const options = { kind: 'pglite', dataDir: join(dir, 'db'), template: await testTemplate() } as const;
  try {
    const first = await openLedger(options);
    const id = await anExecution(first, { b1: FILES });
    await first.close();
    const acknowledged = new Set<string>();
    for (let kill = 1; kill <= KILLS; kill++) {
      const writer = startWriter(options.dataDir, id);
      // A different number of files each time, so that it is hit at different points.
      await until(writer, () => acks(writer).length >= kill * 3);
      writer.child.kill('SIGKILL');
      await writer.ended;
      for (const file of acks(writer)) acknowledged.add(file);
      const begun = writer.lines.find((line) => line.startsWith('fence'));
      expect(begun?.split(' ')[1]).toBe(String(kill));
    }
    const ledger = await openLedger(options);
    const [batch] = await ledger.batches(id);
    expect(batch?.filesDone).toEqual(expect.arrayContaining([...acknowledged]));
    // The last transaction of each life may have been stored without anybody hearing of it.
    expect(batch!.filesDone.length).toBeLessThanOrEqual(acknowledged.size + KILLS);
    await ledger.close();

    const last = startWriter(options.dataDir, id);
    expect(await last.ended).toBe(0);
    expect(last.lines.at(-1)).toBe('final');
    const after = await openLedger(options);
    const counted = (await after.attempts(id)).map((row) => `${row.file} ${row.path[0]}`);
    expect(new Set(counted).size).toBe(counted.length);
    expect(counted).toHaveLength(FILES.length * TESTS);
    expect(await after.batches(id)).toMatchObject([{ state: 'final', fence: KILLS + 1, filesDone: FILES }]);
    const seqs = (await after.events(0, 10_000, id)).map((event) => event.seq);
    expect(seqs).toEqual(seqs.map((_, i) => i + 1));
    await after.close();
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
