/**
 * The text of `.git/MERGE_BLOCKED`: a line for each blocked branch, fields separated by tabs, after a line for people.
 * Simple enough for a shell script that has to go on without Baton.
 */
import type { Block } from './answer-ports.js';

export const MERGE_BLOCKED_FILE = 'MERGE_BLOCKED';
const HEAD =
  '# Baton blocks these branches: branch, commit, execution, reason. The next green commit of a branch lifts it.';
const MAX_REASON = 500;

export function parseBlocks(text: string): Block[] {
  return text.split('\n').flatMap((line) => {
    const [branch = '', commit = '', execution = '', reason = ''] = line.split('\t');
    return line.startsWith('#') || execution === '' ? [] : [{ branch, commit, execution, reason }];
  });
}

/** Empty when nothing is blocked. */
export function writtenBlocks(blocks: readonly Block[]): string {
  if (blocks.length === 0) return '';
  const lines = blocks.map(({ branch, commit, execution, reason }) =>
    [branch, commit, execution, reason.slice(0, MAX_REASON)]
      .map((field) => field.replace(/[\t\r\n]+/g, ' '))
      .join('\t'),
  );
  return `${[HEAD, ...lines].join('\n')}\n`;
}
