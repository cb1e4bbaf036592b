/** A language model behind any OpenAI-compatible server: `POST /chat/completions`. */
import { randomBytes } from 'node:crypto';
import { type Answered, type Model, NoAnswer, type Question } from '../../domain/model.js';
import { formOf, readAnswer } from '../../domain/model/answer.js';
import type { ModelBudget } from '../../domain/model/budget.js';
import { promptOf, repairOf } from '../../domain/model/prompt.js';
import type { ModelSettings } from '../../domain/model/settings.schema.js';
import type { ArtifactStore } from '../../domain/ports.js';
import type { Redact } from '../../domain/redact.js';
import { type AnswerMode, clientOf } from './request.js';
import { type Line, takeTurn, type Turn } from './turn.js';

export interface ModelOptions {
  readonly name: string;
  readonly baseUrl: string;
  readonly apiKey: string;
  /** Variable that holds the key, for messages. */
  readonly keyName: string;
  readonly settings: ModelSettings;
  readonly budget: ModelBudget;
  readonly artifacts: Pick<ArtifactStore, 'put'>;
  readonly redact: Redact;
}

const ALL_MODES: readonly AnswerMode[] = ['json_schema', 'json_object', 'text'];

export function openaiModel(options: ModelOptions): Model {
  const { name, baseUrl, apiKey, keyName, settings, budget, artifacts, redact } = options;
  const line: Line = {
    client: clientOf({ baseUrl, apiKey, timeoutMs: settings.timeoutMs }),
    settings,
    place: { model: name, baseUrl, keyName },
    budget,
    redact,
    modes: settings.answers === 'auto' ? [...ALL_MODES] : [settings.answers],
    keep: async (exchange) => (await artifacts.put(Buffer.from(JSON.stringify(exchange)))).digest,
  };
  return { name, ask: (question) => ask(line, question) };
}

/** No model is configured: every question has the same answer. */
export const noModel = (why: string): Model => ({
  name: undefined,
  ask: () => Promise.reject(new NoAnswer('unavailable', why)),
});

async function ask<T>(line: Line, question: Question<T>): Promise<Answered<T>> {
  const form = formOf(question.answer);
  const nonce = randomBytes(16).toString('hex');
  const { instruction, material } = question;
  const messages = promptOf({ instruction, material, schema: JSON.stringify(form.schema), nonce }, line.redact);
  const first = await takeTurn(line, question, form, messages);
  const read = readTurn(first, question);
  if (read.ok) return answered(line, read.value, [first]);
  const repair = repairOf(first.text, read.issues, nonce, line.redact);
  const second = await takeTurn(line, question, form, [...messages, ...repair]);
  const mended = readTurn(second, question);
  if (mended.ok) return answered(line, mended.value, [first, second]);
  throw new NoAnswer(
    'invalid',
    `the model ${line.place.model} gave no answer that fits, not when asked again either: ${line.redact(mended.issues.join('; ')).slice(0, 500)}`,
  );
}

/** Throws `NoAnswer` for a refusal. */
function readTurn<T>(turn: Turn, question: Question<T>): ReturnType<typeof readAnswer<T>> {
  if (turn.refusal !== null || turn.finish === 'content_filter')
    throw new NoAnswer('refused', 'the model refused to answer; its words are in the record of the exchange');
  if (turn.finish === 'length')
    return { ok: false, issues: [`the answer was cut off after ${question.maxTokens} tokens: give a shorter one`] };
  return readAnswer(turn.text, question.answer);
}

function answered<T>(line: Line, value: T, turns: readonly Turn[]): Answered<T> {
  const sum = (kind: 'prompt' | 'completion'): number =>
    turns.reduce((all, { usage }) => all + (usage?.[kind] ?? 0), 0);
  return {
    value,
    model: line.place.model,
    tokens: { prompt: sum('prompt'), completion: sum('completion') },
    record: turns.at(-1)!.record,
  };
}
