/** YAML or JSON against a schema; every complaint names file, line and column. */
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { ProjectProblem } from '../../domain/failures.js';

const MAX_BYTES = 1024 * 1024;
const MAX_ALIASES = 50;

/** JSON is YAML too, so one parser reads both and one place knows the positions. Throws `ConfigInvalid`. */
export function parseYaml<T>(text: string, name: string, schema: z.ZodType<T>): T {
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
  const parsed = schema.safeParse(value ?? {});
  if (!parsed.success)
    throw invalid(parsed.error.issues.map((issue) => describe(issue, document, at, name)).join('\n'));
  return parsed.data;
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

export const invalid = (message: string): ProjectProblem => new ProjectProblem('ConfigInvalid', message);
