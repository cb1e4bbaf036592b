/** Tries many variants quickly. A variant that comes through may be right; whether it is, the tournament finds out. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FrameworkAdapter } from '../../domain/framework.js';
import type { Change, TrialOutcome } from '../../domain/fix/ports.js';
import type { Suite } from '../../domain/plan.schema.js';
import type { TrustClass } from '../../domain/run.schema.js';
import type { RunnerDeps } from '../batch/deps.js';
import { LineTail } from '../batch/tail.js';

export interface Variant {
  readonly id: string;
  readonly changes: readonly Change[];
}

export interface SieveInput {
  readonly execution: string;
  readonly suite: Suite;
  readonly root: string;
  readonly trust: TrustClass;
  readonly files: readonly string[];
  readonly variants: readonly Variant[];
  /** Of one variant and one file. */
  readonly timeoutMs: number;
  readonly budgetMs: number;
  /** False: enough was found, the rest is left. */
  readonly onOutcome: (id: string, outcome: TrialOutcome, ms: number) => boolean;
  readonly signal: AbortSignal;
}

/** A thread that uses more is ended. */
const THREAD_MB = 256;
const TAIL_MS = 25;
let sieves = 0;

/** The checkout may be left with a variant in it: the caller restores it. */
export async function sieve(
  deps: RunnerDeps,
  trial: NonNullable<FrameworkAdapter['trial']>,
  input: SieveInput,
): Promise<void> {
  const dir = join(deps.spoolDir, `${input.execution}.sieve${++sieves}`);
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  const eventsFile = join(dir, 'events.ndjson');
  const variantsFile = join(dir, 'variants.ndjson');
  await writeFile(eventsFile, '');
  await writeFile(variantsFile, input.variants.map((variant) => JSON.stringify(variant)).join('\n'));
  try {
    await follow(deps, trial, input, { dir, eventsFile, variantsFile });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

interface Places {
  readonly dir: string;
  readonly eventsFile: string;
  readonly variantsFile: string;
}

async function follow(
  deps: RunnerDeps,
  trial: NonNullable<FrameworkAdapter['trial']>,
  input: SieveInput,
  { dir, eventsFile, variantsFile }: Places,
): Promise<void> {
  const { suite, root, files, trust, timeoutMs } = input;
  const spec = trial({ suite, root, files, variantsFile, eventsFile, timeoutMs, memoryMb: THREAD_MB });
  const { env, secrets } = deps.environment(suite, { TMPDIR: dir, ...spec.env }, trust);
  const process = await deps.cage.start({
    command: spec.command,
    args: spec.args,
    cwd: spec.cwd,
    env: trust === 'trusted' ? env : { ...env, HOME: dir },
    secrets,
    limits: {
      ...suite.limits,
      timeoutMs: Math.max(1000, Math.round(input.budgetMs)),
      silenceMs: undefined,
      graceMs: 200,
    },
    outputFile: join(dir, 'output.log'),
    isolation: suite.isolation,
    ...(trust === 'trusted' ? {} : { seal: deps.seal(root, [dir]) }),
  });
  let over = false;
  void process.exit.then(() => {
    over = true;
  });
  const tail = new LineTail(eventsFile);
  const wanted = new Set(input.variants.map(({ id }) => id));
  try {
    for (;;) {
      const last = over;
      const lines = await tail.read();
      if (!(lines ?? []).every((line) => told(line, wanted, input.onOutcome)) || input.signal.aborted) return;
      if (lines !== null) continue;
      if (last) return;
      await sleep(TAIL_MS);
    }
  } finally {
    process.kill('cancelled');
    await process.exit;
    await tail.close();
  }
}

/** Lines come from a file that project code could write: what is no outcome of ours is passed over. */
function told(line: string, wanted: ReadonlySet<string>, onOutcome: SieveInput['onOutcome']): boolean {
  let event: { id?: unknown; outcome?: unknown; ms?: unknown };
  try {
    event = JSON.parse(line) as typeof event;
  } catch {
    return true; // not ours
  }
  const { id, outcome, ms } = event;
  if (typeof id !== 'string' || !wanted.has(id)) return true;
  if (outcome !== 'passed' && outcome !== 'failed' && outcome !== 'timeout') return true;
  return onOutcome(id, outcome, typeof ms === 'number' ? ms : 0);
}
