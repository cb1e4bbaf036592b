/** The map of the project as a test: who may import whom, and what must stay absent. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Import, importsOf, ROOT, sourceFiles } from './imports.js';

interface Rule {
  /** Folders and files of the project that the folder may import, as beginnings of paths. */
  readonly own: readonly string[];
  /** Packages it may import; `*` = any. */
  readonly packages: readonly string[];
  readonly why: string;
}

/** Pure, without dependencies, and needed inside workflows. */
const EXPRESSIONS = '@marcbachmann/cel-js';

const RULES: Readonly<Record<string, Rule>> = {
  domain: {
    own: ['domain/'],
    packages: ['zod', EXPRESSIONS],
    why: 'words and rules are pure; CEL stays behind domain/definitions/expressions.ts',
  },
  workflows: {
    own: ['workflows/', 'domain/'],
    packages: ['@temporalio/workflow', '@temporalio/common'],
    why: 'a workflow is replayed: no clock, no network, no Node, and not even the types of activities',
  },
  activities: {
    own: ['activities/', 'domain/'],
    packages: ['@temporalio/activity', '@temporalio/common', 'node:'],
    why: 'activities get ports as arguments',
  },
  adapters: { own: ['adapters/', 'domain/'], packages: ['*'], why: 'an adapter knows one tool and the words' },
  api: {
    own: ['api/', 'domain/', 'workflows/messages.ts', 'workflows/attributes.ts'],
    packages: ['*'],
    why: 'the API knows messages and types of workflows, and gets everything else from wiring',
  },
  config: {
    own: ['config/', 'adapters/', 'domain/', 'api/', 'activities/', 'workers/stack/', 'scripts/lib/'],
    packages: ['*'],
    why: 'wiring is the only place that picks adapters',
  },
  workers: {
    own: ['workers/', 'config/', 'domain/', 'scripts/lib/'],
    packages: ['*'],
    why: 'a process is about 40 lines over wiring',
  },
  cli: {
    own: ['cli/', 'config/', 'domain/', 'workers/stack/', 'scripts/lib/'],
    packages: ['*'],
    why: 'the command line is a thin client',
  },
};

function allowed(rule: Rule, { from, to }: Import): boolean {
  if (to === EXPRESSIONS) return from === 'domain/definitions/expressions.ts';
  const isOwn =
    Object.keys(RULES).some((folder) => to.startsWith(`${folder}/`)) ||
    to.startsWith('scripts/') ||
    to.startsWith('test/') ||
    to === 'package.json';
  if (isOwn) return rule.own.some((prefix) => to.startsWith(prefix));
  return rule.packages.some((name) => name === '*' || to === name || (name.endsWith(':') && to.startsWith(name)));
}

describe('who may import whom', () => {
  it.each(Object.entries(RULES))('%s', (folder, rule) => {
    const wrong = sourceFiles(folder)
      .flatMap(importsOf)
      .filter((i) => !allowed(rule, i));
    expect(wrong.map((i) => `${i.from} imports ${i.to}: ${rule.why}`)).toEqual([]);
  });

  it('workflows take schemas as types only: zod would double the bundle and throw inside a workflow', () => {
    const wrong = sourceFiles('workflows')
      .flatMap(importsOf)
      .filter((i) => i.to.endsWith('.schema.ts') && !i.typeOnly);
    expect(wrong).toEqual([]);
  });

  it('only config reads the environment', () => {
    const folders = ['domain', 'workflows', 'activities', 'adapters', 'api', 'workers', 'cli'];
    const readers = folders
      .flatMap(sourceFiles)
      // Reporters run inside the user's test process: the environment is how they are told where to write.
      .filter((file) => !file.startsWith('adapters/frameworks/reporters/') && /process\.env\b/.test(code(file)));
    expect(readers).toEqual([]);
  });

  it('only the cage, the stack and the git wrapper start processes', () => {
    const folders = ['domain', 'workflows', 'activities', 'adapters', 'api', 'workers', 'cli', 'config'];
    const starters = folders
      .flatMap(sourceFiles)
      .filter((file) => importsOf(file).some((i) => i.to === 'node:child_process' && !i.typeOnly));
    // Reporters live inside the cage already.
    const outside = starters.filter(
      (file) =>
        !/^(adapters\/process\/|adapters\/frameworks\/reporters\/|adapters\/vcs\/git\.ts|adapters\/store\/owner-lock\.ts|workers\/stack\/|cli\/)/.test(
          file,
        ),
    );
    expect(outside).toEqual([]);
  });
});

describe('what must stay absent', () => {
  const everything = [...Object.keys(RULES), 'scripts', 'test']
    .flatMap(sourceFiles)
    .filter((f) => !f.startsWith('test/fixtures'));

  it('no `any`, no ignored type errors, no skipped tests', () => {
    const marks = [/: any\b/, /\bas any\b/, /@ts-(?:ignore|nocheck)/, /\b(?:it|test|describe)\.(?:only|skip|todo)\(/];
    const found = everything
      .filter((file) => file !== 'test/architecture/architecture.test.ts')
      .flatMap((file) => marks.filter((mark) => mark.test(code(file))).map((mark) => `${file}: ${mark.source}`));
    expect(found).toEqual([]);
  });

  it('no swallowed errors: an empty catch needs a word on why', () => {
    const found = everything.filter(
      (file) =>
        /catch\s*(?:\([^)]*\))?\s*\{\s*\}/.test(text(file)) && file !== 'test/architecture/architecture.test.ts',
    );
    expect(found).toEqual([]);
  });
});

const text = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** Source without whole-line comments, which may well talk about what must not be there. */
function code(file: string): string {
  return text(file).replace(/^\s*(?:\*|\/\/|\/\*\*).*$/gm, '');
}
