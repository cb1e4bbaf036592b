/** What a project calls itself. */
import { basename, join, resolve } from 'node:path';
import { readProjectFile } from './project-file.js';

/** The name stands near the top; a larger file is no manifest. */
const MAX_BYTES = 1024 * 1024;

/**
 * Name of the project in `root` from package.json, go.mod, pyproject.toml, Cargo.toml or pom.xml, in this order; else the
 * folder's. Always a name that `project` in the configuration accepts: 1–100 letters, digits and `. _ @ / -`.
 */
export async function projectName(root: string): Promise<string> {
  for (const [file, read] of READERS) {
    const name = cleaned(read((await readProjectFile(join(root, file), MAX_BYTES)).toString()));
    if (name !== '') return name;
  }
  return cleaned(basename(resolve(root))) || 'project';
}

const READERS: readonly [string, (text: string) => string][] = [
  ['package.json', packageJson],
  ['go.mod', goMod],
  ['pyproject.toml', (text) => tomlName(text, ['project', 'tool.poetry'])],
  ['Cargo.toml', (text) => tomlName(text, ['package'])],
  ['pom.xml', pomXml],
];

function packageJson(text: string): string {
  try {
    const { name } = JSON.parse(text) as { name?: unknown };
    return typeof name === 'string' ? name : '';
  } catch {
    // Whatever is wrong with it, the framework's own tool will say it better; the name is only a label.
    return '';
  }
}

/** Last part of the module path, without a major version. */
function goMod(text: string): string {
  const path = /^module[ \t]+"?([^\s"]+)/m.exec(text)?.[1] ?? '';
  return (
    path
      .replace(/\/v\d+$/, '')
      .split('/')
      .at(-1) ?? ''
  );
}

/** `name = "…"` in one of the tables; the first table that has it wins. */
function tomlName(text: string, tables: readonly string[]): string {
  const names = new Map<string, string>();
  let table = '';
  for (const line of text.split('\n')) {
    table = /^\s*\[([^[\]]+)\]\s*(?:#.*)?$/.exec(line)?.[1]?.trim() ?? table;
    const name = /^\s*name\s*=\s*(?:"([^"]*)"|'([^']*)')/.exec(line);
    if (name && !names.has(table)) names.set(table, name[1] ?? name[2] ?? '');
  }
  return tables.map((name) => names.get(name)).find((name) => name !== undefined) ?? '';
}

/** The artifact's own id, not that of its parent, a dependency or a plugin: the only one directly below `project`. */
function pomXml(text: string): string {
  const [head = '', ...parts] = text.split('<!--');
  const plain = head + parts.map((part) => part.split('-->').slice(1).join('-->')).join('');
  let depth = 0;
  for (const match of plain.matchAll(/<(\/?)([A-Za-z][\w.-]*)[^<>]*?(\/?)>([^<]*)/g)) {
    const [, closing, name, empty, content] = match;
    if (closing) depth--;
    else {
      if (depth === 1 && name === 'artifactId') return content ?? '';
      if (!empty) depth++;
    }
  }
  return '';
}

function cleaned(name: string): string {
  return name
    .trim()
    .replace(/[^\w.@/-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 100);
}
