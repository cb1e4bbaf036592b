/**
 * Programs of definitions, on a runner and inside its cage: `shell.run` starts a program that the installation allows, a
 * role of the project starts the project's own file. There is never a shell: arguments arrive as they are.
 *
 * A role's file is started with the name of the action as its argument. What it gets is JSON in the file that
 * `BATON_INPUT` names; what it gives back is a JSON object that it writes to the file of `BATON_OUTPUT`.
 */
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { CommandActivities, CommandCall, StepResult } from '../../domain/definitions/execution.js';
import { MAX_OUTPUT_BYTES } from '../../domain/definitions/execution.js';
import { isObject, type JsonObject } from '../../domain/definitions/json.js';
import { ProjectProblem } from '../../domain/failures.js';
import type { ProjectAccess } from '../../domain/framework.js';
import type { Workspaces } from '../../domain/runner-ports.js';
import type { TrustClass } from '../../domain/run.schema.js';
import { withHeartbeat } from '../heartbeat.js';
import { notForEver } from '../to-failure.js';
import { StepProblem } from './step-problem.js';

export interface CommandDeps {
  readonly workspaces: Workspaces;
  readonly project: (root: string, trust?: TrustClass, signal?: AbortSignal) => ProjectAccess;
  /** Programs that `shell.run` may start. */
  readonly allowed: ReadonlySet<string>;
  /** A new empty directory that the project's code may write. */
  readonly scratch: () => Promise<string>;
}

/** What is kept of each stream. */
const KEPT = 8 * 1024;
/** How a file is started, by its ending; any other must be executable. */
const STARTERS: Readonly<Record<string, string>> = {
  '.mjs': 'node',
  '.cjs': 'node',
  '.js': 'node',
  '.py': 'python3',
  '.sh': 'sh',
  '.rb': 'ruby',
};

export function createCommandActivities(deps: CommandDeps): CommandActivities {
  return { runCommand: (call) => notForEver(() => withHeartbeat((signal) => run(deps, call, signal))) };
}

async function run(deps: CommandDeps, call: CommandCall, signal: AbortSignal): Promise<StepResult> {
  try {
    return { ok: true, outputs: await started(deps, call, signal) };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof StepProblem) return { ok: false, failure: error.failure };
    if (error instanceof ProjectProblem)
      return { ok: false, failure: { type: error.problem, message: error.message.slice(0, 1_500), red: false } };
    throw error;
  }
}

async function started(deps: CommandDeps, call: CommandCall, signal: AbortSignal): Promise<JsonObject> {
  const { source, trust } = call;
  if (!source)
    throw new StepProblem(
      'BadInput',
      'There is no project to run it in: name it as `source` of the execution (`--source DIR`) or of the definition.',
    );
  if (call.custom === undefined) programOf(deps, call);
  const workspace = await deps.workspaces.ensure(source, call.execution, trust, signal);
  const project = deps.project(workspace.root, trust, signal);
  return call.custom === undefined ? shell(deps, project, call, signal) : custom(deps, project, call, signal);
}

function programOf({ allowed }: CommandDeps, call: CommandCall): string[] {
  const given = call.with['command'];
  const command = Array.isArray(given) ? given.map(String) : [];
  const [program = ''] = command;
  if (allowed.has(program)) return command;
  const known = allowed.size === 0 ? 'none is' : `allowed are ${[...allowed].join(', ')}`;
  throw new StepProblem(
    'NotAllowed',
    `Definitions may not run ${JSON.stringify(program)}: ${known}. Add it to \`BATON_SHELL_PROGRAMS\` of the runners.`,
  );
}

async function shell(
  deps: CommandDeps,
  project: ProjectAccess,
  call: CommandCall,
  signal: AbortSignal,
): Promise<JsonObject> {
  const [program = '', ...args] = programOf(deps, call);
  const dir = typeof call.with['dir'] === 'string' ? call.with['dir'] : '.';
  if (dir.startsWith('/') || dir.split(/[/\\]/).includes('..'))
    throw new StepProblem('BadInput', `${dir} leads out of the project.`);
  const ended = await project.exec(program, args, { dir, env: variables(call), timeoutMs: call.timeoutMs, signal });
  const right = Array.isArray(call.with['allow_exit_codes']) ? call.with['allow_exit_codes'] : [0];
  const outputs = {
    exit_code: ended.code ?? -1,
    stdout: ended.stdout.slice(-KEPT),
    stderr: ended.stderr.slice(-KEPT),
    artifact: '',
  };
  if (ended.code !== null && right.includes(ended.code)) return outputs;
  throw new StepProblem(
    'CommandFailed',
    `${program} ended with ${ended.code ?? 'no exit code'}. ${lastLine(ended.stderr) || lastLine(ended.stdout)}`.trim(),
    { red: true, outputs },
  );
}

async function custom(
  deps: CommandDeps,
  project: ProjectAccess,
  call: CommandCall,
  signal: AbortSignal,
): Promise<JsonObject> {
  const file = call.custom?.file ?? '';
  if (file.startsWith('/') || file.split(/[/\\]/).includes('..'))
    throw new StepProblem('BadInput', `The file ${file} of the role ${call.role} leads out of the project.`);
  if (!(await project.exists(file)))
    throw new StepProblem('ToolMissing', `The project has no ${file}, which the role ${call.role} names.`);
  const dir = await deps.scratch();
  try {
    await mkdir(dir, { recursive: true });
    const [input, output] = [join(dir, 'input.json'), join(dir, 'output.json')];
    const { execution, step, item, workflow, environment, action } = call;
    await writeFile(
      input,
      JSON.stringify({ action, parameters: call.with, execution, step, item, workflow, environment }),
    );
    const starter = STARTERS[extname(file)];
    const [program, args] = starter ? [starter, [file, action]] : [`./${file}`, [action]];
    const ended = await project.exec(program, args, {
      dir: '.',
      env: { ...variables(call), BATON_INPUT: input, BATON_OUTPUT: output },
      timeoutMs: call.timeoutMs,
      signal,
    });
    if (ended.code !== 0)
      throw new StepProblem(
        'CommandFailed',
        `${file} ended with ${ended.code ?? 'no exit code'}. ${lastLine(ended.stderr) || lastLine(ended.stdout)}`.trim(),
        { red: true },
      );
    return await outputOf(output, file);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function outputOf(path: string, file: string): Promise<JsonObject> {
  const size = await stat(path).then(
    (found) => found.size,
    // It has nothing to give back.
    () => 0,
  );
  if (size === 0) return {};
  if (size > MAX_OUTPUT_BYTES)
    throw new StepProblem(
      'TooLarge',
      `${file} gave back ${size} bytes; at most ${MAX_OUTPUT_BYTES / 1024} KiB travel: store it and give back where it is.`,
    );
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new StepProblem(
      'BadOutput',
      `What ${file} wrote to BATON_OUTPUT is no JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (!isObject(value)) throw new StepProblem('BadOutput', `What ${file} wrote to BATON_OUTPUT is no JSON object.`);
  return value;
}

function variables(call: CommandCall): Record<string, string> {
  const env: Record<string, string> = { BATON_ENVIRONMENT: call.environment };
  for (const [name, value] of Object.entries(
    isObject(call.with['env']) && call.custom === undefined ? call.with['env'] : {},
  )) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      throw new StepProblem('BadInput', `${JSON.stringify(name)} is no name of a variable.`);
    env[name] = typeof value === 'string' ? value : JSON.stringify(value);
  }
  return env;
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.slice(0, 500) ?? '';
