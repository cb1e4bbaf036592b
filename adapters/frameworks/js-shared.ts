/** What the adapters of JavaScript frameworks share: packages of a workspace, installed tools, one batch on disk. */
import { existsSync, readFileSync } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { parse } from 'yaml';
import { ProjectProblem } from '../../domain/failures.js';
import type { CommandRequest, DiscoveredFile, ExecResult, ProjectAccess } from '../../domain/framework.js';
import type { Suite } from '../../domain/plan.schema.js';

export interface PackageJson {
  readonly name?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly workspaces?: readonly string[] | { readonly packages?: readonly string[] };
  readonly [key: string]: unknown;
}

export interface JsPackage {
  /** Relative to the project; `.` for the root. */
  readonly dir: string;
  readonly json: PackageJson;
}

const MAX_PACKAGES = 500;
const STAT_AT_A_TIME = 64;
/** A short look at the project, such as listing its tests, in milliseconds. Slow configurations compile first. */
export const LOOK_TIMEOUT_MS = 120_000;

/** The root package first, then those of its workspaces; without a root package, those one level down. */
export async function jsPackages(project: ProjectAccess): Promise<JsPackage[]> {
  const root = await readPackage(project, '.');
  const patterns = root ? await workspacePatterns(project, root) : ['*'];
  const include = patterns.filter((p) => !p.startsWith('!')).map(packageFile);
  const exclude = patterns.filter((p) => p.startsWith('!')).map((p) => packageFile(p.slice(1)));
  const found = include.length > 0 ? await project.glob('.', include, exclude) : [];
  const packages: JsPackage[] = root ? [{ dir: '.', json: root }] : [];
  for (const { path } of found.toSorted((a, b) => (a.path < b.path ? -1 : 1)).slice(0, MAX_PACKAGES)) {
    const dir = dirname(path);
    const json = dir === '.' ? undefined : await readPackage(project, dir);
    if (json) packages.push({ dir, json });
  }
  return packages;
}

const packageFile = (pattern: string): string => `${pattern.replace(/^\.\//, '').replace(/\/+$/, '')}/package.json`;

async function workspacePatterns(project: ProjectAccess, root: PackageJson): Promise<string[]> {
  const field = root.workspaces;
  const npm = Array.isArray(field) ? field : ((field as { packages?: readonly string[] } | undefined)?.packages ?? []);
  const pnpm = await readPnpmWorkspace(project);
  return [...npm, ...pnpm].filter((pattern) => typeof pattern === 'string');
}

async function readPnpmWorkspace(project: ProjectAccess): Promise<string[]> {
  const text = await project.readText('pnpm-workspace.yaml');
  if (text === undefined) return [];
  try {
    const packages = (parse(text) as { packages?: unknown } | null)?.packages;
    return Array.isArray(packages) ? packages.map(String) : [];
  } catch (error) {
    throw new ProjectProblem('ConfigInvalid', `pnpm-workspace.yaml cannot be read: ${(error as Error).message}`);
  }
}

async function readPackage(project: ProjectAccess, dir: string): Promise<PackageJson | undefined> {
  const path = dir === '.' ? 'package.json' : `${dir}/package.json`;
  const text = await project.readText(path);
  if (text === undefined) return undefined;
  try {
    const json: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return typeof json === 'object' && json !== null ? (json as PackageJson) : undefined;
  } catch (error) {
    throw new ProjectProblem('ConfigInvalid', `${path} is not valid JSON: ${(error as Error).message}`);
  }
}

export function dependsOn(json: PackageJson | undefined, name: string): boolean {
  const fields = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'];
  return fields.some((field) => {
    const wanted = json?.[field];
    return typeof wanted === 'object' && wanted !== null && name in wanted;
  });
}

export interface Tool {
  /** Absolute directory of the installed package. */
  readonly dir: string;
  /** Absolute path of the script that starts it. */
  readonly bin: string;
  readonly version: string;
}

/** The version of `name` that the project itself would run: the nearest `node_modules` upwards. */
export function locateTool(from: string, name: string): Tool | undefined {
  for (let dir = from; ; dir = dirname(dir)) {
    const tool = readTool(join(dir, 'node_modules', name), name);
    if (tool) return tool;
    if (dir === dirname(dir)) return undefined;
  }
}

