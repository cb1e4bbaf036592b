/** Commands about executions that exist: runs, show, logs, cancel, open. */
import { setTimeout as sleep } from 'node:timers/promises';
import { spawn } from 'node:child_process';
import type { RunAnswer } from '../../domain/api.schema.js';
import { plainText } from '../../domain/clip.js';
import { RunStatus, Verdict } from '../../domain/outcome.schema.js';
import { allResults, jsonAnswer, summary, totalsText } from '../answer.js';
import { blameLines } from '../blame.js';
import { executionId } from '../check.js';
import type { Context } from '../context.js';
import { CommandEnd, EXIT, type ExitCode } from '../exit-codes.js';
import { type StackUse, useStack } from '../stack-use.js';
import { duration, oneLine, palette, table, wantsColours } from '../terminal.js';
import { webUi } from './run.js';

const CANCEL_LIMIT_MS = 60_000;
const FAILURES_SHOWN = 50;

/** These commands only read: a stack that is not up is brought up without runners, and taken down again. */
export async function withStack<T>(context: Context, work: (stack: StackUse) => Promise<T>): Promise<T> {
  const stack = await useStack(context, { runners: 0, say: (line) => void context.stderr.write(`${line}\n`) });
  try {
    return await work(stack);
  } finally {
    await stack.end();
  }
}

export interface RunsFlags {
  readonly json?: boolean;
  readonly limit: number;
  readonly project?: string;
  /** Where it stands, or what it came to. */
  readonly status?: string;
  readonly suite?: string;
}

export function runs(context: Context, flags: RunsFlags): Promise<ExitCode> {
  const status = flags.status === undefined ? {} : statusOf(flags.status);
  return withStack(context, async ({ client }) => {
    const page = await client.runs({
      limit: flags.limit,
      ...status,
      ...(flags.project ? { project: flags.project } : {}),
      ...(flags.suite ? { suite: flags.suite } : {}),
    });
    if (flags.json) context.stdout.write(`${JSON.stringify(page)}\n`);
    else if (page.items.length === 0) context.stdout.write(noRuns(flags));
    else context.stdout.write(table(page.items.map(row)));
    return EXIT.green;
  });
}

const noRuns = ({ project, status, suite }: RunsFlags): string =>
  (project ?? status ?? suite)
    ? 'No execution is like that; `baton runs` lists all.\n'
    : 'There are no executions yet; `baton run DIR` makes one.\n';

/** No word is both. */
function statusOf(word: string): { status: RunStatus } | { verdict: Verdict } {
  const status = RunStatus.safeParse(word);
  if (status.success) return { status: status.data };
  const verdict = Verdict.safeParse(word);
  if (verdict.success) return { verdict: verdict.data };
  const known = [...Verdict.options, ...RunStatus.options].join(', ');
  throw new CommandEnd(`--status is one of ${known}, not "${word}".`, EXIT.usage);
}

function row(run: RunAnswer): string[] {
  const where = [run.branch, run.commit?.slice(0, 10)].filter(Boolean).join('@');
  const time = run.durationMs === null ? '' : duration(run.durationMs);
  return [
    run.id,
    run.verdict ?? run.status,
    run.createdAt.slice(0, 19).replace('T', ' '),
    time,
    run.project,
    where,
    totalsText(run.totals),
  ];
}

export function show(context: Context, given: string, flags: { json?: boolean; color: boolean }): Promise<ExitCode> {
  const id = executionId(given);
  return withStack(context, async ({ client }) => {
    const run = await client.run(id);
    if (flags.json) {
      context.stdout.write(`${JSON.stringify(jsonAnswer(run, await allResults(client, id)))}\n`);
      return EXIT.green;
    }
    const colours = wantsColours(context.stdout, flags.color, context.settings.environment);
    const paint = palette(colours);
    const failed = await allResults(client, id, 'failed');
    for (const test of failed.slice(0, FAILURES_SHOWN)) {
      context.stdout.write(`${paint.red('✗')} ${test.file} › ${oneLine(test.name, 300)}\n`);
      if (test.message) context.stdout.write(`${plainText(test.message).trim().replace(/^/gm, '    ')}\n`);
    }
    if (failed.length > FAILURES_SHOWN)
      context.stdout.write(`… and ${failed.length - FAILURES_SHOWN} more failed tests; \`--json\` has all.\n`);
    context.stdout.write(await blameLines(client, run, colours));
    context.stdout.write(
      summary(run, colours, [
        ['Execution', run.id],
        ['Report', run.links.report],
        ['Receipt', run.links.receipt],
        ...webUi(run),
      ]),
    );
    return EXIT.green;
  });
}

/** What the test processes printed, batch by batch. */
export function logs(context: Context, given: string, flags: { batch?: string }): Promise<ExitCode> {
  const id = executionId(given);
  return withStack(context, async ({ client }) => {
    const { items } = await client.artifacts(id);
    const outputs = items.filter(
      ({ name }) => name.endsWith('.log') && (!flags.batch || name.split(/[./]/)[0] === flags.batch),
    );
    if (outputs.length === 0)
      context.stderr.write(`Execution ${id} has no output${flags.batch ? ` of batch ${flags.batch}` : ''}.\n`);
    for (const { name } of outputs) {
      const text = Buffer.from(await client.artifact(id, name)).toString('utf8');
      // On a terminal, test output must not move the cursor or rename the window; a file gets it as it is.
      context.stdout.write(
        `── ${name}\n${context.stdout.isTTY ? plainText(text) : text}${text.endsWith('\n') ? '' : '\n'}`,
      );
    }
    return EXIT.green;
  });
}

export function cancel(context: Context, given: string): Promise<ExitCode> {
  const id = executionId(given);
  return withStack(context, async ({ client, own }) => {
    await client.cancel(id);
    // A stack of this command's own must live until the cancellation has happened.
    const deadline = Date.now() + CANCEL_LIMIT_MS;
    while (own && (await client.run(id)).status !== 'finished') {
      if (Date.now() > deadline)
        throw new CommandEnd(`Execution ${id} did not end within ${CANCEL_LIMIT_MS / 1000} s.`, EXIT.unknown);
      await sleep(200);
    }
    context.stdout.write(`Execution ${id}: cancellation was asked for; \`baton show ${id}\` tells how it ended.\n`);
    return EXIT.green;
  });
}

export async function open(context: Context, given: string): Promise<ExitCode> {
  const id = executionId(given);
  return withStack(context, async ({ client, own }) => {
    const { links } = await client.run(id);
    if (!links.webUi)
      throw new CommandEnd('No Web UI is known for this server; set BATON_TEMPORAL_UI where it runs.', EXIT.unknown);
    if (own)
      throw new CommandEnd('The Web UI is there while a stack is up: run `baton up --detach` first.', EXIT.unknown);
    context.stdout.write(`${links.webUi}\n`);
    openBrowser(links.webUi, context.settings.environment);
    return EXIT.green;
  });
}

/** Where there is a desktop. The address was printed, so a browser that does not start is no error. */
function openBrowser(url: string, env: Readonly<Record<string, string | undefined>>): void {
  const desktop =
    process.platform === 'darwin' || process.platform === 'win32' || env['DISPLAY'] || env['WAYLAND_DISPLAY'];
  if (!desktop) return;
  const [command, args] =
    process.platform === 'darwin'
      ? ['open', [url]]
      : process.platform === 'win32'
        ? ['explorer', [url]]
        : ['xdg-open', [url]];
  const child = spawn(command as string, args as string[], { stdio: 'ignore', detached: true });
  child.once('error', () => {});
  child.unref();
}
