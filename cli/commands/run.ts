import { resolve } from 'node:path';
import type { z } from 'zod';
import type { RunAnswer } from '../../domain/api.schema.js';
import type { StartRun } from '../../domain/run.schema.js';
import { allResults, jsonAnswer, jsonProblem, summary } from '../answer.js';
import { blameLines } from '../blame.js';
import { projectDir } from '../check.js';
import type { Client } from '../client.js';
import type { Context } from '../context.js';
import { endOf } from '../errors.js';
import { Display } from '../display.js';
import { CommandEnd, EXIT, exitCodeOf, type ExitCode } from '../exit-codes.js';
import { keepReport, wantedFiles, writeFiles } from '../files.js';
import { runAndFollow } from '../follow.js';
import { onInterrupt } from '../interrupt.js';
import { useStack } from '../stack-use.js';
import { wantsColours } from '../terminal.js';

export interface RunFlags {
  readonly api?: string;
  readonly json?: boolean;
  readonly junit?: string;
  readonly ctrf?: string;
  readonly html?: string;
  readonly suite?: string[];
  readonly filter?: string;
  readonly workers?: number;
  readonly bail?: boolean;
  readonly commit?: string;
  readonly repo?: string;
  readonly untrusted?: boolean;
  readonly base?: string;
  /** False by `--no-blame`. */
  readonly blame?: boolean;
  readonly color: boolean;
}

const USUAL_RUNNERS = 2;
/** Each runner is a process of about 150 MB. */
const MOST_RUNNERS = 16;

/** `baton run [DIR]`. With `--json` there is one object on standard output in every case, also when no execution came to be. */
export async function run(context: Context, given: string, flags: RunFlags): Promise<ExitCode> {
  try {
    return await runOnce(flags.api ? elsewhere(context, flags.api) : context, given, flags);
  } catch (error) {
    if (flags.json) context.stdout.write(`${JSON.stringify(jsonProblem(endOf(error)))}\n`);
    throw error;
  }
}

/** As if `BATON_API_URL` were set. */
function elsewhere(context: Context, api: string): Context {
  const apiUrls = api.split(',').map((each) => each.trim());
  const wrong = apiUrls.find((each) => !/^https?:\/\//.test(each) || !URL.canParse(each));
  if (wrong !== undefined)
    throw new CommandEnd(`--api: ${wrong} is no address such as http://127.0.0.1:8080.`, EXIT.usage);
  return { ...context, settings: { ...context.settings, apiUrl: apiUrls[0] ?? '', apiUrls } };
}

/** Everything that can be wrong with the call is found before anything is started. */
async function runOnce(context: Context, given: string, flags: RunFlags): Promise<ExitCode> {
  const body = request(context, given, flags);
  const files = wantedFiles(flags, context.cwd);
  // With --json standard output belongs to the one object.
  const out = flags.json ? context.stderr : context.stdout;
  const interrupt = onInterrupt();
  const display = new Display(out, wantsColours(out, flags.color, context.settings.environment));
  const say = (line: string) => display.say(line);
  const runners = Math.min(flags.workers ?? USUAL_RUNNERS, MOST_RUNNERS);
  try {
    const stack = await useStack(context, { runners, signal: interrupt.signal, say }).catch((error) => {
      throw interrupt.signal.aborted ? new CommandEnd('Cancelled before the run began.', EXIT.cancelled) : error;
    });
    try {
      const finished = await runAndFollow(stack.client, body, display, interrupt.signal);
      const problems = await writeFiles(stack.client, finished.id, files);
      const written = files
        .filter((each) => !problems.has(each))
        .map(({ format, file }) => [format.toUpperCase(), file] as const);
      await answer(context, stack.client, finished, flags, written);
      for (const problem of problems.values()) context.stderr.write(`${problem}\n`);
      const verdict = interrupt.signal.aborted ? EXIT.cancelled : exitCodeOf(finished.verdict, finished.problem);
      // A report that was asked for and is not there must not look green to a pipeline.
      return problems.size > 0 && verdict === EXIT.green ? EXIT.unknown : verdict;
    } finally {
      await stack
        .end()
        .catch((error: unknown) => context.stderr.write(`The stack did not stop in order: ${String(error)}\n`));
    }
  } finally {
    display.stop();
    interrupt.release();
  }
}

async function answer(
  context: Context,
  client: Client,
  finished: RunAnswer,
  flags: RunFlags,
  written: readonly (readonly [string, string])[],
): Promise<void> {
  if (flags.json) {
    context.stdout.write(`${JSON.stringify(jsonAnswer(finished, await allResults(client, finished.id)))}\n`);
    return;
  }
  const places = [
    ...(await keptReport(context, client, finished.id)),
    ...written,
    ['Execution', finished.id] as const,
    ['Receipt', finished.links.receipt] as const,
    ...webUi(finished),
  ];
  const colours = wantsColours(context.stdout, flags.color, context.settings.environment);
  context.stdout.write(await blameLines(client, finished, colours));
  context.stdout.write(summary(finished, colours, places));
}

/** The page where a browser finds it. A report that could not be made is a note of the run, not a problem of this command. */
export async function keptReport(context: Context, client: Client, id: string): Promise<(readonly [string, string])[]> {
  try {
    return [['Report', await keepReport(client, id, context.settings.home)]];
  } catch (error) {
    return [['Report', `not available: ${error instanceof Error ? error.message : String(error)}`]];
  }
}

export function webUi(finished: RunAnswer): (readonly [string, string])[] {
  return finished.links.webUi ? [['Web UI', finished.links.webUi]] : [];
}

function request(context: Context, given: string, flags: RunFlags): z.input<typeof StartRun> {
  const options = {
    bail: flags.bail ?? false,
    ...(flags.suite?.length ? { suites: flags.suite } : {}),
    ...(flags.filter ? { filter: flags.filter } : {}),
    ...(flags.workers ? { workers: flags.workers } : {}),
    ...(flags.base ? { base: flags.base } : {}),
    ...(flags.blame === false ? { blame: false } : {}),
  };
  if (flags.repo && !flags.commit)
    throw new CommandEnd('--repo needs --commit: say which revision of the repository to run.', EXIT.usage);
  const trust = flags.untrusted ? { trust: 'untrusted' as const } : {};
  if (!flags.commit) return { source: { kind: 'directory', dir: projectDir(given, context.cwd) }, options, ...trust };
  const repository = flags.repo ? repositoryOf(flags.repo, context.cwd) : projectDir(given, context.cwd);
  return { source: { kind: 'commit', repository, commit: flags.commit }, options, ...trust };
}

/** A URL, `user@host:path`, or a directory. */
function repositoryOf(given: string, base: string): string {
  const isRemote = /^[a-z][a-z0-9+.-]*:\/\//i.test(given) || /^[\w.-]+@[\w.-]+:/.test(given);
  return isRemote ? given : projectDir(resolve(base, given), base);
}
