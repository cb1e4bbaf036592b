/** The words of an answer. Whatever comes from tests is hostile: it stands in code, where nothing links, mentions or hides. */
import type { AnswerFailure, AnswerStatement, AnswerTarget } from './answer.js';

const MAX_LISTED = 20;
const MAX_NAME = 200;
const MAX_MESSAGE = 300;
const MAX_SUMMARY = 8_000;
const SIGN = { pending: '⏳', success: '✅', failure: '❌', error: '⚠️' } as const;

/** A code span that its own text cannot end. */
export function code(text: string, max: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
  const line = text.replace(/[\s\u0000-\u001f\u007f\u200b-\u200f\u202a-\u202e\u2066-\u2069]+/g, ' ').trim();
  const cut = line.length > max ? `${line.slice(0, max - 1)}…` : line;
  if (cut === '') return '';
  const longest = Math.max(0, ...[...cut.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  // Bars would end the cell of a table, also in code.
  return `${fence} ${cut.replaceAll('|', '¦')} ${fence}`;
}

export function markdownOf(
  { context, commit }: Pick<AnswerTarget, 'context' | 'commit'>,
  statement: AnswerStatement,
  failures: readonly AnswerFailure[],
): string {
  const { state, title, summary, url } = statement;
  const listed = failures.slice(0, MAX_LISTED);
  const rows = listed.map(({ title: name, whose = '', message, file, line }) => {
    const where = file === undefined ? '' : code(line === undefined ? file : `${file}:${line}`, MAX_NAME);
    return `| ${code(name, MAX_NAME)} | ${whose} | ${where} | ${code(message, MAX_MESSAGE)} |`;
  });
  return [
    `### ${SIGN[state]} ${context}: ${code(title, 500)}`,
    summary.slice(0, MAX_SUMMARY),
    ...(rows.length > 0
      ? [`| Test | Whose fault | Where | Message |\n| --- | --- | --- | --- |\n${rows.join('\n')}`]
      : []),
    ...(failures.length > listed.length ? [`… and ${failures.length - listed.length} more.`] : []),
    `Commit ${commit.slice(0, 12)}${url === undefined ? '' : ` · [details](${url})`}`,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}
