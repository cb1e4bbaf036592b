import { statfs } from 'node:fs/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { Readiness } from '../../domain/api.schema.js';
import { API_DEPS, type ApiDeps } from '../deps.js';

const CHECK_TIMEOUT_MS = 2000;
/** The route is public: however often it is asked, the parts are asked once in this time. */
const KEEP_MS = 1000;
const MIB = 1024 * 1024;
/** Digest of no bytes at all. */
const NOTHING = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

type Check = Readiness['checks'][number];

@Injectable()
export class HealthService {
  private last: { readonly at: number; readonly answer: Promise<Readiness> } | undefined;

  constructor(@Inject(API_DEPS) private readonly deps: ApiDeps) {}

  ready(): Promise<Readiness> {
    const now = performance.now();
    if (!this.last || now - this.last.at > KEEP_MS) this.last = { at: now, answer: this.look() };
    return this.last.answer;
  }

  private async look(): Promise<Readiness> {
    const { ledger, engine, artifacts, dataDir } = this.deps;
    const checks = await Promise.all([
      this.check('store', 'the database cannot be read', () => ledger.ping()),
      this.check('engine', 'the Temporal server does not answer', () => engine.ping()),
      // Whether it is there or not: the store has answered.
      this.check('artifacts', 'the artifact store does not answer', async () => void (await artifacts.size(NOTHING))),
      ...(dataDir === undefined
        ? []
        : [this.check('disk', 'free disk space is low or cannot be read', () => this.disk(dataDir))]),
    ]);
    return { status: checks.every(({ ok }) => ok) ? 'ready' : 'not_ready', checks };
  }

  private async disk(dir: string): Promise<void> {
    const { bavail, bsize } = await statfs(dir);
    const least = this.deps.minFreeBytes ?? 256 * MIB;
    if (bavail * bsize < least)
      throw new Error(`${Math.floor((bavail * bsize) / MIB)} MiB free, at least ${Math.ceil(least / MIB)} MiB wanted`);
  }

  /** Causes go to the log, not to strangers: an error may hold an address or a path. */
  private async check(name: string, missing: string, probe: () => Promise<void>): Promise<Check> {
    const timer = timeout();
    try {
      await Promise.race([probe(), timer.promise]);
      return { name, ok: true, detail: 'ok' };
    } catch (error) {
      this.deps.logger.warn({ err: error, check: name }, 'not ready');
      return { name, ok: false, detail: missing };
    } finally {
      timer.stop();
    }
  }
}

function timeout(): { promise: Promise<never>; stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${CHECK_TIMEOUT_MS} ms`)), CHECK_TIMEOUT_MS);
  });
  return { promise, stop: () => clearTimeout(timer) };
}
