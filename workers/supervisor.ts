/** The supervisor of a detached stack: `node supervisor.js '{"home":…,"ports":…}'`. Ends with SIGTERM; says over its channel when it is ready. */
import { readSettings } from '../config/config.js';
import { locateTemporal } from '../scripts/lib/temporal-server.mjs';
import { StackProblem } from './stack/problem.js';
import { startStack, type StackOptions } from './stack/stack.js';

type PlainOptions = Pick<StackOptions, 'home'> &
  Partial<Pick<StackOptions, 'host' | 'ports' | 'runners' | 'scaling' | 'entries'>>;

const say = (line: string): void => void process.stdout.write(`${new Date().toISOString()} ${line}\n`);
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());

try {
  const options = JSON.parse(process.argv[2] ?? '{}') as PlainOptions;
  const env = readSettings().environment;
  const stack = await startStack({
    ...options,
    env,
    temporal: () => locateTemporal({ env, log: say }),
    say,
    signal: stop.signal,
  });
  process.send?.({ manifest: stack.manifest });
  if (stack.own && !stop.signal.aborted) {
    // The timer keeps the process alive: children alone do once their channels are closed.
    const alive = setInterval(() => {}, 60_000);
    await new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve(), { once: true }));
    clearInterval(alive);
  }
  say('stopping');
  await stack.stop();
  process.exit(0);
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  say(message);
  const usage = error instanceof StackProblem && error.usage;
  if (process.connected) await new Promise((resolve) => process.send?.({ error: { message, usage } }, resolve));
  process.exit(usage ? 2 : 3);
}
