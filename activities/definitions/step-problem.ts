import type { StepFailure } from '../../domain/definitions/execution.js';
import type { JsonObject } from '../../domain/definitions/json.js';

/** What a step came to when it did not succeed: an answer, not a reason to try the activity again. */
export class StepProblem extends Error {
  override readonly name = 'StepProblem';
  readonly failure: StepFailure;

  constructor(type: string, message: string, options: { readonly red?: boolean; readonly outputs?: JsonObject } = {}) {
    super(message);
    this.failure = {
      type,
      message: message.slice(0, 1_500),
      red: options.red ?? false,
      ...(options.outputs ? { outputs: options.outputs } : {}),
    };
  }
}
