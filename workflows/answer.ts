/**
 * Sends what an execution says about its commit, until it has been sent: status, check, comment and gate side by side.
 * A newer statement takes the place of an older one that was not sent yet. The workflow outlives its parent; that the
 * parent has ended reaches it as a cancellation.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import {
  type AnswerInput,
  type AnswerStatement,
  SAY_SIGNAL,
  type Sending,
  type Sent,
  SURFACES,
  type Surface,
} from '../domain/answer.js';
import { answers, drops } from './proxies/answer.js';

export const saySignal = defineSignal<[AnswerStatement]>(SAY_SIGNAL);
export const saidQuery = defineQuery<Said>('said');

export interface Said {
  readonly statement: AnswerStatement;
  readonly sent: Readonly<Partial<Record<Surface, Sent>>>;
  /** Why a surface is still waiting. */
  readonly waiting: Readonly<Partial<Record<Surface, string>>>;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 5 * 60_000;
/** A host that is away for longer has other troubles than a missing status. */
const GIVE_UP_AFTER_TRIES = 300;
/** A refusal may be a right that somebody is about to give; after half an hour it is believed. */
const BELIEVE_REFUSAL_AFTER_TRIES = 15;
const LONGEST_SILENCE = '7 days';

const ENDED: AnswerStatement = {
  state: 'error',
  title: 'ended without an answer',
  summary: 'The execution was ended before it came to an answer. Start it again.',
};

export async function answer(input: AnswerInput): Promise<Said> {
  const desk = new Desk(input);
  setHandler(saySignal, (statement) => desk.say(statement));
  setHandler(saidQuery, () => desk.said());
  // Cancelled means that the parent is gone: what was said is still sent, and silence becomes an answer.
  CancellationScope.current().cancelRequested.catch(() => desk.abandoned());
  await CancellationScope.nonCancellable(() => desk.untilSent());
  return desk.said();
}

class Desk {
  private number = 1;
  private statement: AnswerStatement;
  private sent: Partial<Record<Surface, Sent>> = {};
  private waiting: Partial<Record<Surface, string>> = {};
  private readonly dropped: string[] = [];

  constructor(private readonly input: AnswerInput) {
    this.statement = input.statement;
  }

  say(statement: AnswerStatement): void {
    if (this.statement.state !== 'pending' && statement.state === 'pending') return;
    for (const surface of SURFACES) if (this.waiting[surface]) this.dropped.push(this.key(surface));
    this.number++;
    this.statement = statement;
    this.sent = {};
    this.waiting = {};
  }

  abandoned(): void {
    if (this.statement.state === 'pending') this.say({ ...ENDED, url: this.statement.url });
  }

  said(): Said {
    return { statement: this.statement, sent: this.sent, waiting: this.waiting };
  }

  async untilSent(): Promise<void> {
    for (;;) {
      const { number } = this;
      setCurrentDetails(`${this.statement.state}: ${this.statement.title}`);
      await Promise.all(SURFACES.map((surface) => this.send(surface, number)));
      if (this.dropped.length > 0) await drops.dropAnswers(this.dropped.splice(0));
      if (number !== this.number) continue;
      if (this.statement.state !== 'pending') return;
      const spoken = await condition(() => this.number !== number, LONGEST_SILENCE);
      if (!spoken) this.abandoned();
    }
  }

  /** Until it is sent, or there is something newer to say. */
  private async send(surface: Surface, number: number): Promise<void> {
    const { execution, target } = this.input;
    const sending: Sending = { key: this.key(surface), surface, execution, target, statement: this.statement };
    for (let tries = 1; ; tries++) {
      try {
        const sent = await answers.sendAnswer.executeWithOptions(
          { summary: `${surface}: ${sending.statement.state}` },
          [sending],
        );
        if (number === this.number) this.take(surface, sent);
        return;
      } catch (error) {
        const { message, refused, waitMs } = trouble(error);
        if (number !== this.number) return void this.dropped.push(sending.key);
        this.waiting[surface] = message;
        if (tries >= (refused ? BELIEVE_REFUSAL_AFTER_TRIES : GIVE_UP_AFTER_TRIES)) {
          this.dropped.push(sending.key);
          return this.take(surface, { url: null, note: message });
        }
        const pauseMs = waitMs ?? Math.min(FIRST_PAUSE_MS * 2 ** Math.min(tries - 1, 20), LONGEST_PAUSE_MS);
        await condition(() => this.number !== number, pauseMs);
        if (number !== this.number) return;
      }
    }
  }

  private take(surface: Surface, sent: Sent): void {
    this.sent[surface] = sent;
    delete this.waiting[surface];
  }

  private key(surface: Surface): string {
    return `${this.input.execution}/answer/${workflowInfo().firstExecutionRunId}/${this.number}/${surface}`;
  }
}

function trouble(error: unknown): { message: string; refused: boolean; waitMs: number | undefined } {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  const message = (cause instanceof Error ? cause.message : String(cause)).slice(0, 500);
  const failure = cause instanceof ApplicationFailure ? cause : undefined;
  const [detail] = (failure?.details ?? []) as [{ retryAfterMs?: number } | undefined];
  return { message, refused: failure?.type === 'CodeHostRefused', waitMs: detail?.retryAfterMs };
}
