/**
 * Runs set-up steps, and leaves out those whose outcome is there already. The outcome is named by a digest of the
 * step's input files, its commands and the versions of its tools. Where it lies in a folder of the checkout, the mark
 * also holds which folder that was: when a test has deleted or replaced it, the mark is void.
 * Set-up runs the project's code, so it goes through `exec`, which is the cage; nothing here writes into the checkout,
 * where a link could lead anywhere. A failed step leaves no mark.
 */
import { createHash } from 'node:crypto';
import { lstat, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { clip, plainText } from '../../domain/clip.js';
import { ProjectProblem } from '../../domain/failures.js';
import type { ExecOptions, ExecResult } from '../../domain/framework.js';
import type { TrustClass } from '../../domain/run.schema.js';
import { readProjectFile } from './project-file.js';
import type { SetupStep } from './setup-steps.js';

/** Runs a command of the project at `root` inside the cage. `dir` of the options is relative to it. */
export type WorkspaceExec = (
  root: string,
  command: string,
  args: readonly string[],
  options: ExecOptions,
  trust: TrustClass,
) => Promise<ExecResult>;

export interface SetupPlace {
  readonly root: string;
  /** Folders of marks whose outcome does not lie in a folder of its own: for all checkouts, and for this one alone. */
  readonly machineMarks: string;
  readonly slotMarks: string;
  readonly exec: WorkspaceExec;
  readonly trust: TrustClass;
  /** Said when set-up fails: why it may have. */
  readonly hint: string;
}

const VERSION_TIMEOUT_MS = 60_000;
const SETUP_TIMEOUT_MS = 20 * 60_000;
const TAIL_LINES = 25;
const TAIL_CHARS = 4000;

/** A step with the name of its outcome and where that is written down. */
export interface SetupState {
  readonly step: SetupStep;
  readonly digest: string;
  readonly mark: string;
  readonly done: boolean;
}

/** Which steps are done already, for what lies in the checkout now. Throws `ProjectProblem('ToolMissing')`. */
export async function setupStates(steps: readonly SetupStep[], place: SetupPlace): Promise<SetupState[]> {
  return Promise.all(
    steps.map(async (step) => {
      const digest = await digestOf(step, place);
      const mark = markFile(step, place, digest);
      const written = await readFile(mark, 'utf8').catch(() => '');
      return { step, digest, mark, done: written === (await markText(step, place, digest)) };
    }),
  );
}

/** Runs what is not done, one after another. Throws `ProjectProblem('SetupFailed')`. */
export async function setUp(states: readonly SetupState[], place: SetupPlace): Promise<'none' | 'cached' | 'ran'> {
  for (const { step, digest, mark, done } of states) {
    if (done) continue;
    await rm(mark, { force: true });
    for (const command of step.commands) await run(step, command, place);
    await mkdir(dirname(mark), { recursive: true });
    await writeFile(mark, await markText(step, place, digest));
  }
  if (states.length === 0) return 'none';
  return states.every((state) => state.done) ? 'cached' : 'ran';
}

function markFile(step: SetupStep, place: SetupPlace, digest: string): string {
  if (step.outcome === 'machine') return join(place.machineMarks, digest);
  const name = createHash('sha256')
    .update(JSON.stringify([step.dir, step.outcome]))
    .digest('hex')
    .slice(0, 16);
  return join(place.slotMarks, name);
}

async function markText({ outcome, dir }: SetupStep, place: SetupPlace, digest: string): Promise<string> {
  if (typeof outcome === 'string') return digest;
  const facts = await lstat(join(place.root, dir, outcome.folder)).catch(() => undefined);
  return `${digest} ${facts?.isDirectory() ? `${facts.ino} ${facts.birthtimeMs}` : 'no folder'}`;
}

async function digestOf(step: SetupStep, place: SetupPlace): Promise<string> {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([step.dir, step.commands, step.env, process.platform, process.arch]));
  const versions = await Promise.all(step.versions.map((command) => version(step, command, place)));
  hash.update(JSON.stringify(versions));
  for (const input of step.inputs) {
    const path = posix.join(step.dir, input);
    const content = await readProjectFile(join(place.root, path));
    hash.update(`\n${path} ${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

async function version(step: SetupStep, command: readonly string[], place: SetupPlace): Promise<string> {
  const result = await call(step, command, place, VERSION_TIMEOUT_MS).catch((error: unknown): ExecResult => {
    // Said again below, together with the file that asks for the tool.
    if (error instanceof ProjectProblem && error.problem === 'ToolMissing')
      return { code: null, stdout: '', stderr: error.message };
    throw error;
  });
  if (result.code === 0) return result.stdout.trim();
  throw new ProjectProblem(
    'ToolMissing',
    `This project is prepared by \`${step.name}\` (${step.inputs.join(', ')}), but \`${command.join(' ')}\` does not work here: ${tail(result) || 'no output'}\n` +
      `Install ${command[0]} on the runner, or name another command by \`setup\` in baton.config.yaml.`,
  );
}

async function run(step: SetupStep, command: readonly string[], place: SetupPlace): Promise<void> {
  const result = await call(step, command, place, SETUP_TIMEOUT_MS);
  if (result.code === 0) return;
  const how = result.code === null ? 'was ended before it was done' : `ended with exit code ${result.code}`;
  throw new ProjectProblem(
    'SetupFailed',
    `Set-up of the checkout failed: \`${command.join(' ').slice(0, 300)}\` ${how}${step.dir === '.' ? '' : ` in ${step.dir}`}.${place.hint}\n${tail(result)}`,
  );
}

async function call(
  step: SetupStep,
  command: readonly string[],
  place: SetupPlace,
  timeoutMs: number,
): Promise<ExecResult> {
  const [program = '', ...args] = command;
  return place.exec(place.root, program, args, { dir: step.dir, env: step.env, timeoutMs }, place.trust);
}

/** The last lines of what a command said, where tools put the reason. */
function tail({ stdout, stderr }: ExecResult): string {
  const text = plainText(`${stdout}\n${stderr}`).trim();
  return clip(text.split('\n').slice(-TAIL_LINES).join('\n'), TAIL_CHARS);
}
