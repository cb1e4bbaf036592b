import { fork } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { compiled } from '../../config/package.js';
import { Manifest, runningStack } from '../../workers/stack/manifest.js';
import { StackProblem } from '../../workers/stack/problem.js';
import { DEFAULT_PORTS, type Stack, startStack } from '../../workers/stack/stack.js';
import type { Context } from '../context.js';
import { CommandEnd, EXIT, type ExitCode } from '../exit-codes.js';
import { type Interrupt, onInterrupt } from '../interrupt.js';
import { findTemporal } from '../stack-use.js';
import { duration, table } from '../terminal.js';

export interface StackFlags {
  readonly port?: number;
  readonly temporalPort?: number;
  readonly uiPort?: number;
  readonly host?: string;
  readonly runners?: { readonly min: number; readonly max: number };
}

export interface UpFlags extends StackFlags {
  readonly json?: boolean;
  readonly detach?: boolean;
}

/** `baton up`: stays in the foreground until Ctrl-C, or leaves a supervisor behind with `--detach`. */
export async function up(context: Context, flags: UpFlags): Promise<ExitCode> {
  const running = runningStack(context.settings.home);
  if (running) {
    announce(context, running, flags, `Baton is up already (pid ${running.supervisor.pid}).`);
    return EXIT.green;
  }
  if (flags.detach) {
    announce(context, await detached(context, flags), flags, 'Baton is up; `baton down` ends it.');
    return EXIT.green;
  }
  const interrupt = onInterrupt();
  const stack = await bringUp(context, flags, interrupt);
  announce(context, stack.manifest, flags, `Baton is up (${duration(stack.manifest.readyMs)}). Ctrl-C ends it.`);
  if (stack.own) await stayUp(context, stack, interrupt);
  return EXIT.green;
}

/** The stack with the usual ports, in this process. */
export async function bringUp(context: Context, flags: StackFlags, interrupt: Interrupt): Promise<Stack> {
  const { settings } = context;
  const say = (line: string): void => void context.stderr.write(`${line}\n`);
  try {
    return await startStack({
      ...plainOptions(context, flags),
      env: settings.environment,
      temporal: () => findTemporal(context, say),
      say,
      signal: interrupt.signal,
    });
  } catch (error) {
    throw interrupt.signal.aborted ? new CommandEnd('Stopped.', EXIT.cancelled) : error;
  }
}

export async function stayUp(context: Context, stack: Stack, interrupt: Interrupt): Promise<void> {
  await interrupt.asked;
  context.stderr.write('Stopping …\n');
  await stack.stop();
}

function plainOptions(context: Context, flags: StackFlags) {
  return {
    home: context.settings.home,
    host: flags.host ?? context.settings.host,
    ports: {
      api: flags.port ?? context.settings.port,
      temporal: flags.temporalPort ?? DEFAULT_PORTS.temporal,
      ui: flags.uiPort ?? DEFAULT_PORTS.ui,
    },
    runners: flags.runners ?? { min: context.settings.pool.min, max: context.settings.pool.max },
    scaling: { coolDownMs: context.settings.pool.coolDownMs, idleMs: context.settings.pool.idleMs },
  };
}

/** A supervisor of its own session; this process only waits until it is ready. */
async function detached(context: Context, flags: StackFlags): Promise<Manifest> {
  // Here, where progress can be seen; the supervisor then finds it in the cache.
  await findTemporal(context, (line) => void context.stderr.write(`${line}\n`));
  const logs = join(context.settings.home, 'logs');
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  const log = openSync(join(logs, 'supervisor.log'), 'w', 0o600);
  const entry = compiled('workers/supervisor.js');
  const child = fork(entry, [JSON.stringify(plainOptions(context, flags))], {
    detached: true,
    env: { ...context.settings.environment },
    stdio: ['ignore', log, log, 'ipc'],
  });
  try {
    return await new Promise<Manifest>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) =>
        reject(
          new StackProblem(
            `The supervisor ended with ${signal ?? `exit code ${code}`}; see ${logs}/supervisor.log.`,
            false,
          ),
        ),
      );
      child.on('message', (message: { manifest?: unknown; error?: { message: string; usage: boolean } }) => {
        if (message.error) reject(new StackProblem(message.error.message, message.error.usage));
        else if (message.manifest) resolve(Manifest.parse(message.manifest));
      });
    });
  } finally {
    if (child.connected) child.disconnect();
    child.unref();
  }
}

function announce(context: Context, manifest: Manifest, flags: UpFlags, headline: string): void {
  if (flags.json) {
    context.stdout.write(`${JSON.stringify(manifest)}\n`);
    return;
  }
  context.stdout.write(`${headline}\n${places(manifest)}`);
}

export function places(manifest: Manifest): string {
  return table([
    ['API', manifest.api],
    ['API docs', manifest.docs],
    ...(manifest.webUi ? [['Web UI', manifest.webUi]] : []),
    ['Temporal', `${manifest.temporal.address}, namespace ${manifest.temporal.namespace}`],
    ['Data', manifest.data.home],
  ]);
}
