/**
 * Local activities of a workflow, one after the other. Their results reach a replay in other groups than they first came in
 * (temporalio/sdk-typescript#1744, sdk-python#1881): branches that go on from two of them at one time would then ask for what
 * comes next in another order, and a workflow that is taken over by another process could not go on.
 *
 * None is cut short: what they write must be written, and one that is cancelled just when it begins may never come back.
 * Whoever was cancelled hears of it at the next step.
 */
import { CancellationScope } from '@temporalio/workflow';

type Call = ((...args: unknown[]) => Promise<unknown>) & {
  executeWithOptions(options: object, args: unknown[]): Promise<unknown>;
};

let busy = false;
const waiting: (() => void)[] = [];

/** Begins at once when nothing else is under way, so that the order of commands stays what it was without it. */
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (busy) await new Promise<void>((begin) => waiting.push(begin));
  busy = true;
  try {
    return await CancellationScope.nonCancellable(work);
  } finally {
    const next = waiting.shift();
    if (next) next();
    else busy = false;
  }
}

export function oneAtATime<A extends object>(proxied: A): A {
  return new Proxy(proxied, {
    get(target, name) {
      const call = target[name as keyof A] as unknown as Call;
      return Object.assign((...args: unknown[]) => inTurn(() => call(...args)), {
        executeWithOptions: (options: object, args: unknown[]) => inTurn(() => call.executeWithOptions(options, args)),
      });
    },
  });
}
