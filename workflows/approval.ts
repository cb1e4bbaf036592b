/** Waiting for a person: `POST /api/executions/:id/decide` answers, with who and why. */
import { ApplicationFailure, condition, defineUpdate, setHandler } from '@temporalio/workflow';
import type { Decision } from '../domain/executions.schema.js';

export type Decided = Decision & { readonly by: string };
export const decideUpdate = defineUpdate<void, [Decided]>('decide');

/** One per workflow: holds what is waited for, stage by stage. */
export class Approvals {
  private readonly waiting = new Map<
    string,
    { decided?: Decided; check: ((decision: Decided) => string | null) | undefined }
  >();

  constructor() {
    setHandler(decideUpdate, (decision) => this.take(decision), {
      validator: (decision) => void this.wanted(decision),
    });
  }

  /** Resolves with the decision, or with null when nobody has decided in time. `check` refuses typed inputs that do not fit. */
  async wait(stage: string, withinMs: number, check?: (decision: Decided) => string | null): Promise<Decided | null> {
    const entry: { decided?: Decided; check: typeof check } = { check };
    this.waiting.set(stage, entry);
    try {
      await condition(() => entry.decided !== undefined, withinMs);
      return entry.decided ?? null;
    } finally {
      this.waiting.delete(stage);
    }
  }

  private take(decision: Decided): void {
    this.wanted(decision).decided = decision;
  }

  private wanted(decision: Decided): { decided?: Decided } {
    const open = [...this.waiting].filter(([, { decided }]) => decided === undefined);
    const found =
      decision.stage === undefined && open.length === 1 ? open[0]! : open.find(([name]) => name === decision.stage);
    if (!found) {
      const names = open.map(([name]) => name).join(', ');
      throw ApplicationFailure.nonRetryable(
        names
          ? `It waits for a decision on: ${names}. Name one of them as \`stage\`.`
          : 'It does not wait for a decision.',
        'NotWaiting',
      );
    }
    const complaint = found[1].check?.(decision);
    if (complaint) throw ApplicationFailure.nonRetryable(complaint, 'NotWaiting');
    return found[1];
  }
}
