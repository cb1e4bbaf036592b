/** The cage as a runner uses it. Nothing else in the product starts a project's code. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { compiled } from '../package-root.js';
import type { Cage, CagedProcess, CageRequest } from '../../domain/runner-ports.js';
import { refusal, type Seal } from '../../domain/seal.js';
import { type Isolation, levelsHere, probeIsolation, type Trial } from './isolation.js';
import { ownTempDir, removeTree } from './own-temp.js';
import { type IsolationLevel, TOOL_PATH } from './protocol.js';
import { IdleSupervisor, SupervisorClient } from './supervisor-client.js';

export interface CageOptions {
  /** Uses this isolation level instead of the strongest that works. */
  readonly level?: IsolationLevel;
  /** False: memory and processes are watched even where the kernel could hold them. */
  readonly cgroups?: boolean;
  /** Without a renewal for so long the tree is killed. Shorter than the time after which a batch is handed on. */
  readonly leaseMs?: number;
  readonly renewMs?: number;
  /** Keeps one started supervisor ready for some seconds after each run, which hides Node's own start from the next. */
  readonly spare?: boolean;
  /** Compiled `cage-main.js`; default: the one of the build. */
  readonly cageMain?: string;
  /** Directories where bwrap, unshare, nsenter, env, setsid, mkfifo and ps are looked for. */
  readonly toolPath?: string;
}

/** A caged process with the process id of its supervisor. */
export interface SupervisedProcess extends CagedProcess {
  readonly supervisorPid: number;
}

const LEASE_MS = 8_000;
const RENEW_MS = 2_000;
const SPARE_IDLE_MS = 8_000;
const TRIAL_LIMITS = { timeoutMs: 10_000, graceMs: 0, outputMb: 1, memoryMb: 256, processes: 64 };

function compiledMain(): string {
  const found = compiled('adapters/process/cage-main.js');
  if (!existsSync(found)) throw new Error('the supervisor is not compiled: run `npm run build` first');
  return found;
}

/** The supervisor has a working directory of its own. */
function absolute(request: CageRequest): CageRequest {
  const at = (path: string | undefined): string | undefined => (path === undefined ? undefined : resolve(path));
  const { cwd, outputFile, stdoutFile, stderrFile, watchFile } = request;
  const files = { stdoutFile: at(stdoutFile), stderrFile: at(stderrFile), watchFile: at(watchFile) };
  return { ...request, cwd: resolve(cwd), outputFile: resolve(outputFile), ...files };
}

/** Nothing was started, and the exit record says why. */
function refused(level: IsolationLevel, startError: string): SupervisedProcess {
  const exit = {
    ...{ code: null, signal: null, durationMs: 0, peakMemoryMb: null, outputBytes: 0, leftBehind: 0 },
    ...{ killed: 'policy' as const, startError, isolation: level, forced: false },
  };
  return { pid: 0, supervisorPid: 0, exit: Promise.resolve(exit), kill: () => undefined };
}

export class ProcessCage implements Cage {
  readonly #options: Required<Omit<CageOptions, 'level' | 'cageMain'>> & Pick<CageOptions, 'level' | 'cageMain'>;
  #isolation: Promise<Isolation> | undefined;
  #spare: IdleSupervisor | null = null;
  #spareEnd: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: CageOptions = {}) {
    this.#options = {
      cgroups: true,
      leaseMs: LEASE_MS,
      renewMs: RENEW_MS,
      spare: true,
      toolPath: TOOL_PATH,
      ...options,
    };
  }

  /** Resolves once the program runs, or could not be started, which its exit record then says. */
  async start(request: CageRequest): Promise<SupervisedProcess> {
    const { level } = await this.isolation();
    const why = refusal(level, request);
    if (why !== null) return refused(level, why);
    const client = this.#client(level, absolute(request));
    return {
      pid: await client.started,
      exit: client.exit,
      supervisorPid: client.pid,
      kill: (reason) => client.kill(reason),
    };
  }

  isolation(): Promise<Isolation> {
    const { level } = this.#options;
    if (!this.#isolation) {
      const probing = probeIsolation(level ? [level] : levelsHere(), (tried) => this.#try(tried));
      probing.catch(() => {
        this.#isolation = undefined; // the caller hears of it; the next one tries anew
      });
      this.#isolation = probing;
    }
    return this.#isolation;
  }

  /** Dismisses the spare supervisor. Programs that run go on. */
  close(): void {
    this.#closed = true;
    this.#dismissSpare();
  }

  #client(level: IsolationLevel, request: CageRequest): SupervisorClient {
    const { cgroups, leaseMs, toolPath } = this.#options;
    const client = new SupervisorClient(
      { id: randomUUID(), level, cgroups, leaseMs, toolPath, request },
      this.#takeSupervisor(),
    );
    void client.exit.then(() => this.#keepSpare());
    return client;
  }

  #newSupervisor(): IdleSupervisor {
    const { cageMain, toolPath, renewMs } = this.#options;
    return new IdleSupervisor({ cageMain: cageMain ?? compiledMain(), toolPath, renewMs });
  }

  #takeSupervisor(): IdleSupervisor {
    const spare = this.#spare;
    this.#spare = null;
    clearTimeout(this.#spareEnd);
    if (!spare?.usable) return this.#newSupervisor();
    spare.hold(true);
    return spare;
  }

  #keepSpare(): void {
    if (!this.#options.spare || this.#closed) return;
    if (!this.#spare?.usable) {
      this.#spare = this.#newSupervisor();
      this.#spare.hold(false);
    }
    clearTimeout(this.#spareEnd);
    this.#spareEnd = setTimeout(() => this.#dismissSpare(), SPARE_IDLE_MS).unref();
  }

  #dismissSpare(): void {
    clearTimeout(this.#spareEnd);
    this.#spare?.dismiss();
    this.#spare = null;
  }

  /** Whether untrusted code can be run here, found out by trying. Null when it can, else why not. */
  async sealing(): Promise<string | null> {
    const { level } = await this.isolation();
    const nothing: Seal = { writable: [], readable: [], hidden: [], network: false };
    const why = refusal(level, { seal: nothing });
    return why ?? (await this.#try(level, nothing)).exit.startError;
  }

  async #try(level: IsolationLevel, seal?: Seal): Promise<Trial> {
    const dir = await ownTempDir();
    try {
      const env = { PATH: this.#options.toolPath };
      const client = this.#client(level, {
        command: 'true',
        args: [],
        cwd: dir,
        env,
        limits: TRIAL_LIMITS,
        outputFile: join(dir, 'output'),
        ...(seal ? { seal: { ...seal, writable: [dir] } } : {}),
      });
      return { exit: await client.exit, enforcement: client.enforcement };
    } finally {
      await removeTree(dir);
    }
  }
}

export function createCage(options: CageOptions = {}): ProcessCage {
  return new ProcessCage(options);
}
