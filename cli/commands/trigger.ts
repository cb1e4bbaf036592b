/** `baton trigger`: rules that start workflows. */
import { readFileSync } from 'node:fs';
import { connectTriggers } from '../../config/client.js';
import { plainText } from '../../domain/clip.js';
import type { StoredTrigger, Trigger } from '../../domain/triggers/trigger.schema.js';
import type { Context } from '../context.js';
import { CommandEnd, EXIT, type ExitCode } from '../exit-codes.js';
import { oneLine, table } from '../terminal.js';
import { addressOf } from '../stack-address.js';

export interface CreateFlags {
  readonly name?: string;
  readonly url?: string;
  readonly workflow?: string;
  readonly events?: string;
  readonly branches?: string;
  readonly paths?: string;
  readonly repositories?: string;
  readonly host?: string;
  readonly secret?: string;
  readonly token?: string;
  readonly dir?: string;
  readonly types?: string;
  readonly supersede?: string;
  readonly params?: string;
  readonly file?: string;
  readonly json?: boolean;
}

const clientOf = (context: Context) => connectTriggers(...addressOf(context));

export async function createTrigger(context: Context, type: string, flags: CreateFlags): Promise<ExitCode> {
  const made = await clientOf(context).create(triggerOf(type, flags) as Trigger);
  context.stdout.write(flags.json ? `${JSON.stringify(made)}\n` : `${made.trigger.name}: ${sentence(made.trigger)}\n`);
  return EXIT.green;
}

/** The API checks it: here only the flags become fields. */
function triggerOf(type: string, flags: CreateFlags): object {
  if (flags.file !== undefined) return { type, ...objectOf(`--file ${flags.file}`, readFileSync(flags.file, 'utf8')) };
  const list = (text: string | undefined): string[] | undefined =>
    text
      ?.split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
  const fields = {
    type,
    name: flags.name ?? flags.url?.split('/').at(-1) ?? type,
    workflow: flags.workflow,
    url: flags.url,
    events: list(flags.events),
    branches: list(flags.branches),
    paths: list(flags.paths),
    repositories: list(flags.repositories),
    host: flags.host,
    secrets: list(flags.secret)?.map((env) => ({ env })),
    token: flags.token === undefined ? undefined : { env: flags.token },
    dir: flags.dir,
    types: list(flags.types),
    supersede: flags.supersede,
    parameters: flags.params === undefined ? undefined : objectOf('--params', flags.params),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function objectOf(where: string, text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below, for both kinds of mistake.
  }
  throw new CommandEnd(`${where}: must be one JSON object, such as '{"context": "baton"}'.`, EXIT.usage);
}

export async function listTriggers(context: Context, flags: { json?: boolean }): Promise<ExitCode> {
  const list = await clientOf(context).list();
  if (flags.json) context.stdout.write(`${JSON.stringify(list)}\n`);
  else if (list.items.length === 0) context.stdout.write('No triggers; `baton trigger create` makes one.\n');
  else context.stdout.write(table(list.items.map(row)));
  return EXIT.green;
}

const row = ({ trigger, from, fired }: StoredTrigger): string[] => [
  trigger.name,
  trigger.enabled ? trigger.type : `${trigger.type}, disabled`,
  sentence(trigger),
  from === 'file' ? 'settings file' : `started ${fired}`,
];

function sentence(trigger: Trigger): string {
  const to = `starts ${trigger.workflow}`;
  switch (trigger.type) {
    case 'webhook':
      return `${trigger.url}: ${trigger.events.join(', ')} of ${trigger.branches.join(', ')} ${to}`;
    case 'git':
      return `commits in ${trigger.dir} on ${trigger.branches.join(', ')} ${to}`;
    case 'files':
      return `${trigger.paths.join(', ')} in ${trigger.dir} ${to}`;
    case 'event':
      return `events ${trigger.types.join(', ')} ${to}`;
    case 'api':
      return `POST /api/triggers/${trigger.name}/fire ${to}`;
  }
}

export async function showTrigger(context: Context, name: string): Promise<ExitCode> {
  context.stdout.write(`${JSON.stringify(await clientOf(context).get(name), null, 2)}\n`);
  return EXIT.green;
}

export async function deleteTrigger(context: Context, name: string): Promise<ExitCode> {
  await clientOf(context).remove(name);
  context.stdout.write(`${name} is deleted.\n`);
  return EXIT.green;
}

export interface TestFlags {
  readonly event: string;
  readonly branch?: string;
  readonly commit?: string;
  readonly repository?: string;
  readonly path?: string;
  readonly json?: boolean;
}

/** 0 when it would start its workflow, 1 when not. */
export async function testTrigger(context: Context, name: string, flags: TestFlags): Promise<ExitCode> {
  const { event, branch = null, commit = null, repository = null, path } = flags;
  const paths = path === undefined ? null : path.split(',');
  const imagined = { event, branch, commit, repository, paths } as Parameters<ReturnType<typeof clientOf>['test']>[1];
  const answer = await clientOf(context).test(name, imagined);
  if (flags.json) context.stdout.write(`${JSON.stringify(answer)}\n`);
  else if (!answer.fires) context.stdout.write(`${name} would not fire: ${answer.reason}.\n`);
  else if (answer.problem)
    context.stdout.write(`${name} would fire, and ${answer.workflow} would refuse: ${answer.problem}\n`);
  else
    context.stdout.write(
      `${name} would start ${answer.workflow} with ${oneLine(JSON.stringify(answer.params), 2000)}\n`,
    );
  return answer.fires && answer.problem === null ? EXIT.green : EXIT.red;
}

export async function listDeliveries(context: Context, flags: { json?: boolean; limit: number }): Promise<ExitCode> {
  const list = await clientOf(context).deliveries(flags.limit);
  if (flags.json) context.stdout.write(`${JSON.stringify(list)}\n`);
  else
    context.stdout.write(
      table(
        list.items.map((each) => [
          each.receivedAt,
          each.source,
          each.event ?? '',
          each.state,
          plainText(oneLine(each.sentence ?? '', 200)),
          each.duplicates > 0 ? `and ${each.duplicates} more times` : '',
        ]),
      ),
    );
  return EXIT.green;
}
