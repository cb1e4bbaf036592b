/**
 * Finds the suites of one JavaScript framework. What `npm test` calls is the strongest sign, then a configuration file
 * of the framework's own, then a dependency when nothing else in the package claims its tests.
 */
import type { ProjectAccess, SuiteDraft } from '../../domain/framework.js';
import type { FrameworkName } from '../../domain/config.schema.js';
import { dependsOn, type JsPackage, jsPackages } from './js-shared.js';
import { scriptCalls, type ScriptCalls, type ToolCall, type Word } from './js-scripts.js';

/** What a script's call means for a suite. */
export interface CallConfig {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly command?: readonly string[] | undefined;
}

export interface JsFramework {
  readonly name: FrameworkName;
  /** Names of calls (`ToolCall.tool`) that are this framework. */
  readonly tools: readonly string[];
  readonly dependencies: readonly string[];
  /** What the suite takes over from a call; undefined when the call does not run tests. */
  fromCall(call: ToolCall, words: readonly string[]): CallConfig | undefined;
  /** A configuration file of the package, or another sign as strong; undefined when there is none. */
  ownSign(pkg: JsPackage, project: ProjectAccess): Promise<string | undefined>;
}

/** A package that uses one of these for `npm test` is not claimed by a mere dependency on another. */
const UNIT_TOOLS = new Set(['vitest', 'jest', 'mocha', 'ts-mocha', 'node-test', 'ava', 'tap']);
const UNIT_DEPENDENCIES = ['vitest', 'jest', 'mocha'];

export async function detectSuites(framework: JsFramework, project: ProjectAccess): Promise<SuiteDraft[]> {
  const packages = await jsPackages(project);
  const [first, ...others] = packages;
  if (!first) return [];
  const drafts = await draftsOf(framework, first, undefined, project);
  const root = first.dir === '.' ? first : undefined;
  const delegates = root ? scriptCalls(root.json.scripts ?? {}).delegates : false;
  if (root && drafts.length > 0 && !delegates) return drafts;
  for (const pkg of others) drafts.push(...(await draftsOf(framework, pkg, root, project)));
  return drafts;
}

async function draftsOf(
  framework: JsFramework,
  pkg: JsPackage,
  root: JsPackage | undefined,
  project: ProjectAccess,
): Promise<SuiteDraft[]> {
  const found = scriptCalls(pkg.json.scripts ?? {});
  const called = await draftsFromCalls(framework, pkg, found, project);
  if (called.length > 0) return called;
  const sign = await framework.ownSign(pkg, project);
  const depends = framework.dependencies.some((name) => dependsOn(pkg.json, name) || dependsOn(root?.json, name));
  const where = pkg.dir === '.' ? 'package.json' : `${pkg.dir}/package.json`;
  if (sign && (depends || framework.dependencies.length === 0))
    return [draft(framework.name, pkg.dir, 1, { args: [] }, sign)];
  const claimed = found.delegates || found.calls.some((call) => UNIT_TOOLS.has(call.tool));
  const own = framework.dependencies.find((name) => dependsOn(pkg.json, name));
  if (claimed || !own || UNIT_DEPENDENCIES.some((name) => name !== framework.name && dependsOn(pkg.json, name)))
    return [];
  return [draft(framework.name, pkg.dir, 1, { args: [] }, `${where} depends on ${own}`)];
}

async function draftsFromCalls(
  framework: JsFramework,
  pkg: JsPackage,
  found: ScriptCalls,
  project: ProjectAccess,
): Promise<SuiteDraft[]> {
  const drafts: SuiteDraft[] = [];
  const seen = new Set<string>();
  for (const call of found.calls.filter(({ tool }) => framework.tools.includes(tool))) {
    const config = framework.fromCall(call, await asShellWould(call.args, pkg.dir, project));
    const key = JSON.stringify(config);
    if (!config || seen.has(key)) continue;
    seen.add(key);
    const where = pkg.dir === '.' ? 'package.json' : `${pkg.dir}/package.json`;
    drafts.push(
      draft(framework.name, pkg.dir, drafts.length + 1, config, `script "${call.script}" of ${where} runs it`),
    );
  }
  return drafts;
}

function draft(framework: FrameworkName, dir: string, index: number, config: CallConfig, because: string): SuiteDraft {
  const { args, env = {}, command } = config;
  return {
    config: {
      name: suiteName(framework, dir, index),
      framework,
      dir,
      args: [...args],
      ...(command ? { command: [...command] } : {}),
      ...(Object.keys(env).length > 0 ? { env: { set: { ...env }, pass: [] } } : {}),
    },
    because,
  };
}

function suiteName(framework: string, dir: string, index: number): string {
  const number = index > 1 ? `-${index}` : '';
  const where = dir === '.' ? '' : `${dir.replace(/[^\w.@/-]/g, '-').replace(/^[^A-Za-z0-9]+/, '')}/`;
  return `${where}${framework}${number}`.slice(-100).replace(/^[^A-Za-z0-9]+/, '');
}

/**
 * A shell without `globstar`, such as npm's, reads an unquoted `**` as `*`, and leaves the pattern alone when nothing
 * matches; then the tool sees it and reads it as it is meant.
 */
async function asShellWould(words: readonly Word[], dir: string, project: ProjectAccess): Promise<string[]> {
  const texts: string[] = [];
  for (const { text, bare } of words) {
    const shallow = text.replaceAll('**', '*');
    const changes =
      bare &&
      shallow !== text &&
      !text.startsWith('-') &&
      (await project.glob(dir, [shallow.replace(/^\.\//, '')])).length > 0;
    texts.push(changes ? shallow : text);
  }
  return texts;
}

/** The first of these files that a package has. */
export async function firstFile(
  pkg: JsPackage,
  project: ProjectAccess,
  names: readonly string[],
): Promise<string | undefined> {
  for (const name of names) {
    const path = pkg.dir === '.' ? name : `${pkg.dir}/${name}`;
    if (await project.exists(path)) return path;
  }
  return undefined;
}

export const withExtensions = (stem: string, extensions: readonly string[]): string[] =>
  extensions.map((ext) => `${stem}.${ext}`);
