/** A language model behind a port: structured answers only, with a budget, and everything recorded. */
import type { z } from 'zod';

export interface Question<T> {
  /** What it is for, such as `analyse-failure`; budgets and records are kept by it. */
  readonly purpose: string;
  readonly execution: string;
  readonly project: string;
  /** What the model is to do. Written by Baton, never by a user or a test. */
  readonly instruction: string;
  /** Text that came from outside, by name: fenced and redacted before it is sent. */
  readonly material: Readonly<Record<string, string>>;
  readonly answer: z.ZodType<T>;
  readonly maxTokens: number;
}

export interface Answered<T> {
  readonly value: T;
  readonly model: string;
  readonly tokens: { readonly prompt: number; readonly completion: number };
  /** Where the whole exchange is kept. */
  readonly record: string;
}

/** Why there is no answer. `unavailable`: no model is configured, or the budget is used up. Nothing to retry. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  constructor(
    readonly reason: 'unavailable' | 'budget' | 'refused' | 'invalid',
    message: string,
  ) {
    super(message);
  }
}

/** The model or its server cannot answer now: the same question may be asked again, not before `afterMs` have passed. */
export class ModelBusy extends Error {
  override readonly name = 'ModelBusy';
  constructor(
    readonly afterMs: number,
    message: string,
  ) {
    super(message);
  }
}

export interface Model {
  /** Name of the model, or undefined when none is configured. */
  readonly name: string | undefined;
  /** Throws `NoAnswer`, or `ModelBusy` and what else may be tried again. */
  ask<T>(question: Question<T>): Promise<Answered<T>>;
}
