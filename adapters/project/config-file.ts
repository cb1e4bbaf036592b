/** Reads `baton.config.yaml|yml|json` of a project; every complaint names file, line and column. */
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { ProjectConfig } from '../../domain/config.schema.js';
import { ProjectProblem } from '../../domain/failures.js';
import type { ProjectAccess } from '../../domain/framework.js';

export const CONFIG_FILES = ['baton.config.yaml', 'baton.config.yml', 'baton.config.json'] as const;
const MAX_BYTES = 1024 * 1024;
const MAX_ALIASES = 50;

export async function readProjectConfig(project: Pick<ProjectAccess, 'readText'>): Promise<ProjectConfig | undefined> {
  const found: { name: string; text: string }[] = [];
  for (const name of CONFIG_FILES) {
    const text = await project.readText(name);
    if (text !== undefined) found.push({ name, text });
  }
  const [first, second] = found;
  if (!first) return undefined;
  if (second) throw invalid(`There is a ${first.name} and a ${second.name}. Keep one of them.`);
  return parseProjectConfig(first.text, first.name);
}

/** JSON is YAML too, so one parser reads both and one place knows the positions. */
export function parseProjectConfig(text: string, name: string): ProjectConfig {
  if (text.length > MAX_BYTES) throw invalid(`${name} is larger than 1 MiB.`);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, schema: 'core', prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  const broken = document.errors[0];
  if (broken) throw invalid(`${at(broken.pos[0])} ${broken.message}`);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    throw invalid(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const parsed = ProjectConfig.safeParse(value ?? {});
  if (!parsed.success)
    throw invalid(parsed.error.issues.map((issue) => describe(issue, document, at, name)).join('\n'));
  return checked(parsed.data, name);
}

function describe(
  issue: z.core.$ZodIssue,
  document: ReturnType<typeof parseDocument>,
  at: (offset: number) => string,
  name: string,
): string {
  const path = [...issue.path];
  if (issue.code === 'unrecognized_keys') path.push(issue.keys[0]!);
  let where = name;
  for (let depth = path.length; depth > 0; depth--) {
    const node = document.getIn(path.slice(0, depth), true) as { range?: [number, number, number] } | undefined;
    if (node?.range) {
      where = at(node.range[0]);
      break;
    }
  }
  return `${where} ${issue.path.join('.') || 'document'}: ${issue.message}`;
}

function checked(config: ProjectConfig, name: string): ProjectConfig {
  const seen = new Set<string>();
  for (const suite of config.suites ?? []) {
    if (seen.has(suite.name)) throw invalid(`${name} suites: the name "${suite.name}" is used twice.`);
    seen.add(suite.name);
    if (suite.framework === 'command' && (!suite.command || !suite.report)) {
      throw invalid(`${name} suites.${suite.name}: framework "command" needs \`command\` and \`report\`.`);
    }
    for (const path of [suite.dir, suite.configFile]) {
      if (path !== undefined && (path.startsWith('/') || path.split('/').includes('..'))) {
        throw invalid(`${name} suites.${suite.name}: ${path} leads out of the project.`);
      }
    }
  }
  return config;
}

const invalid = (message: string): ProjectProblem => new ProjectProblem('ConfigInvalid', message);
