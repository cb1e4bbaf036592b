/** `baton workflow create|show|validate|export|diff|schema|backfill|rerun-failed`: workflows that a team has written itself. */
import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { connectDefinitions } from '../../config/client.js';
import { checkDefinition, definitionSchema, definitionText } from '../../config/definitions.js';
import { plainText } from '../../domain/clip.js';
import type { DefinitionAnswer } from '../../domain/definitions/api.schema.js';
import type { ExecutionAnswer } from '../../domain/executions.schema.js';
import { lineDiff } from '../../domain/report/line-diff.js';
import { runningStack } from '../../workers/stack/manifest.js';
import { executionId } from '../check.js';
import { apiKey, type Context } from '../context.js';
import { notThere } from '../errors.js';
import { CommandEnd, EXIT, type ExitCode } from '../exit-codes.js';
import { table } from '../terminal.js';
import { objectOf } from './workflow.js';

type Client = ReturnType<typeof connectDefinitions>;

export interface CreateFlags {
  readonly name?: string;
  readonly config?: string;
  readonly template?: string;
  readonly params?: string;
  readonly json?: boolean;
}

/** A new one, or a new version where there is one of this name. */
export async function createDefinition(
  context: Context,
  given: string | undefined,
  flags: CreateFlags,
): Promise<ExitCode> {
  const name = given ?? flags.name;
  const client = clientOf(context);
  const stored = await storedOf(client, context, name, flags);
  if (flags.json) context.stdout.write(`${JSON.stringify(stored)}\n`);
  else
    context.stdout.write(
      `${stored.id}\n${stored.kind} ${plainText(stored.name)}, version ${stored.version}${stored.draft ? ', empty: give it steps with `--config FILE`' : `, ${stored.definition.steps.length} steps`}\n`,
    );
  return EXIT.green;
}

async function storedOf(
  client: Client,
  context: Context,
  name: string | undefined,
  flags: CreateFlags,
): Promise<DefinitionAnswer> {
  if (flags.template !== undefined) {
    if (name === undefined) throw new CommandEnd('A workflow that is made from a template needs a name.', EXIT.usage);
    return client.instantiate(flags.template, name, objectOf('--params', flags.params));
  }
  if (flags.config === undefined) {
    if (name === undefined) throw new CommandEnd('Give it a name, a file with `--config`, or both.', EXIT.usage);
    return client.create({ name });
  }
  const { text, definition } = checked(context, flags.config);
  // A name on the command line goes before the document's own.
  const body =
    name === undefined || name === definition.name
      ? { source: text, name: basename(flags.config) }
      : renamed(text, flags.config, name);
  const known = await client.get(name ?? definition.name).catch(notThere);
  return known ? client.replace(known.id, body) : client.create(body);
}

function renamed(text: string, file: string, name: string): object {
  const { definition } = checkDefinition(text, file);
  return { ...(JSON.parse(definitionText(definition!, 'json')) as object), name };
}

function checked(context: Context, file: string) {
  const text = textOf(context, file);
  const { definition, mistakes } = checkDefinition(text, file);
  if (definition) return { text, definition };
  throw new CommandEnd(mistakes.map((mistake) => mistake.text).join('\n'), EXIT.usage);
}

function textOf(context: Context, file: string): string {
  try {
    return readFileSync(resolve(context.cwd, file), 'utf8');
  } catch (error) {
    throw new CommandEnd(
      `${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`,
      EXIT.usage,
    );
  }
}

/** Without a server: the same checks as when it is stored. */
export function validateDefinition(context: Context, files: readonly string[], flags: { json?: boolean }): ExitCode {
  const found = files.map((file) => ({ file, mistakes: checkDefinition(textOf(context, file), file).mistakes }));
  const wrong = found.filter(({ mistakes }) => mistakes.length > 0);
  if (flags.json) context.stdout.write(`${JSON.stringify({ valid: wrong.length === 0, files: found })}\n`);
  else
    for (const { file, mistakes } of found)
      context.stdout.write(
        mistakes.length === 0
          ? `${file}: no mistakes\n`
          : `${mistakes.map(({ text }) => plainText(text)).join('\n')}\n`,
      );
  return wrong.length > 0 ? EXIT.red : EXIT.green;
}

export async function showDefinition(
  context: Context,
  name: string,
  flags: { json?: boolean; version?: number },
): Promise<ExitCode> {
  const client = clientOf(context);
  const found = await client.get(name, flags.version);
  if (flags.json) {
    context.stdout.write(`${JSON.stringify(found)}\n`);
    return EXIT.green;
  }
  const { items } = await client.versions(found.id);
  const { definition } = found;
  context.stdout.write(
    `${table([
      ['Name', plainText(found.name)],
      ['Id', found.id],
      ['Kind', found.draft ? 'draft' : found.kind],
      [
        'Version',
        `${found.version} (${found.digest.slice(0, 19)})${definition.version === undefined ? '' : `, its author's ${plainText(definition.version)}`}`,
      ],
      ['Versions', items.map(({ version }) => version).join(', ')],
      [
        'Parameters',
        Object.entries(definition.params)
          .map(([key, field]) => `${key}: ${field.type}${field.required ? ' (needed)' : ''}`)
          .join(', '),
      ],
    ])}${table(definition.steps.map((step) => [step.name, `${step.role}.${step.action}`, step.dependsOn.length === 0 ? '' : `after ${step.dependsOn.join(', ')}`]))}`,
  );
  return EXIT.green;
}

