/**
 * Commit message and pull request of a fix. Names and messages of tests are hostile text: they stand in code marks, with
 * nothing in them that a code host would act on, and bounded.
 */
import type { KnownFailures } from './known.js';
import type { RepairReport, Trialled } from './report.schema.js';
import type { FixWork } from './work.schema.js';

export const fixBranch = (fix: string): string => `fix/auto-generated-${fix}`;

export interface Offer {
  readonly title: string;
  readonly body: string;
  readonly message: string;
}

export interface OfferInput {
  readonly work: FixWork;
  readonly report: RepairReport;
  readonly winner: Trialled;
  /** Addresses of the failed run, its report and the execution of the fix, where people can open them. */
  readonly links: Readonly<Record<'run' | 'report' | 'fix', string | null>>;
  readonly known: KnownFailures;
  /** Name of the model that wrote the patch; null for a template. */
  readonly model: string | null;
}

export function offerOf(input: OfferInput): Offer {
  const { work, winner } = input;
  const { candidate } = winner;
  const title = `Fix ${candidate.kind === 'other' ? 'a failing test' : `a wrong ${KIND_TEXT[candidate.kind] ?? candidate.kind}`} in ${inert(candidate.file, 100)}`;
  return { title: title.slice(0, 200), body: bodyOf(input), message: messageOf(title, work, input) };
}

const KIND_TEXT: Readonly<Record<string, string>> = {
  bounds: 'bound',
  variable: 'variable',
  arguments: 'argument',
  async: 'order of asynchronous work',
  return: 'return',
  null: 'use of what may be missing',
  string: 'form of a text',
  call: 'or missing call',
};

function messageOf(title: string, work: FixWork, { winner, links, report, model }: OfferInput): string {
  const { candidate } = winner;
  const tests = work.tests.slice(0, 10).map((test) => `  - ${inert(test.name, 150)} (${inert(test.file, 150)})`);
  return [
    title.slice(0, 72),
    '',
    'Failure: these tests failed:',
    ...tests,
    '',
    `Cause: line ${candidate.line} of ${inert(candidate.file, 200)}, found by ${report.located === 'coverage' ? 'coverage of failing and passing tests' : 'the frames of the failure'}.`,
    `Change: ${inert(candidate.title, 200)}.`,
    `Found by: ${model ? `the model ${inert(model, 100)}` : 'templates, without a model'}.`,
    '',
    `Run: ${links.run ?? work.run}`,
    `Fix: ${work.fix}`,
    '',
  ].join('\n');
}

function bodyOf({ work, report, winner, links, known, model }: OfferInput): string {
  const { candidate } = winner;
  const tests = work.tests
    .slice(0, 10)
    .map(
      (test) => `- ${code(test.name, 200)} in ${code(test.file, 200)}: ${code(test.message.split('\n')[0] ?? '', 200)}`,
    );
  const more = work.tests.length > 10 ? [`- and ${work.tests.length - 10} more`] : [];
  const rows = [
    ['The failure shows at the commit, twice in the same way', `${report.failing.length} failing`],
    ['The failing tests with the patch', `green ${winner.repeats} times of ${winner.repeats}`],
    [
      'The whole suites with the patch',
      winner.wholeTests === null
        ? 'the failing files are all there is'
        : `${winner.wholeTests} tests, none worse than before`,
    ],
    ['The failing tests without the patch again', `${winner.revertedRed} red`],
    ['The tests with the changed function made useless', winner.sabotage],
    ['Test files, CI, lock files, configuration', 'untouched'],
  ];
  return [
    `${tests.length === 1 ? 'This test fails' : 'These tests fail'} at ${code(work.commit.slice(0, 12), 12)}:`,
    '',
    ...tests,
    ...more,
    '',
    `The change: ${inert(candidate.title, 200)} (${code(`${candidate.file}:${candidate.line}`, 300)}), found by ${model ? `the model ${code(model, 100)}` : 'templates, without a model'}: candidate ${winner.rank} of ${report.candidates}, ${report.tried} tried.`,
    '',
    '| What was checked | What was seen |',
    '| --- | --- |',
    ...rows.map(([what, seen]) => `| ${what} | ${seen} |`),
    '',
    ...earlierOf(known),
    `Failed run: ${links.run ?? code(work.run, 100)}${links.report ? ` · its report: ${links.report}` : ''} · fix: ${links.fix ?? code(work.fix, 100)}`,
    '',
    'Green tests do not prove that a change is right. Somebody who knows this code must read it before it is merged; Baton never merges.',
    '',
  ].join('\n');
}

/** What the knowledge store brought up, for whoever judges the change. */
const earlierOf = ({ earlier }: KnownFailures): string[] =>
  earlier.length === 0
    ? []
    : [
        'Earlier failures that look alike:',
        '',
        ...earlier.map(
          ({ id, score, text, fix }) =>
            `- ${code(text.split('\n')[0] ?? '', 150)}${fix ? `: ${code(fix, 300)}` : ''} (${code(id, 200)}, likeness ${score.toFixed(2)})`,
        ),
        '',
      ];

/** Text of a project as code: no mention, link, image, reference or closing word in it can act. */
export function code(text: string, limit: number): string {
  const plain = inert(text, limit).replace(/`/g, 'ˋ');
  return plain === '' ? '(nothing)' : `\`${plain}\``;
}

/** One line without control characters, marks of direction, tags, or anything a code host turns into an action. */
export function inert(text: string, limit: number): string {
  const plain = text
    .slice(0, limit * 4)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/@(?=\w)/g, '@\u200a')
    .replace(/#(?=\d)/g, '#\u200a')
    .replace(/:\/\//g, ':\u200a//')
    .replace(/</g, '‹')
    .replace(/>/g, '›')
    .replace(/\|/g, '¦')
    .replace(/\b(close[sd]?|fix(?:e[sd])?|resolve[sd]?)(?=\s*:?\s*(?:#|gh-|\w+\/))/gi, '$1\u200a')
    .replace(/\s+/g, ' ')
    .trim();
  return plain.length > limit ? `${plain.slice(0, limit - 1)}…` : plain;
}
