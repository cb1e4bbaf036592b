/** What an attack is: a project, or a liar beside one, that would like to be green without evidence. */
import { readFileSync } from 'node:fs';
import type { RunAnswer } from '../../../domain/api.schema.js';
import type { Verdict } from '../../../domain/outcome.schema.js';
import type { RunOptions } from '../../../domain/run.schema.js';
import { project } from '../../e2e/support/projects.js';
import type { TestStack } from '../../e2e/support/stack.js';

export type Files = Readonly<Record<string, string>>;

export interface Outcome {
  readonly verdict: Verdict | null;
  /** What the user reads. */
  readonly sentence: string;
}

export interface Attack {
  /** What is tried, in one line of the table. */
  readonly title: string;
  /** `passed` is in no list. */
  readonly ends: readonly Exclude<Verdict, 'passed'>[];
  readonly because: RegExp;
  run(baton: TestStack): Promise<Outcome>;
}

export const outcomeOf = (run: RunAnswer): Outcome => ({
  verdict: run.verdict,
  sentence: [run.problem?.message, run.sentence].filter(Boolean).join(' '),
});

/** A project that is attack enough by itself. */
export const inProject =
  (files: Files, options: Partial<RunOptions> = {}): Attack['run'] =>
  async (baton) =>
    outcomeOf(await baton.run(await project(files), options));

/** A suite of one program that leaves a report. */
export const commandConfig = (report: string): string =>
  `suites:\n  - name: made\n    framework: command\n    command: [node, run.mjs]\n    report: ${report}\n    retries: 0\n`;
export const JUNIT = commandConfig('{ format: junit, path: out.xml }');
export const TAP = commandConfig('{ format: tap }');

/** Two node:test suites in folders of their own. */
export const suite = (name: string, dir = name): string =>
  `  - name: ${name}\n    framework: node-test\n    dir: ${dir}\n    include: ["*.test.js"]\n    retries: 0\n`;

export const PASSING = "import test from 'node:test';\ntest('fine', () => {});\n";
export const NO_RETRIES = 'retries: 0\n';

/** What a program on the runner's machine can find out: the installation's token. */
export function runnerToken(baton: TestStack): string {
  const environment = readFileSync(`/proc/${baton.pid('runner-1')}/environ`, 'utf8').split('\0');
  const token = environment.find((each) => each.startsWith('BATON_RUNNER_TOKEN='))?.split('=')[1];
  if (!token) throw new Error('the runner has no token in its environment');
  return token;
}

/** A raw call with a runner's token. */
export async function asRunner(
  baton: TestStack,
  path: string,
  body: unknown,
): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${baton.stack.manifest.api}/api/ingest/${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${runnerToken(baton)}` },
    body: JSON.stringify(body),
  });
  return { status: answer.status, text: await answer.text() };
}

export async function until<T>(what: string, look: () => Promise<T | undefined>, withinMs = 120_000): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
