/** `baton debug` and `baton knowledge search`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAnalysis, connectExecutions } from '../../config/client.js';
import type { Analysis, FailureAnalysis } from '../../domain/analysis/analysis.schema.js';
import { plainText } from '../../domain/clip.js';
import type { KnowledgeList } from '../../domain/knowledge/api.schema.js';
import { runningStack } from '../../workers/stack/manifest.js';
import { executionId } from '../check.js';
import { apiKey, type Context } from '../context.js';
import { CommandEnd, EXIT, type ExitCode } from '../exit-codes.js';
import { oneLine, table } from '../terminal.js';

/** Failures shown in words; `--json` has them all. */
const MOST_SHOWN = 20;
const LOOK_EVERY_MS = 500;

export async function debug(
  context: Context,
  given: string | undefined,
  flags: { json?: boolean; executionId?: string; explain?: boolean },
): Promise<ExitCode> {
  const id = given ?? flags.executionId;
  if (id === undefined)
    throw new CommandEnd('Name the execution: `baton debug ID`; `baton runs` lists them.', EXIT.usage);
  if (flags.explain) await explain(context, executionId(id));
  const analysis = await clientOf(context).analysis(executionId(id));
  context.stdout.write(flags.json ? `${JSON.stringify(analysis)}\n` : text(analysis));
  return EXIT.green;
}

/** Through the workflow `debugExecution`, which waits for a model that is busy. */
async function explain(context: Context, run: string): Promise<void> {
  const client = connectExecutions(addressOf(context), apiKey(context.settings));
  let execution = await client.start('debugExecution', { run });
  while (execution.endedAt === null) {
    await sleep(LOOK_EVERY_MS);
    execution = await client.get(execution.id);
  }
  for (const { status, title, sentence } of execution.stages)
    if (status !== 'passed') context.stderr.write(`${title}: ${oneLine(sentence ?? status, 300)}\n`);
}

function text({ execution, failures, left, notes, changes, explainedBy }: Analysis): string {
  if (failures.length === 0) return `Execution ${execution} has no failures.\n`;
  const more = failures.length - MOST_SHOWN + left;
  return [
    ...failures.slice(0, MOST_SHOWN).map(failureText),
    more > 0 ? `… and ${more} more; --json has ${left > 0 ? 'more of them' : 'them all'}.\n` : '',
    changes === 'unknown'
      ? 'Changed lines could not be compared: there is no base, or it is not on this machine.\n'
      : '',
    explainedBy ? `“opinion” is that of the model ${plainText(explainedBy)}; it changes nothing else.\n` : '',
    ...notes.map((note) => `${plainText(note)}\n`),
  ].join('');
}

function failureText(failure: FailureAnalysis): string {
  const { frame, explanation, related, suspicious } = failure;
  const place = frame && `${frame.file}${frame.line === null ? '' : `:${frame.line}`}`;
  const rows = [
    [
      'class',
      `${failure.class}${failure.class === 'unknown' ? '' : `, ${Math.round(failure.confidence * 100)} % sure`} (${failure.rule})`,
    ],
    ...(failure.message ? [['message', failure.message]] : []),
    ...(place ? [['place', place]] : []),
    ...failure.candidates
      .slice(0, 3)
      .map(({ file, line, why }) => ['may lie in', `${file}${line === null ? '' : `:${line}`} (${why.join(', ')})`]),
    [failure.fixable ? 'a fix may be tried' : 'for people', failure.why.join('; ')],
    ...related.map(({ execution, score, text: words, fix }) => [
      'seen before',
      `${execution}, ${Math.round(score * 100)} % alike: ${words}${fix ? ` — what was done: ${fix}` : ''}`,
    ]),
    ...(explanation ? [['opinion', `${explanation.cause} ${explanation.suggestion}`]] : []),
    ...(suspicious.length > 0 ? [['careful', `the output of this test ${suspicious.join(', ')}`]] : []),
  ];
  const lines = table(rows.map(([name = '', value = '']) => [`  ${name}`, oneLine(value, 300)]));
  return `${oneLine(`${failure.suite} › ${failure.test}`, 200)}\n${lines}\n`;
}

export async function searchKnowledge(
  context: Context,
  query: string,
  flags: { project: string; kind?: 'outcome' | 'failure' | 'cause' | 'fix'; limit: number; json?: boolean },
): Promise<ExitCode> {
  const { project, kind, limit } = flags;
  const list = await clientOf(context).search({ query, project, kind, limit });
  if (flags.json) context.stdout.write(`${JSON.stringify(list)}\n`);
  else if (list.items.length === 0) context.stdout.write('Nothing alike is known.\n');
  else context.stdout.write(`${table(list.items.map(row))}Found by ${list.embedding}, ${list.method}.\n`);
  return EXIT.green;
}

const row = ({ score, kind, at, execution, text: words }: KnowledgeList['items'][number]): string[] => [
  `${Math.round(score * 100)} %`,
  kind,
  at.slice(0, 16).replace('T', ' '),
  execution,
  oneLine(words, 140),
];

function clientOf(context: Context): ReturnType<typeof connectAnalysis> {
  return connectAnalysis(addressOf(context), apiKey(context.settings));
}

function addressOf({ settings }: Context): string {
  const url = settings.apiUrl || runningStack(settings.home)?.api;
  if (url) return url;
  throw new CommandEnd('Nothing is up; `baton up --detach` starts it.', EXIT.unknown);
}