function readTool(dir: string, name: string): Tool | undefined {
  let text: string;
  try {
    text = readFileSync(join(dir, 'package.json'), 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
  const json = JSON.parse(text) as { version?: string; bin?: string | Record<string, string> };
  const bin = typeof json.bin === 'string' ? json.bin : json.bin?.[name];
  return bin ? { dir, bin: join(dir, bin), version: json.version ?? '0' } : undefined;
}

export function requireTool(root: string, suite: Suite, name: string): Tool {
  const tool = locateTool(resolve(root, suite.dir), name);
  if (tool) return tool;
  throw new ProjectProblem(
    'ToolMissing',
    `${name} is not installed for suite ${suite.name}: no node_modules/${name} in ${suite.dir} or above it. Install the project's packages (npm ci, pnpm install, yarn) or take the suite out.`,
  );
}

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * `suite.command` replaces how the tool is started; otherwise its own script runs under the project's `node`. A path
 * below `node_modules` that is not there stands for the tool, which a workspace may have installed further up.
 */
export function launchOf(suite: Suite, tool: Tool, root: string): Launch {
  const [command, ...args] = suite.command ?? ['node', tool.bin];
  const hoisted = (arg: string): boolean =>
    arg.startsWith('node_modules/') && !existsSync(resolve(root, suite.dir, arg));
  return { command: command!, args: args.map((arg) => (hoisted(arg) ? tool.bin : arg)) };
}

/** Writes what the reporters need to know and returns the variables that lead them to it. */
export async function batchEnv(request: CommandRequest): Promise<Record<string, string>> {
  const path = join(request.scratchDir, 'baton-batch.json');
  await writeFile(path, JSON.stringify({ dir: suiteDir(request), files: request.files }));
  return { BATON_EVENTS: request.eventsFile, BATON_BATCH: path, BATON_BAIL: request.bail ? '1' : '0', NO_COLOR: '1' };
}

export const suiteDir = ({ root, suite }: Pick<CommandRequest, 'root' | 'suite'>): string => resolve(root, suite.dir);

/** Files as the suite names them, with sizes, less what the configuration of the suite leaves out. Sorted, each once. */
export async function discoveredFiles(
  suite: Suite,
  project: ProjectAccess,
  paths: readonly string[],
): Promise<DiscoveredFile[]> {
  const dir = resolve(project.root, suite.dir);
  const names = [
    ...new Set(paths.map((path) => relative(dir, isAbsolute(path) ? path : resolve(dir, path)).replaceAll('\\', '/'))),
  ].sort();
  const wanted = await configured(suite, project, names);
  const files: DiscoveredFile[] = [];
  for (let at = 0; at < wanted.length; at += STAT_AT_A_TIME) {
    files.push(...(await Promise.all(wanted.slice(at, at + STAT_AT_A_TIME).map((file) => sized(dir, file)))));
  }
  return files;
}

async function sized(dir: string, file: string): Promise<DiscoveredFile> {
  return { file, bytes: (await stat(join(dir, file))).size };
}

/** `include` and `exclude` of the suite narrow what the framework would run; they never add to it. */
async function configured(suite: Suite, project: ProjectAccess, names: readonly string[]): Promise<readonly string[]> {
  if (!suite.include && !suite.exclude) return names;
  const matching = await project.glob(suite.dir, suite.include ?? ['**/*'], suite.exclude ?? []);
  const prefix = suite.dir === '.' ? '' : `${suite.dir.replace(/^\.\//, '').replace(/\/+$/, '')}/`;
  const kept = new Set(matching.map(({ path }) => (path.startsWith(prefix) ? path.slice(prefix.length) : path)));
  return names.filter((name) => kept.has(name));
}

/** What a reporter or preload prints instead of running tests when the variable BATON_LIST holds this. */
export const LIST_MARK = 'BATON-FILES ';

/** The list that was printed behind `LIST_MARK`, on a line of its own. */
export function listedFiles(stdout: string): string[] | undefined {
  const line = stdout.split('\n').find((text) => text.startsWith(LIST_MARK));
  return line === undefined ? undefined : (JSON.parse(line.slice(LIST_MARK.length)) as string[]);
}

/** The error for a look at the project that went wrong, with the last lines of what the tool said. */
export function discoveryFailed(suite: Suite, what: string, result: ExecResult): ProjectProblem {
  const said = `${result.stderr}\n${result.stdout}`.trim().split('\n').slice(-15).join('\n').slice(-2000);
  return new ProjectProblem(
    'DiscoveryFailed',
    `${what} failed for suite ${suite.name} (exit code ${result.code ?? 'none'}):\n${said}`,
  );
}
