import { Health } from '../../domain/monitoring/health.js';
import { isSameProcess } from '../../scripts/lib/lock.mjs';
import { connectTriggers } from '../../config/client.js';
import { temporalHealth } from '../../workers/stack/grpc-health.js';
import { type Manifest, runningStack } from '../../workers/stack/manifest.js';
import { apiKey, type Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { table } from '../terminal.js';
import { lookAtPool, poolText } from './runners.js';
import { places } from './up.js';

const ANSWER_TIMEOUT_MS = 5_000;
const NEWEST_RUNS = 200;

/** `baton status`: what is up, each part asked. 0 when all is well, 3 when nothing is up or something is ill. */
export async function status(context: Context, flags: { json?: boolean }): Promise<ExitCode> {
  const manifest = runningStack(context.settings.home);
  const health = manifest ? await healthOf(context, manifest.api) : null;
  const checks = manifest ? [...(await ask(context, manifest)), ...probeChecks(health)] : [];
  const ok = manifest !== null && checks.every((check) => check.problem === null);
  const pool = manifest ? await lookAtPool(context, manifest.api) : null;
  if (flags.json)
    context.stdout.write(`${JSON.stringify({ up: manifest !== null, ok, health, checks, pool, manifest })}\n`);
  else if (!manifest) context.stdout.write('Nothing is up; `baton up` starts it.\n');
  else {
    const rows = checks.map((check) => [
      check.problem === null ? 'ok' : 'ill',
      check.name,
      check.problem ?? check.detail,
    ]);
    context.stdout.write(
      `Up since ${manifest.startedAt} (pid ${manifest.supervisor.pid})${health ? `, ${health.status}` : ''}.\n${places(manifest)}${table(rows)}${pool ? poolText(pool) : ''}`,
    );
  }
  return ok ? EXIT.green : EXIT.unknown;
}

interface Check {
  readonly name: string;
  readonly detail: string;
  readonly problem: string | null;
}

async function ask(context: Context, manifest: Manifest): Promise<Check[]> {
  const parts = manifest.parts.map((part) => {
    const problem = isSameProcess(part.pid, part.ticks) ? null : `is not running; its log: ${part.log}`;
    return {
      name: part.name,
      detail: `pid ${part.pid}${part.restarts ? `, restarted ${part.restarts} times` : ''}`,
      problem,
    };
  });
  const [api, temporal] = await Promise.all([
    apiProblem(manifest.api),
    temporalHealth(manifest.temporal.address, ANSWER_TIMEOUT_MS),
  ]);
  return [
    ...parts,
    { name: 'API answers', detail: manifest.api, problem: api },
    { name: 'Temporal answers', detail: manifest.temporal.address, problem: temporal },
    ...(api === null ? [...(await stuckRuns(context, manifest.api)), ...(await watched(context, manifest.api))] : []),
  ];
}

/** What probes have found; null just after the start, when nobody has looked yet. */
async function healthOf(context: Context, api: string): Promise<Health | null> {
  const key = apiKey(context.settings);
  try {
    const response = await fetch(`${api}/api/health`, {
      headers: key === undefined ? {} : { Authorization: `Bearer ${key}` },
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    return response.ok ? Health.parse(await response.json()) : null;
  } catch {
    return null; // whether the API answers at all is a check of its own
  }
}

/** Own parts are asked by this command itself. Degraded is worth a word, and no reason to call the whole ill. */
const probeChecks = (health: Health | null): Check[] =>
  (health?.components ?? [])
    .filter(({ kind }) => kind !== 'own')
    .map(({ name, status, sentence }) => ({
      name: `probe ${name}`,
      detail: status === 'healthy' ? sentence : `${status}: ${sentence}`,
      problem: status === 'down' ? sentence : null,
    }));

/** Executions that make no progress. One that only waits for a free runner is well. */
async function stuckRuns(context: Context, api: string): Promise<Check[]> {
  const { items } = await context.connect(api, apiKey(context.settings)).runs({ limit: NEWEST_RUNS });
  return items.flatMap((run) => {
    if (!run.stuck) return [];
    const text = `${run.stuck.message} ${run.stuck.advice.replaceAll(' ID', ` ${run.id}`)}`;
    const waits = run.stuck.reason === 'waiting_for_capacity';
    return [{ name: run.id, detail: text, problem: waits ? null : text }];
  });
}

/** Clones and directories that triggers watch, and why one is not seen. */
async function watched(context: Context, api: string): Promise<Check[]> {
  const { items } = await connectTriggers(api, apiKey(context.settings)).watches();
  return items.map(({ trigger, dir, problem, seen }) => ({
    name: `watching ${trigger}`,
    detail: seen === null ? dir : `${dir}: ${seen}`,
    problem,
  }));
}

async function apiProblem(api: string): Promise<string | null> {
  try {
    const response = await fetch(`${api}/readyz`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    return response.ok ? null : `answers ${response.status}: ${(await response.text()).slice(0, 500)}`;
  } catch (error) {
    return `does not answer (${error instanceof Error ? error.message : String(error)})`;
  }
}
