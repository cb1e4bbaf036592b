/** What the examples for other systems tell them to run is what the command line understands. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Context } from '../../cli/context.js';
import { runProgram } from '../../cli/program.js';
import { ROOT } from '../architecture/imports.js';

const folder = join(ROOT, 'examples/ci');
const files = readdirSync(folder).filter((name) => name !== 'README.md');
const textOf = (name: string): string => readFileSync(join(folder, name), 'utf8');

/** Each call of the command, with its arguments. */
function calls(text: string): string[][] {
  const joined = text.replace(/\\\n\s*/g, ' ');
  return [...joined.matchAll(/scripts\/baton\.mjs"? ([^\n>']+)/g)].map(([, line = '']) =>
    [...line.trim().matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? ''),
  );
}

/** Help of the command that these words name: asked for, nothing else happens. */
async function helpOf(words: readonly string[]): Promise<string> {
  let said = '';
  const write = (text: string): boolean => {
    said += text;
    return true;
  };
  const out = { write, columns: 80 };
  await runProgram({ stdout: out, stderr: out } as unknown as Context, [...words, '--help']);
  return said;
}

describe('examples for other systems', () => {
  it.each(files.filter((name) => name.endsWith('.yml')))('%s is YAML', (name) => {
    expect(parse(textOf(name))).toBeTypeOf('object');
  });

  it.each(files)('%s calls commands and options that there are', async (name) => {
    const found = calls(textOf(name));
    expect(found.length).toBeGreaterThan(0);
    for (const words of found) {
      const command = words.slice(0, words[0] === 'workflow' ? 2 : 1);
      const help = await helpOf(command);
      expect(help).toContain(`Usage: baton ${command.join(' ')}`);
      for (const option of words.filter((word) => word.startsWith('--'))) expect(help).toContain(option);
    }
  });
});
