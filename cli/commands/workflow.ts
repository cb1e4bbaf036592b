/** `baton workflow` and `baton executions`: start workflows, see where they stand, decide what they wait for. */
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectExecutions } from '../../config/client.js';
import { plainText } from '../../domain/clip.js';
import { type ExecutionAnswer, ExecutionStatus } from '../../domain/executions.schema.js';
import { runningStack } from '../../workers/stack/manifest.js';
import { executionId } from '../check.js';
import { apiKey, type Context } from '../context.js';
import { CommandEnd, EXIT, type ExitCode } from '../exit-codes.js';
import { duration, oneLine, table } from '../terminal.js';

type Client = ReturnType<typeof connectExecutions>;

const LOOK_EVERY_MS = 500;

export async function listWorkflows(context: Context, flags: { json?: boolean }): Promise<ExitCode> {
  const list = await clientOf(context).workflows();
  if (flags.json) context.stdout.write(`${JSON.stringify(list)}\n`);
  else
    context.stdout.write(
      table(list.items.map(({ name, title, stages }) => [name, title, stages.map((s) => s.name).join(' → ')])),
    );
  return EXIT.green;
}

export interface ExecuteFlags {
  readonly param?: string[];
  readonly params?: string;
  readonly environment?: string;
  readonly source?: string;
  readonly detach?: boolean;
  readonly json?: boolean;
  readonly outputFormat?: 'text' | 'json';
}

export async function execute(context: Context, name: string | undefined, given: ExecuteFlags): Promise<ExitCode> {
  if (name === undefined)
    throw new CommandEnd(
      'Say which workflow: `baton workflow execute NAME`; `baton workflow list` shows all.',
      EXIT.usage,
    );
  const flags = { ...given, json: given.json || given.outputFormat === 'json' };
  const params: Record<string, unknown> = { ...objectOf('--params', flags.params) };
  if (flags.environment !== undefined) params['environment'] ??= flags.environment;
  if (flags.source !== undefined) params['source'] ??= { kind: 'directory', dir: resolve(context.cwd, flags.source) };
  for (const given of flags.param ?? []) setParam(params, given);
  const client = clientOf(context);
  const started = await client.start(name, params);
  if (flags.detach) {
    context.stdout.write(flags.json ? `${JSON.stringify(started)}\n` : `${started.id}\n`);
    return EXIT.green;
  }
  const said = new Set<string>();
  let now = started;
  while (now.endedAt === null) {
    if (!flags.json) sayStages(context, now, said);
    await sleep(LOOK_EVERY_MS);
    now = await client.get(started.id);
  }
  if (flags.json) context.stdout.write(`${JSON.stringify(now)}\n`);
  else {
    sayStages(context, now, said);
    context.stdout.write(text(now));
  }
  return exitCodeOf(now);
}

/** Stages that have ended since the last look. */
function sayStages(context: Context, execution: ExecutionAnswer, said: Set<string>): void {
  for (const stage of execution.stages) {
    if (stage.endedAt === null || said.has(stage.name)) continue;
    said.add(stage.name);
    context.stderr.write(
      `${stage.status} ${stage.title}${stage.sentence ? `: ${oneLine(stage.sentence, 300)}` : ''}\n`,
    );
  }
}

/** Words of workflows for an end that is not good news; any other word is. */
const RED = new Set(['failed', 'blocked', 'rejected', 'rolled-back', 'fix-failed']);

export function exitCodeOf({ status, outcome, problem }: ExecutionAnswer): ExitCode {
  if (status === 'cancelled' || outcome === 'cancelled') return EXIT.cancelled;
  if (status === 'failed') return problem?.usage ? EXIT.usage : EXIT.unknown;
  if (outcome === 'incomplete') return EXIT.unknown;
  return outcome !== null && RED.has(outcome) ? EXIT.red : EXIT.green;
}

