/** `baton hooks`: git hooks of the clone in the current directory. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { connectClient, connectTriggers } from '../../config/client.js';
import { MERGE_BLOCKED_FILE, parseBlocks } from '../../domain/merge-blocked.js';
import type { Context } from '../context.js';
import { CommandEnd, EXIT, type ExitCode } from '../exit-codes.js';
import { addressOf, knownAddress } from '../stack-address.js';
import { table } from '../terminal.js';
import { BEFORE, HOOKS, type HookName, hookScript, MARK } from './hook-scripts.js';

const run = promisify(execFile);
const GIT_MS = 10_000;
/** A push does not wait longer than this for an answer. */
const ASK_MS = 4_000;

export async function hooksInstall(context: Context): Promise<ExitCode> {
  const clone = await cloneOf(context);
  await mkdir(clone.hooks, { recursive: true });
  const { home } = context.settings;
  const program = { node: process.execPath, script: join(context.root, 'scripts', 'baton.mjs'), home };
  for (const name of HOOKS) {
    const file = join(clone.hooks, name);
    const there = await read(file);
    if (there !== undefined && !there.includes(MARK)) await rename(file, `${file}${BEFORE}`);
    await writeFile(`${file}.new`, hookScript(name, program));
    await chmod(`${file}.new`, 0o755);
    await rename(`${file}.new`, file);
  }
  const known = onThisMachine(knownAddress(context));
  if (known) await connectTriggers(...known).addClone({ dir: clone.dir, repository: clone.origin });
  context.stdout.write(
    `${HOOKS.join(' and ')} are installed in ${clone.hooks}.${known ? '' : ' No Baton is up on this machine: install again once it is, so that the merge gate is mirrored here.'}\n`,
  );
  return EXIT.green;
}

/** A server elsewhere cannot write into this clone. */
function onThisMachine(known: [string, string | undefined] | undefined): [string, string | undefined] | undefined {
  if (!known) return undefined;
  const { hostname } = new URL(known[0].split(',')[0] ?? '');
  return ['127.0.0.1', 'localhost', '[::1]'].includes(hostname) ? known : undefined;
}

export async function hooksUninstall(context: Context): Promise<ExitCode> {
  const clone = await cloneOf(context);
  for (const name of HOOKS) {
    const file = join(clone.hooks, name);
    if (!(await isOurs(file))) continue;
    await rm(file);
    if ((await read(`${file}${BEFORE}`)) !== undefined) await rename(`${file}${BEFORE}`, file);
  }
  context.stdout.write(`The hooks of Baton are taken out of ${clone.hooks}.\n`);
  return EXIT.green;
}

export async function hooksStatus(context: Context): Promise<ExitCode> {
  const clone = await cloneOf(context);
  const rows = await Promise.all(HOOKS.map(async (name) => [name, await stateOf(join(clone.hooks, name))]));
  const blocks = parseBlocks((await read(join(clone.gitDir, MERGE_BLOCKED_FILE))) ?? '');
  context.stdout.write(
    table([
      ...rows,
      ...blocks.map((each) => [
        `blocked ${each.branch}`,
        `${each.commit.slice(0, 12)} ${each.reason} (${each.execution})`,
      ]),
    ]),
  );
  return EXIT.green;
}

async function stateOf(file: string): Promise<string> {
  if (await isOurs(file))
    return (await read(`${file}${BEFORE}`)) === undefined ? 'installed' : 'installed, after the one before';
  return (await read(file)) === undefined ? 'not installed' : 'a hook of somebody else';
}

/** Asks for a test of what is about to be committed. Runs in the background: who reads its output finds it in the log of the API. */
export async function hooksQueue(context: Context, commit: string): Promise<ExitCode> {
  const clone = await cloneOf(context);
  const { id } = await connectClient(...addressOf(context)).startRun(
    { source: { kind: 'commit', repository: clone.dir, commit }, priority: 'high' },
    `pre-commit-${commit}`,
  );
  context.stdout.write(`${id}\n`);
  return EXIT.green;
}

/** Refuses what is known to be red. What was not tested yet goes through: the gate of the host waits for its verdict. */
export async function hooksPrePush(context: Context): Promise<ExitCode> {
  const known = knownAddress(context);
  const lines = (await readText(process.stdin)).split('\n').map((line) => line.trim().split(/\s+/));
  for (const [, commit = '', ref = ''] of lines) {
    if (!/^[0-9a-f]{40,64}$/.test(commit) || /^0+$/.test(commit)) continue;
    const verdict = known && (await verdictOf(known, commit));
    const branch = ref.replace(/^refs\/heads\//, '');
    if (verdict === 'failed' || verdict === 'blocked')
      throw new CommandEnd(
        `Baton: ${commit.slice(0, 12)} of ${branch} is red (${verdict}). Fix it, or push with --no-verify.`,
        EXIT.red,
      );
    context.stderr.write(
      `Baton: ${commit.slice(0, 12)} of ${branch} ${verdict ? `is ${verdict}` : 'has no verdict yet'}.\n`,
    );
  }
  return EXIT.green;
}

async function verdictOf([url, key]: [string, string | undefined], commit: string): Promise<string | null> {
  const asked = new URL(`/api/runs?commit=${commit}&status=finished&limit=1`, url.split(',')[0]);
  try {
    const answer = await fetch(asked, {
      headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
      signal: AbortSignal.timeout(ASK_MS),
    });
    const page = (await answer.json()) as { items?: { verdict?: string | null }[] };
    return page.items?.[0]?.verdict ?? null;
  } catch {
    // A push does not depend on Baton being up; the mirrored gate was asked already.
    return null;
  }
}

interface CloneFacts {
  readonly dir: string;
  readonly gitDir: string;
  readonly hooks: string;
  readonly origin: string | null;
}

async function cloneOf({ cwd }: Context): Promise<CloneFacts> {
  const git = async (...args: string[]): Promise<string> =>
    (await run('git', args, { cwd, timeout: GIT_MS })).stdout.trim();
  try {
    const dir = await git('rev-parse', '--show-toplevel');
    return {
      dir,
      gitDir: resolve(cwd, await git('rev-parse', '--git-dir')),
      hooks: resolve(cwd, await git('rev-parse', '--git-path', 'hooks')),
      origin: await git('config', '--get', 'remote.origin.url').catch(() => null),
    };
  } catch {
    throw new CommandEnd(`${cwd} is no git repository: go to the clone that the hooks are for.`, EXIT.usage);
  }
}

const isOurs = async (file: string): Promise<boolean> => (await read(file))?.includes(MARK) ?? false;

async function read(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export type { HookName };
