/** `baton run` in layers: plan, start, follow. */
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectExecutions } from '../../config/client.js';
import { readLayersFile } from '../../config/layers-file.js';
import { planText } from '../../domain/layers/allowance.js';
import { LayeredRunParams, MODES } from '../../domain/layers/layers.schema.js';
import { planLayers, STANDARD_DOCUMENT } from '../../domain/layers/plan.js';
import { whichRun } from '../../domain/layers/which-run.js';
import { projectDir } from '../check.js';
import { apiKey, type Context } from '../context.js';
import { CommandEnd, EXIT, type ExitCode } from '../exit-codes.js';
import { onInterrupt } from '../interrupt.js';
import { useStack } from '../stack-use.js';
import { oneLine, table } from '../terminal.js';
import type { RunFlags } from './run.js';
import { status } from './status.js';
import { exitCodeOf } from './workflow.js';

export interface LayerFlags {
  /** A file, or names of layers. */
  readonly layers?: string[];
  readonly mode?: string;
  readonly plan?: boolean;
  readonly env?: string;
  readonly maxMinutes?: number;
  /** False by `--no-background`. */
  readonly background?: boolean;
  readonly useLayers?: boolean;
  readonly masterOrchestration?: boolean;
  readonly orchestrationStatus?: boolean;
  readonly websocketThreadId?: string;
}

const LOOK_EVERY_MS = 300;
/** Flags that choose what a plain run does; in layers the document says it. */
const PLAIN_ONLY = ['suite', 'filter', 'workers', 'bail', 'junit', 'ctrf', 'html', 'untrusted'] as const;

/** What the flags ask for beside a plain run; undefined: they ask for a plain run, which is as it always was. */
export async function layeredInstead(
  context: Context,
  dir: string,
  flags: RunFlags & LayerFlags,
): Promise<ExitCode | undefined> {
  const layered = flags.useLayers || Boolean(flags.layers?.length) || flags.mode !== undefined || flags.plan === true;
  const kind = whichRun({ ...flags, useLayers: layered });
  if (kind === 'orchestration_status') return status(context, { json: flags.json ?? false });
  if (kind === 'legacy_categories') {
    const given = (['env', 'maxMinutes', 'websocketThreadId'] as const).find((name) => flags[name] !== undefined);
    if (given === undefined) return undefined;
    throw new CommandEnd(`${flagOf(given)} belongs to a run in layers; add --use-layers.`, EXIT.usage);
  }
  const plain = PLAIN_ONLY.find((name) => flags[name] !== undefined && flags[name] !== false);
  if (plain)
    throw new CommandEnd(
      `${flagOf(plain)} and layers exclude each other: in layers the document says what runs.`,
      EXIT.usage,
    );
  const params = paramsOf(context, dir, flags);
  const plan = planLayers(params);
  if (flags.json && flags.plan) context.stdout.write(`${JSON.stringify(plan)}\n`);
  else (flags.json ? context.stderr : context.stdout).write(planText(plan));
  return flags.plan ? EXIT.green : follow(context, params, flags.json ?? false);
}

const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Throws CommandEnd with what is wrong; nothing has been started by then. */
function paramsOf(context: Context, dir: string, flags: RunFlags & LayerFlags): LayeredRunParams {
  const given = (flags.layers ?? []).flatMap((each) => each.split(',')).filter((each) => each !== '');
  const files = given.filter((each) => /\.(ya?ml|json)$/i.test(each));
  if (files.length > 1) throw new CommandEnd('--layers takes one file, and names of layers beside it.', EXIT.usage);
  const names = given.filter((each) => !files.includes(each));
  const document = files[0] === undefined ? undefined : readLayersFile(resolve(context.cwd, files[0]));
  const root = projectDir(dir, context.cwd);
  const parsed = LayeredRunParams.safeParse({
    source: flags.commit
      ? { kind: 'commit', repository: flags.repo ?? root, commit: flags.commit }
      : { kind: 'directory', dir: root },
    mode: flags.mode ?? document?.mode,
    ...(document === undefined ? {} : { document }),
    ...(names.length > 0 ? { layers: names } : {}),
    ...(flags.env === undefined ? {} : { environment: flags.env }),
    ...(flags.maxMinutes === undefined ? {} : { max_total_duration_minutes: flags.maxMinutes }),
    ...(flags.background === false ? { enable_background_execution: false } : {}),
    ...(flags.websocketThreadId === undefined ? {} : { thread: flags.websocketThreadId }),
    options: { ...(flags.base ? { base: flags.base } : {}), ...(flags.blame === false ? { blame: false } : {}) },
  });
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  const known = path[0] === 'mode' ? ` Modes are ${MODES.join(', ')}.` : '';
  throw new CommandEnd(`--${String(path[0] === 'environment' ? 'env' : path[0])}: ${message}.${known}`, EXIT.usage);
}

async function follow(context: Context, params: LayeredRunParams, json: boolean): Promise<ExitCode> {
  const interrupt = onInterrupt();
  const say = (line: string): void => void context.stderr.write(`${line}\n`);
  try {
    const stack = await useStack(context, { runners: 2, signal: interrupt.signal, say });
    try {
      const client = connectExecutions(
        stack.manifest?.api ?? context.settings.apiUrls.join(','),
        apiKey(context.settings),
      );
      let now = await client.start('layeredRun', params);
      say(`Execution ${now.id}`);
      // Behind the verdict things would end with a stack of this command's own.
      const untilAll = stack.own;
      const told = new Map<string, string>();
      let cancelled = false;
      while (now.endedAt === null) {
        for (const stage of now.stages) {
          const line = `${stage.status} ${stage.title}${stage.sentence ? `: ${oneLine(stage.sentence, 300)}` : ''}`;
          if (stage.status !== 'waiting' && stage.name !== 'plan' && told.get(stage.name) !== line) say(line);
          told.set(stage.name, line);
        }
        if (interrupt.signal.aborted && !cancelled) {
          cancelled = true;
          await client.cancel(now.id);
        }
        await sleep(LOOK_EVERY_MS);
        now = await client.get(now.id);
      }
      context.stdout.write(
        json
          ? `${JSON.stringify(now)}\n`
          : `${(now.outcome ?? now.status).toUpperCase()}  ${now.sentence ?? ''}\n${now.id}\n`,
      );
      const behind = now.result?.['background'];
      if (untilAll && typeof behind === 'string') {
        say(`The stack is this command's own, so it waits for the background, ${behind}.`);
        while ((await client.get(behind)).endedAt === null && !interrupt.signal.aborted) await sleep(LOOK_EVERY_MS);
      }
      return exitCodeOf(now);
    } finally {
      await stack.end();
    }
  } finally {
    interrupt.release();
  }
}

/** `baton layers list` */
export function listLayers(context: Context): ExitCode {
  context.stdout.write(
    table(
      Object.entries(STANDARD_DOCUMENT.layers).map(([id, layer]) => [
        id,
        `step ${layer.execution_order}`,
        `at most ${layer.max_duration_minutes} min`,
        layer.categories.map((each) => each.name).join(', '),
      ]),
    ),
  );
  return EXIT.green;
}
