/**
 * The embedded stack: Temporal, one control process, some runners. Temporal and control start side by side (control
 * waits for its connection), runners as soon as Temporal serves. They stop in the opposite order, so that nobody loses
 * whom it still has something to say to.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { availableParallelism, hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { compiled } from '../../config/package.js';
import { connectPool } from '../../config/pool.js';
import { runnerEnvironment } from '../../config/runner-environment.js';
import { DEFAULT_SCALING } from '../../domain/scaling.js';
import { startTicks } from '../../scripts/lib/lock.mjs';
import { Pool } from '../pool/pool.js';
import { awaitTemporal } from './grpc-health.js';
import { LogFile } from './log-file.js';
import { type Manifest, removeManifest, writeManifest } from './manifest.js';
import { nodePart } from './node-part.js';
import {
  DEFAULT_PORTS,
  DEFAULT_RUNNERS,
  DEFAULT_START_TIMEOUT_MS,
  DEFAULT_STOP_TIMEOUT_MS,
  LOOPBACK,
  NAMESPACE,
  type Stack,
  type StackOptions,
} from './options.js';
import { endOrphans } from './orphans.js';
import { releaseHome, stackClients, takeHome } from './owner.js';
import { type PartPlan, RunningPart, type Say } from './part.js';
import { claimPort } from './ports.js';
import { StackProblem } from './problem.js';
import { keepHistories, temporalPart } from './temporal-part.js';

export { DEFAULT_PORTS, type Stack, type StackOptions } from './options.js';

/** Brings the stack up, or joins the one that is up on this data directory. Rejects with StackProblem or TemporalNotFound. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const running = await takeHome(options.home, options.signal);
  if (running) return { manifest: running, own: false, stop: async () => {} };
  const starting = new Starting(options);
  try {
    return await Promise.race([starting.up(), aborted(options.signal)]);
  } catch (error) {
    await starting.down();
    throw error;
  }
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(new StackProblem('The start was stopped.', false));
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop, { once: true });
  });
}

class Starting {
  private readonly begun = Date.now();
  private readonly say: Say;
  private readonly host: string;
  private readonly token: string;
  private readonly parts: { temporal: RunningPart | null; control: RunningPart | null } = {
    temporal: null,
    control: null,
  };
  private pool: Pool | null = null;
  private manifest: Manifest | null = null;
  private afterFirstStart: () => Promise<string | null> = async () => null;
  private stopped: Promise<void> | null = null;

  constructor(private readonly options: StackOptions) {
    this.say = options.say ?? (() => {});
    this.host = options.host ?? '127.0.0.1';
    // Given, runners of other machines can join; the control process refuses one that is too short.
    this.token = options.env['BATON_RUNNER_TOKEN'] || randomBytes(32).toString('hex');
  }

  async up(): Promise<Stack> {
    const { home } = this.options;
    await endOrphans(home, this.say);
    const source = await this.options.temporal();
    const wanted = this.options.ports ?? DEFAULT_PORTS;
    const apiPort = await claimPort(this.host, wanted.api, 'the API', '--port');
    const server =
      source.kind === 'address'
        ? { address: source.address, ui: null }
        : await this.prepareTemporal(source.path, wanted);
    const webUi =
      server.ui === null ? (this.options.env['BATON_TEMPORAL_UI'] ?? null) : `http://${LOOPBACK}:${server.ui}`;
    const api = `http://${reachable(this.host)}:${apiPort}`;
    const control = this.startControl(apiPort, server.address, webUi);
    const temporal = this.startTemporal(server.address);
    const runners = temporal.then(() => this.startRunners(api, server.address));
    // The first that fails ends the start; the others are stopped by `down`.
    await Promise.all([temporal, control, runners]);
    const manifest = this.writeManifest(api, webUi, server.address);
    return { manifest, own: true, stop: () => this.down() };
  }

  /** Runners first: they hand in what they have; Temporal last. */
  down(): Promise<void> {
    this.stopped ??= this.end();
    return this.stopped;
  }

  private async end(): Promise<void> {
    const { home } = this.options;
    if (this.options.temporary) await this.awaitClients();
    await this.pool?.stop();
    await this.parts.control?.stop();
    await this.parts.temporal?.stop();
    removeManifest(home);
    releaseHome(home);
  }

  /** Another `baton run` may have joined this stack. With the manifest gone nobody new can. */
  private async awaitClients(): Promise<void> {
    removeManifest(this.options.home);
    let told = false;
    while (stackClients(this.options.home).length > 0) {
      if (!told)
        this.say(`The stack stays up for another command (pid ${stackClients(this.options.home).join(', ')}).`);
      told = true;
      await sleep(200);
    }
  }

  private async prepareTemporal(
    path: string,
    wanted: { temporal: number; ui: number },
  ): Promise<{ address: string; ui: number }> {
    const port = await claimPort(LOOPBACK, wanted.temporal, 'the Temporal server', '--temporal-port');
    const uiPort = await claimPort(LOOPBACK, wanted.ui, 'the Temporal Web UI', '--ui-port');
    const dbFile = join(this.options.home, 'temporal.db');
    const about = { path, host: LOOPBACK, port, uiPort, namespace: this.namespace, dbFile };
    this.parts.temporal = this.part(
      temporalPart({ ...about, log: this.log('temporal'), env: this.options.env, startTimeoutMs: this.startTimeoutMs }),
    );
    if (!existsSync(dbFile)) this.afterFirstStart = () => keepHistories(about);
    return { address: `${LOOPBACK}:${port}`, ui: uiPort };
  }

  private async startTemporal(address: string): Promise<void> {
    if (this.parts.temporal) {
      await this.parts.temporal.start();
      const problem = await this.afterFirstStart();
      if (problem) this.say(`Histories are kept for one day only: ${problem}`);
      return;
    }
    const problem = await awaitTemporal(address, 10_000);
    if (problem)
      throw new StackProblem(
        `The Temporal server at ${address} ${problem}; check TEMPORAL_ADDRESS, or unset it to use the embedded server.`,
        false,
      );
  }

  private startControl(port: number, address: string, webUi: string | null): Promise<void> {
    const env = {
      ...this.options.env,
      ...this.common(address),
      BATON_HOST: this.host,
      BATON_PORT: String(port),
      BATON_TEMPORAL_UI: webUi ?? '',
      BATON_DEFAULT_LANES: String(this.lanes),
    };
    const plan = nodePart({
      name: 'control',
      entry: this.entry('control'),
      env,
      ports: [port],
      log: this.log('control'),
      startTimeoutMs: this.startTimeoutMs,
      stopTimeoutMs: this.stopTimeoutMs,
    });
    this.parts.control = this.part(plan);
    return this.parts.control.start();
  }

  private startRunners(api: string, address: string): Promise<void> {
    // The way down has begun and would not see the pool.
    if (this.stopped) throw new StackProblem('The start was stopped.', false);
    const env = {
      ...runnerEnvironment(this.options.env, this.options.home),
      ...this.common(address),
      BATON_API_URL: api,
    };
    this.pool = new Pool({
      rules: { ...DEFAULT_SCALING, ...this.options.scaling, ...this.range },
      prefix: 'runner',
      host: hostname(),
      api: connectPool(api, this.token),
      plan: (name) => this.runnerPlan(name, env),
      say: this.say,
      onChange: () => this.changed(),
    });
    return this.pool.start();
  }

  private runnerPlan(name: string, env: Readonly<Record<string, string | undefined>>): PartPlan {
    return nodePart({
      name,
      entry: this.entry('runner'),
      env: { ...env, BATON_RUNNER_NAME: name },
      ports: [],
      log: this.log(name),
      startTimeoutMs: this.startTimeoutMs,
      stopTimeoutMs: this.stopTimeoutMs,
    });
  }

  /** The compile cache halves the time Node needs to load a part; releases that lack it ignore the setting. */
  private common(address: string): Record<string, string> {
    return {
      BATON_HOME: this.options.home,
      BATON_RUNNER_TOKEN: this.token,
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: this.namespace,
      NODE_COMPILE_CACHE: join(this.options.home, 'compile-cache'),
    };
  }

  private writeManifest(api: string, webUi: string | null, address: string): Manifest {
    const { home } = this.options;
    const all = [this.parts.temporal, this.parts.control, ...(this.pool?.parts ?? [])].filter((part) => part !== null);
    this.manifest = {
      version: 1,
      startedAt: this.manifest?.startedAt ?? new Date(this.begun).toISOString(),
      readyMs: this.manifest?.readyMs ?? Date.now() - this.begun,
      supervisor: { pid: process.pid, ticks: startTicks(process.pid) },
      temporary: this.options.temporary ?? false,
      parts: all.map((part) => ({
        name: part.plan.name,
        pid: part.pid,
        ticks: part.ticks,
        ports: [...part.plan.ports],
        log: part.plan.log.path,
        restarts: part.restarts,
        readyMs: part.readyMs,
      })),
      api,
      docs: `${api}/docs`,
      webUi,
      temporal: { address, namespace: this.namespace },
      data: { home, logs: join(home, 'logs'), temporal: this.parts.temporal ? join(home, 'temporal.db') : null },
    };
    writeManifest(home, this.manifest);
    return this.manifest;
  }

  private part(plan: PartPlan): RunningPart {
    // The way down has begun and would not see this part.
    if (this.stopped) throw new StackProblem('The start was stopped.', false);
    return new RunningPart(plan, this.say, () => this.changed());
  }

  private changed(): void {
    if (!this.manifest || this.stopped) return;
    try {
      this.writeManifest(this.manifest.api, this.manifest.webUi, this.manifest.temporal.address);
    } catch (error) {
      // On a full disk the parts go on; the next change writes it.
      this.say(`The list of processes could not be written: ${(error as Error).message}`);
    }
  }

  private log(name: string): LogFile {
    return new LogFile(join(this.options.home, 'logs', `${name}.log`));
  }

  private entry(part: 'control' | 'runner'): string {
    return this.options.entries?.[part] ?? compiled(`workers/${part}.js`);
  }

  private get namespace(): string {
    return this.options.env['TEMPORAL_NAMESPACE'] || NAMESPACE;
  }

  private get range(): { readonly min: number; readonly max: number } {
    const { runners = DEFAULT_RUNNERS } = this.options;
    return typeof runners === 'number' ? { min: runners, max: runners } : runners;
  }

  /** A run asks for no more at one time than the machine can bear, so that one run alone does not make the pool grow. */
  private get lanes(): number {
    const { min, max } = this.range;
    return Math.max(1, min, Math.min(max, availableParallelism()));
  }

  private get stopTimeoutMs(): number {
    return this.options.stopTimeoutMs ?? DEFAULT_STOP_TIMEOUT_MS;
  }

  private get startTimeoutMs(): number {
    return this.options.startTimeoutMs ?? DEFAULT_START_TIMEOUT_MS;
  }
}

/** A server that listens everywhere is reached over loopback from this machine. */
function reachable(host: string): string {
  return host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
}