export async function listExecutions(
  context: Context,
  flags: { workflow?: string; status?: string; limit: number; json?: boolean },
): Promise<ExitCode> {
  const status = flags.status === undefined ? undefined : ExecutionStatus.safeParse(flags.status);
  if (status && !status.success)
    throw new CommandEnd(
      `--status is one of ${ExecutionStatus.options.join(', ')}, not "${flags.status}".`,
      EXIT.usage,
    );
  const page = await clientOf(context).list({ workflow: flags.workflow, status: status?.data, limit: flags.limit });
  if (flags.json) context.stdout.write(`${JSON.stringify(page)}\n`);
  else if (page.items.length === 0)
    context.stdout.write('There are no executions of workflows yet; `baton workflow execute NAME` makes one.\n');
  else context.stdout.write(table(page.items.map(row)));
  return EXIT.green;
}

const row = (e: ExecutionAnswer): string[] => [
  e.id,
  e.outcome ?? e.status,
  e.createdAt.slice(0, 19).replace('T', ' '),
  e.durationMs === null ? '' : duration(e.durationMs),
  e.workflow,
  e.project,
  [e.subject.branch, e.subject.commit?.slice(0, 10)].filter(Boolean).join('@'),
];

export async function showExecution(context: Context, given: string, flags: { json?: boolean }): Promise<ExitCode> {
  const execution = await clientOf(context).get(executionId(given));
  context.stdout.write(flags.json ? `${JSON.stringify(execution)}\n` : text(execution));
  return EXIT.green;
}

function text(e: ExecutionAnswer): string {
  const stages = e.stages.map(({ status, title, sentence, links }) => [
    status,
    title,
    [sentence ? oneLine(sentence, 300) : '', ...links.map(({ ref }) => plainText(ref))].filter(Boolean).join('  '),
  ]);
  const facts = [
    ['Execution', e.id],
    ['Workflow', `${e.workflow} of ${e.project}`],
    ['Outcome', e.outcome ?? e.status],
    ...(e.sentence ? [['', plainText(e.sentence)]] : []),
    ...(e.links.webUi ? [['Web UI', e.links.webUi]] : []),
  ];
  return `${table(stages)}${table(facts)}`;
}

export async function cancelExecution(context: Context, given: string): Promise<ExitCode> {
  const id = executionId(given);
  await clientOf(context).cancel(id);
  context.stdout.write(
    `Execution ${id}: cancellation was asked for; \`baton executions show ${id}\` tells how it ended.\n`,
  );
  return EXIT.green;
}

export async function decide(
  context: Context,
  given: string,
  flags: { stage?: string; reason?: string; inputs?: string; approve: boolean },
): Promise<ExitCode> {
  const id = executionId(given);
  await clientOf(context).decide(id, {
    approve: flags.approve,
    ...(flags.stage === undefined ? {} : { stage: flags.stage }),
    ...(flags.reason === undefined ? {} : { reason: flags.reason }),
    inputs: objectOf('--inputs', flags.inputs),
  });
  context.stdout.write(`Execution ${id}: ${flags.approve ? 'approved' : 'rejected'}.\n`);
  return EXIT.green;
}

export function objectOf(flag: string, json: string | undefined): Record<string, unknown> {
  if (json === undefined) return {};
  const value = jsonOf(json);
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new CommandEnd(`${flag} takes one JSON object, such as '{"branch":"main"}'.`, EXIT.usage);
}

/** `a.b=1` sets `{ a: { b: 1 } }`. */
function setParam(params: Record<string, unknown>, given: string): void {
  const at = given.indexOf('=');
  const path = given.slice(0, at).split('.');
  if (at < 1 || path.some((part) => !/^[\w-]+$/.test(part) || part === '__proto__'))
    throw new CommandEnd(`--param takes name=value, not "${given}".`, EXIT.usage);
  let inside = params;
  for (const part of path.slice(0, -1)) {
    const next = Object.hasOwn(inside, part) ? inside[part] : undefined;
    inside[part] = next !== null && typeof next === 'object' ? next : {};
    inside = inside[part] as Record<string, unknown>;
  }
  const value = given.slice(at + 1);
  inside[path.at(-1)!] = jsonOf(value) ?? value;
}

/** Undefined where it is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Plain text, then.
    return undefined;
  }
}

function clientOf(context: Context): Client {
  const { settings } = context;
  const url = settings.apiUrl || runningStack(settings.home)?.api;
  if (!url) throw new CommandEnd('Nothing is up; `baton up --detach` starts it.', EXIT.unknown);
  return connectExecutions(url, apiKey(settings));
}
