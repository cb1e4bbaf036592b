/** Ctrl-C and its kin: the first asks for an orderly end, a second one leaves at once. */
import { EXIT } from './exit-codes.js';

/**
 * One Ctrl-C may arrive several times: a terminal sends it to every process in the foreground, and npm hands it on again.
 * Only what comes later than this is a second one.
 */
const ECHO_MS = 400;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface Interrupt {
  /** Fires at the first signal. */
  readonly signal: AbortSignal;
  /** Resolves at the first signal. */
  readonly asked: Promise<void>;
  /** From now on signals have their usual effect again. */
  release(): void;
}

/** `onSecond` must not return for long: the process ends after it. */
export function onInterrupt(onSecond: () => void = () => {}): Interrupt {
  const controller = new AbortController();
  let first = 0;
  const handle = (): void => {
    const now = Date.now();
    if (first === 0) {
      first = now;
      controller.abort();
    } else if (now - first > ECHO_MS) {
      onSecond();
      process.exit(EXIT.cancelled);
    }
  };
  for (const name of SIGNALS) process.on(name, handle);
  const asked = new Promise<void>((resolve) =>
    controller.signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  return {
    signal: controller.signal,
    asked,
    release: () => {
      for (const name of SIGNALS) process.removeListener(name, handle);
    },
  };
}
