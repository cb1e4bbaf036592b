/** What is checked before anything is started: one sentence and exit code 2 when it does not fit. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseRange } from '../domain/scaling.js';
import { CommandEnd, EXIT } from './exit-codes.js';

export function projectDir(given: string, base: string): string {
  const dir = resolve(base, given);
  const stat = statSync(dir, { throwIfNoEntry: false });
  if (!stat) throw new CommandEnd(`${dir} does not exist; give the directory of a project.`, EXIT.usage);
  if (!stat.isDirectory()) throw new CommandEnd(`${dir} is a file; give the directory of a project.`, EXIT.usage);
  return dir;
}

/** A parser for commander: whole numbers in a range. Throws CommandEnd, because commander's own wording leaves the range out. */
export function wholeNumber(flag: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new CommandEnd(`${flag} takes a whole number from ${min} to ${max}, not "${text}".`, EXIT.usage);
  };
}

/** Execution ids are put into paths of the API; anything else there is a typing mistake. */
export function executionId(text: string): string {
  if (/^[A-Za-z0-9][\w.:-]{0,199}$/.test(text)) return text;
  throw new CommandEnd(`"${text}" is not an execution id; \`baton runs\` lists them.`, EXIT.usage);
}

/** `3` or `2..5`. Throws CommandEnd for anything else, and where the least is more than the most. */
export function runnerRange(text: string): { min: number; max: number } {
  const range = parseRange(text);
  if (!range || range.max > 64)
    throw new CommandEnd(`--runners takes a number or a range such as 2..5, at most 64, not "${text}".`, EXIT.usage);
  if (range.min <= range.max) return range;
  throw new CommandEnd(
    `--runners ${text}: the pool cannot keep at least ${range.min} and at most ${range.max} runners.`,
    EXIT.usage,
  );
}

/** Names of runners are put into paths of the API. */
export function runnerName(text: string): string {
  if (/^[\w.@:-]{1,200}$/.test(text)) return text;
  throw new CommandEnd(`"${text}" is not the name of a runner; \`baton runners\` lists them.`, EXIT.usage);
}
