/** One attempt of one batch: start the tool in the cage, follow its events, hand them to the ledger, say what it proves. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Evidence, ExitRecord } from '../../domain/batch.schema.js';
import type { Limits } from '../../domain/config.schema.js';
import { Collector } from '../../domain/collect.js';
import { judgeAttempt } from '../../domain/evidence.js';
import type { CommandRequest, ResultReader } from '../../domain/framework.js';
import { ProjectProblem } from '../../domain/failures.js';
import type { Suite } from '../../domain/plan.schema.js';
import type { BatchTicket } from '../../domain/ports.js';
import type { CagedProcess } from '../../domain/runner-ports.js';
import type { TrustClass } from '../../domain/run.schema.js';
import type { Seal } from '../../domain/seal.js';
import type { RunnerDeps } from './deps.js';
import { type AttemptKey, Sender } from './sender.js';
import { LineTail } from './tail.js';

/** How often the events file is looked at. */
const TAIL_MS = 50;
/** How often report files are looked for, where a tool leaves files instead of events. */
const POLL_MS = 500;

export interface AttemptInput {
  readonly key: AttemptKey;
  readonly ticket: BatchTicket;
  readonly suite: Suite;
  readonly root: string;
  readonly files: readonly string[];
  readonly cores: number;
  readonly bail: boolean;
  readonly trust: TrustClass;
  readonly signal: AbortSignal;
}

export interface AttemptResult {
  readonly evidence: Evidence;
  readonly durationMs: number;
}

export async function runAttempt(deps: RunnerDeps, input: AttemptInput): Promise<AttemptResult> {
  const { execution, batch, fence } = input.key;
  const dir = join(deps.spoolDir, `${execution}.${batch}.${fence}`);
  const scratchDir = join(dir, 'scratch');
  await rm(dir, { recursive: true, force: true });
  await mkdir(scratchDir, { recursive: true });
  const lease = await deps.lease(input.suite, execution, batch);
  try {
    return await new Attempt(deps, input, dir, scratchDir, lease.env).run();
  } finally {
    await lease.release();
    await rm(dir, { recursive: true, force: true });
  }
}

class Attempt {
  private readonly eventsFile: string;
  private readonly outputFile: string;
  private readonly collector: Collector;
  private readonly sender: Sender;
  private readonly tail: LineTail;
  private readonly began = performance.now();
  /** Known once the environment of the process is made, before its first event. */
  private secrets: readonly string[] = [];

  constructor(
    private readonly deps: RunnerDeps,
    private readonly input: AttemptInput,
    dir: string,
    private readonly scratchDir: string,
    private readonly leaseEnv: Readonly<Record<string, string>>,
  ) {
    this.eventsFile = join(dir, 'events.ndjson');
    this.outputFile = join(dir, 'output.log');
    this.collector = new Collector(input.suite.name, input.ticket.batch.stage, input.files, (text) =>
      this.secrets.reduce((masked, secret) => masked.replaceAll(secret, '***'), text),
    );
    this.sender = new Sender(deps.api, { ...input.key, secret: input.ticket.secret });
    this.tail = new LineTail(this.eventsFile);
  }

  async run(): Promise<AttemptResult> {
    const { adapter } = this.deps;
    const tool = adapter(this.input.suite.framework);
    const request = this.request();
    await writeFile(this.eventsFile, '');
    const reader = tool.reader(request);
    const started = await this.start(request);
    const exit = await this.follow(started, reader).finally(() => this.tail.close());
    const observed = this.collector.observed(this.input.bail);
    const judged = judgeAttempt(exit, (code) => tool.exitMeaning(code), observed, this.input.suite.limits);
    const output = await this.keepOutput();
    const seen = this.collector.observed(this.input.bail);
    const evidence: Evidence = {
      ...judged,
      message: [judged.message, output.lost].filter(Boolean).join(' '),
      exit,
      reporterLoaded: seen.reporterLoaded,
      reporterEnded: seen.reporterEnded,
      filesExpected: seen.filesExpected.length,
      filesEnded: seen.filesEnded.size,
      tests: seen.tests,
      failed: seen.failed,
      reportDigest: this.tail.digest(),
      outputDigest: output.digest,
      ...named(this.collector.framework()),
    };
    return { evidence, durationMs: performance.now() - this.began };
  }

  private request(): CommandRequest {
    const { suite, root, files, ticket, cores, bail } = this.input;
    return {
      suite,
      root,
      files,
      tests: ticket.batch.tests,
      eventsFile: this.eventsFile,
      scratchDir: this.scratchDir,
      cores,
      bail,
    };
  }