export async function exportDefinition(
  context: Context,
  name: string,
  flags: { format: 'yaml' | 'json'; version?: number; original?: boolean },
): Promise<ExitCode> {
  const found = await clientOf(context).get(name, flags.version);
  context.stdout.write(
    flags.original && found.source !== null ? found.source : definitionText(found.definition, flags.format),
  );
  return EXIT.green;
}

/** Of two versions, or of the newest one and a file. Exit code 1 says that they differ. */
export async function diffDefinition(
  context: Context,
  name: string,
  file: string | undefined,
  flags: { from?: number; to?: number },
): Promise<ExitCode> {
  const client = clientOf(context);
  const newest = await client.get(name);
  const before = file === undefined ? await client.get(name, flags.from ?? Math.max(1, newest.version - 1)) : newest;
  const after =
    file === undefined
      ? (flags.to === undefined ? newest : await client.get(name, flags.to)).definition
      : checked(context, file).definition;
  const lines = lineDiff(definitionText(before.definition, 'yaml'), definitionText(after, 'yaml')).filter(
    ({ kind }, _index, all) => kind !== 'same' || all.some((each) => each.kind !== 'same'),
  );
  const changed = lines.some(({ kind }) => kind === 'expected' || kind === 'actual');
  if (!changed) context.stdout.write('They mean the same.\n');
  else
    for (const { kind, text } of lines)
      context.stdout.write(`${MARKS[kind]}${kind === 'gap' ? `${text} equal lines` : plainText(text)}\n`);
  return changed ? EXIT.red : EXIT.green;
}

const MARKS = { same: '  ', expected: '- ', actual: '+ ', gap: '… ' } as const;

export function printSchema(context: Context): ExitCode {
  context.stdout.write(definitionSchema());
  return EXIT.green;
}

export async function removeDefinition(context: Context, name: string): Promise<ExitCode> {
  await clientOf(context).remove(name);
  context.stdout.write(`${plainText(name)} is deleted; executions that run go on.\n`);
  return EXIT.green;
}

export async function showSteps(context: Context, given: string, flags: { json?: boolean }): Promise<ExitCode> {
  const list = await clientOf(context).steps(executionId(given));
  if (flags.json) context.stdout.write(`${JSON.stringify(list)}\n`);
  else
    context.stdout.write(
      table(
        list.items.map(({ attempt, step, status, failure }) => [
          String(attempt),
          step,
          status,
          failure ? plainText(failure.message) : '',
        ]),
      ),
    );
  return EXIT.green;
}

export async function sendSignal(
  context: Context,
  given: string,
  name: string,
  flags: { payload?: string },
): Promise<ExitCode> {
  await clientOf(context).signal(executionId(given), { name, payload: objectOf('--payload', flags.payload) });
  context.stdout.write(`The signal ${plainText(name)} was delivered.\n`);
  return EXIT.green;
}

const started = (context: Context, { id }: ExecutionAnswer): ExitCode => {
  context.stdout.write(`${id}\n`);
  return EXIT.green;
};

export async function rerunExecution(
  context: Context,
  given: string,
  flags: { from?: string; params?: string },
): Promise<ExitCode> {
  const body = {
    ...(flags.from === undefined ? {} : { from: flags.from }),
    params: objectOf('--params', flags.params),
  };
  return started(context, await clientOf(context).rerun(executionId(given), body));
}

export async function backfill(
  context: Context,
  name: string,
  flags: { from: string; to: string; every: number; param?: string; params?: string; parallel: number },
): Promise<ExitCode> {
  const { from, to, every, parallel, param } = flags;
  const body = {
    from,
    to,
    every,
    parallel,
    params: objectOf('--params', flags.params),
    ...(param === undefined ? {} : { param }),
  };
  return started(context, await clientOf(context).backfill(name, body));
}

export async function rerunFailed(
  context: Context,
  name: string,
  flags: { since: string; parallel: number; canary: boolean },
): Promise<ExitCode> {
  const since = sinceOf(flags.since, Date.now());
  return started(
    context,
    await clientOf(context).rerunFailed(name, { since, parallel: flags.parallel, canary: flags.canary }),
  );
}

/** `2h` ago, or a time. */
function sinceOf(text: string, now: number): string {
  const ago = /^(\d{1,4})([mhd])$/.exec(text);
  const ms = ago
    ? now - Number(ago[1]) * { m: 60_000, h: 3_600_000, d: 86_400_000 }[ago[2] as 'm' | 'h' | 'd']
    : Date.parse(text);
  if (Number.isNaN(ms))
    throw new CommandEnd(
      `--since takes a time such as 2026-11-21T08:00:00Z, or how long ago, such as 2h; not "${text}".`,
      EXIT.usage,
    );
  return new Date(ms).toISOString();
}

function clientOf(context: Context): Client {
  const { settings } = context;
  const url = settings.apiUrl || runningStack(settings.home)?.api;
  if (!url) throw new CommandEnd('Nothing is up; `baton up --detach` starts it.', EXIT.unknown);
  return connectDefinitions(url, apiKey(settings));
}
