/** A listening API with everything behind it in this process. */
import { createApi } from '../../../api/app.js';
import type { ApiDeps, ApiKeys } from '../../../api/deps.js';
import type { Engine } from '../../../domain/ports.js';
import type { Run } from '../../../domain/run.schema.js';
import { MemoryArtifacts } from './memory-artifacts.js';
import { MemoryLedger } from './memory-ledger.js';

export const RUNNER_TOKEN = 'runner-token-of-the-tests-0123456789';

/** Remembers what it was asked; `away` makes it a server that does not answer. */
export class RecordingEngine implements Engine {
  async runState(): Promise<'running'> {
    return 'running';
  }

  readonly started: string[] = [];
  readonly cancelled: string[] = [];
  away = false;

  async startRun(run: Run): Promise<{ temporalRunId: string }> {
    await this.ping();
    this.started.push(run.id);
    return { temporalRunId: `temporal-${run.id}` };
  }

  async cancelRun(id: string): Promise<void> {
    await this.ping();
    this.cancelled.push(id);
  }

  async ping(): Promise<void> {
    if (this.away) throw new Error('connect ECONNREFUSED 127.0.0.1:7233');
  }

  webUrl(id: string): string {
    return `http://127.0.0.1:8233/namespaces/default/workflows/${id}`;
  }
}

export const KEYS: Record<string, { name: string; role: 'viewer' | 'operator' | 'admin' }> = {
  'key-of-vera': { name: 'vera', role: 'viewer' },
  'key-of-omar': { name: 'omar', role: 'operator' },
  'key-of-ada': { name: 'ada', role: 'admin' },
};

export const keysOf = (table: typeof KEYS): ApiKeys => ({
  verify: (key) => (Object.hasOwn(table, key) ? table[key] : undefined),
});

export interface Logged {
  readonly level: string;
  readonly message: string;
  readonly fields: object;
}

export function recordingLogger(lines: Logged[]) {
  const at = (level: string) => (fields: object, message: string) => void lines.push({ level, message, fields });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

export async function openApi(change: Partial<ApiDeps> = {}) {
  const ledger = new MemoryLedger();
  const artifacts = new MemoryArtifacts();
  const engine = new RecordingEngine();
  const logged: Logged[] = [];
  const deps: ApiDeps = {
    ledger,
    artifacts,
    engine,
    host: '127.0.0.1',
    port: 0,
    runnerToken: RUNNER_TOKEN,
    version: '0.0.0-test',
    receiptKeys: [],
    lanes: () => 2,
    logger: recordingLogger(logged),
    ...change,
  };
  const api = await createApi(deps);
  const { url, port } = await api.listen();
  return { api, url, port, ledger, artifacts, engine, logged, close: () => api.close() };
}

export type OpenApi = Awaited<ReturnType<typeof openApi>>;

export const asRunner = { Authorization: `Bearer ${RUNNER_TOKEN}` };

export const postJson = (url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

export const aStart = (dir = '/srv/shop') => ({ source: { kind: 'directory', dir } });

export const readAs = async <T>(answer: Response | Promise<Response>): Promise<T> => (await (await answer).json()) as T;