  private async start(request: CommandRequest): Promise<CagedProcess> {
    const { suite } = this.input;
    const spec = await this.deps.adapter(suite.framework).command(request);
    const own = { TMPDIR: this.scratchDir, BATON_EVENTS: this.eventsFile, ...this.leaseEnv };
    const sealed = await this.sealed(spec.events);
    const { env, secrets } = this.deps.environment(suite, { ...own, ...spec.env, ...sealed.env }, this.input.trust);
    this.secrets = secrets;
    return this.deps.cage.start({
      command: spec.command,
      args: spec.args,
      cwd: spec.cwd,
      env,
      secrets,
      limits: patient(suite.limits, spec.warmupMs),
      outputFile: this.outputFile,
      stdoutFile: spec.events === 'stdout' ? this.eventsFile : undefined,
      watchFile: this.eventsFile,
      isolation: suite.isolation,
      seal: sealed.seal,
    });
  }

  /** Untrusted code gets a home that goes with the attempt, and may write this, its scratch folders and the workspace. */
  private async sealed(events: 'file' | 'stdout'): Promise<{ seal?: Seal; env: Record<string, string> }> {
    if (this.input.trust === 'trusted') return { env: {} };
    const home = join(this.scratchDir, 'home');
    await mkdir(home, { recursive: true });
    const temp = this.leaseEnv['TMPDIR'];
    const writable = [this.scratchDir, ...(temp ? [temp] : []), ...(events === 'file' ? [this.eventsFile] : [])];
    return { seal: this.deps.seal(this.input.root, writable), env: { HOME: home } };
  }

  /** Reads while the process lives, then what is left. A refused fence or a lost store ends the process too. */
  private async follow(process: CagedProcess, reader: ResultReader): Promise<ExitRecord> {
    let exit: ExitRecord | undefined;
    void process.exit.then((record) => {
      exit = record;
    });
    const cancel = (): void => process.kill('cancelled');
    this.input.signal.addEventListener('abort', cancel);
    if (this.input.signal.aborted) cancel();
    try {
      await this.pump(reader, () => exit !== undefined);
      const record = await process.exit;
      // The last line of a tool that reports on its output may lack its newline.
      const rest = this.tail.takeRest();
      if (rest) await this.take(this.parse(reader, rest));
      await this.take(await reader.end(record));
      const changed = await this.tail.changed();
      if (changed) this.collector.complain(changed);
      await this.sender.flush();
      return record;
    } catch (error) {
      process.kill('cancelled');
      await process.exit;
      throw error;
    } finally {
      this.input.signal.removeEventListener('abort', cancel);
    }
  }

  private async pump(reader: ResultReader, over: () => boolean): Promise<void> {
    let polled = performance.now();
    for (;;) {
      // Asked before reading: what was written before the end is read after it.
      const last = over();
      const lines = await this.tail.read();
      for (const line of lines ?? []) await this.take(this.parse(reader, line));
      if (reader.poll && (last || performance.now() - polled > POLL_MS)) {
        await this.take(await reader.poll());
        polled = performance.now();
      }
      if (lines !== null) continue;
      await this.sender.add({ results: [], fileEnds: [] });
      if (last) return;
      await sleep(TAIL_MS);
    }
  }

  private parse(reader: ResultReader, line: string): ReturnType<ResultReader['line']> {
    try {
      return reader.line(line);
    } catch (error) {
      this.collector.complain(error instanceof Error ? error.message : String(error));
      return [];
    }
  }

  private async take(events: ReturnType<ResultReader['line']>): Promise<void> {
    if (events.length > 0) await this.sender.add(this.collector.add(events));
  }

  /** The bounded output goes to the artifact store; a batch that printed nothing has none. Results do not wait for it. */
  private async keepOutput(): Promise<{ digest: string | null; lost?: string }> {
    const bytes = await readFile(this.outputFile).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return Buffer.alloc(0);
      throw error;
    });
    if (bytes.length === 0) return { digest: null };
    const { execution, batch, fence } = this.input.key;
    try {
      const name = `output/${batch}.${fence}.log`;
      return { digest: await this.deps.api.upload(execution, name, 'text/plain; charset=utf-8', bytes) };
    } catch (error) {
      if (!(error instanceof ProjectProblem) || error.problem !== 'DiskFull') throw error;
      return { digest: null, lost: `Its output was not kept: ${error.message}` };
    }
  }
}

/** A tool that is known to start slowly is not silent while it does. */
const patient = (limits: Limits, warmupMs = 0): Limits =>
  limits.silenceMs === undefined ? limits : { ...limits, silenceMs: limits.silenceMs + warmupMs };

const named = (tool: string | undefined): { tool?: string } => (tool === undefined ? {} : { tool });

/** Digest of nothing, for attempts that had no report. */
export const EMPTY_DIGEST = `sha256:${createHash('sha256').digest('hex')}`;
