/**
 * One turn of an exchange: tokens set aside, the request, tokens settled; again when the server is busy, after as long as
 * it said. Short waits are waited for here; for a longer one `ModelBusy` is thrown, so that Temporal waits durably.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type OpenAI from 'openai';
import { ModelBusy, NoAnswer, type Question } from '../../domain/model.js';
import type { AnswerForm } from '../../domain/model/answer.js';
import type { ModelBudget, Settlement } from '../../domain/model/budget.js';
import type { Message } from '../../domain/model/prompt.js';
import type { ModelSettings } from '../../domain/model/settings.schema.js';
import { costOf, mostTokens } from '../../domain/model/tokens.js';
import type { Redact } from '../../domain/redact.js';
import { type Diagnosis, diagnose, type Place } from './problems.js';
import { type AnswerMode, type Reply, request } from './request.js';

const TRIES = 3;
/** Waiting longer is Temporal's matter. */
const PATIENCE_MS = 10_000;
const FIRST_WAIT_MS = 500;
/** What is said to Temporal when the server named no time. */
const USUAL_PAUSE_MS = 5_000;

export interface Line {
  readonly client: OpenAI;
  readonly settings: ModelSettings;
  readonly place: Place;
  readonly budget: ModelBudget;
  readonly redact: Redact;
  /** What the server is known to take; changed when it says that it does not. */
  readonly modes: AnswerMode[];
  /** Keeps an exchange and returns its digest. */
  keep(exchange: Exchange): Promise<string>;
}

/** What is kept of a request: everything that was sent, and what came back, redacted. */
export interface Exchange {
  readonly purpose: string;
  readonly execution: string;
  readonly model: string;
  readonly server: string;
  readonly mode: AnswerMode;
  readonly messages: readonly Message[];
  readonly answer: string | null;
  readonly finish: string | null;
  readonly problem: string | null;
  readonly tokens: { readonly prompt: number; readonly completion: number } | null;
  readonly cost: number | null;
  readonly durationMs: number;
  readonly at: string;
}

export interface Turn extends Reply {
  readonly record: string;
}

export async function takeTurn(
  line: Line,
  question: Question<unknown>,
  form: AnswerForm,
  messages: readonly Message[],
): Promise<Turn> {
  let waited = 0;
  for (let tried = 1; ; ) {
    const outcome = await tryOnce(line, question, form, messages);
    if ('turn' in outcome) return outcome.turn;
    const { trouble } = outcome;
    if (trouble.kind === 'final') throw trouble.answer;
    if (trouble.kind === 'form') {
      if (line.modes.length < 2)
        throw new NoAnswer('unavailable', `the model takes no such form of answer: ${trouble.message}`);
      line.modes.shift();
      continue;
    }
    const wait = trouble.afterMs ?? FIRST_WAIT_MS * 2 ** (tried - 1);
    if (tried++ >= TRIES || trouble.slow || waited + wait > PATIENCE_MS)
      throw new ModelBusy(Math.max(wait, trouble.afterMs ?? USUAL_PAUSE_MS), trouble.message);
    waited += wait;
    await sleep(wait);
  }
}

type Tried = { readonly turn: Turn } | { readonly trouble: Diagnosis };

async function tryOnce(
  line: Line,
  question: Question<unknown>,
  form: AnswerForm,
  messages: readonly Message[],
): Promise<Tried> {
  const { settings, place, budget } = line;
  const tokens = mostTokens(messages, JSON.stringify(form.schema)) + question.maxTokens;
  const { execution, project, purpose } = question;
  const reserved = await budget.reserve({ execution, project, purpose, model: place.model, tokens }, settings);
  if (reserved.kind === 'used_up') throw usedUp(reserved);
  if (reserved.kind === 'paused') return { trouble: again(`${place.baseUrl} asked to be left alone`, reserved.forMs) };

  const mode = line.modes[0]!;
  const start = Date.now();
  const exchange = (change: Partial<Exchange>): Exchange => ({
    purpose,
    execution,
    model: place.model,
    server: place.baseUrl,
    mode,
    messages,
    answer: null,
    finish: null,
    problem: null,
    tokens: null,
    cost: null,
    durationMs: Date.now() - start,
    at: new Date(start).toISOString(),
    ...change,
  });
  const settle = async (state: Settlement['state'], kept: Exchange, used: Settlement['tokens']): Promise<string> => {
    const record = await line.keep(kept);
    const { durationMs, problem, cost } = kept;
    await budget.settle(reserved.call, {
      state,
      durationMs,
      record,
      cost: cost ?? undefined,
      problem: problem ?? undefined,
      ...(used ? { tokens: used } : {}),
    });
    return record;
  };

  let reply: Reply;
  try {
    const { maxTokens } = question;
    const { temperature, stream, timeoutMs } = settings;
    const tokensField = settings.tokensField ?? usualField(place.baseUrl);
    reply = await request(line.client, {
      ...{ model: place.model, messages, maxTokens, tokensField, temperature, mode, form, purpose, stream, timeoutMs },
    });
  } catch (error) {
    const trouble = diagnose(error, place, line.redact);
    const billed = trouble.kind === 'again' && trouble.billed;
    const problem = trouble.kind === 'final' ? trouble.answer.message : trouble.message;
    await settle(
      billed ? 'unknown' : 'failed',
      exchange({ problem }),
      billed ? undefined : { prompt: 0, completion: 0 },
    );
    if (trouble.kind === 'again' && trouble.pauses) await budget.pause(place.model, trouble.afterMs ?? FIRST_WAIT_MS);
    return { trouble };
  }
  const cost = reply.usage && costOf(settings.prices, reply.usage);
  const kept = exchange({
    answer: line.redact(reply.text || reply.refusal || ''),
    finish: reply.finish,
    tokens: reply.usage ?? null,
    cost: cost ?? null,
  });
  return { turn: { ...reply, record: await settle('answered', kept, reply.usage) } };
}

const again = (message: string, afterMs: number): Diagnosis => ({
  kind: 'again',
  message,
  afterMs,
  pauses: false,
  billed: false,
  slow: false,
});

function usedUp({ of, used, limit }: { of: 'execution' | 'day'; used: number; limit: number }): NoAnswer {
  const whose = of === 'day' ? 'The budget of this day (UTC)' : 'The budget of this execution';
  const setting = of === 'day' ? 'tokensPerDay' : 'tokensPerExecution';
  return new NoAnswer(
    'budget',
    `${whose} is used up: ${used} of ${limit} tokens are used or set aside, and the question may need more than is left (\`model.${setting}\`).`,
  );
}

/** The vendor's newer models refuse the old name, other servers do not know the new one. */
const usualField = (baseUrl: string): 'max_tokens' | 'max_completion_tokens' =>
  /^https:\/\/[^/]*\.openai\.com\//.test(`${baseUrl}/`) ? 'max_completion_tokens' : 'max_tokens';
