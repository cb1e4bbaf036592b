import { setTimeout as sleep } from 'node:timers/promises';
import { isSameProcess } from '../../scripts/lib/lock.mjs';
import { runningStack } from '../../workers/stack/manifest.js';
import { endOrphans } from '../../workers/stack/orphans.js';
import { homeOwner, releaseHome } from '../../workers/stack/owner.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

/** Longer than the deadlines of all parts together. */
const STOP_LIMIT_MS = 60_000;

/** `baton down`: asks the supervisor to stop everything, and makes sure. */
export async function down(context: Context): Promise<ExitCode> {
  const { home } = context.settings;
  const say = (line: string): void => void context.stdout.write(`${line}\n`);
  // A stack that is still starting has no manifest yet, but an owner.
  const supervisor = runningStack(home)?.supervisor ?? homeOwner(home);
  if (!supervisor) {
    await endOrphans(home, say);
    say('Nothing is up.');
    return EXIT.green;
  }
  process.kill(supervisor.pid, 'SIGTERM');
  const deadline = Date.now() + STOP_LIMIT_MS;
  while (isSameProcess(supervisor.pid, supervisor.ticks) && homeOwner(home) && Date.now() < deadline) await sleep(50);
  if (homeOwner(home)) {
    say(`The supervisor (pid ${supervisor.pid}) did not stop within ${STOP_LIMIT_MS / 1000} s; ending it.`);
    process.kill(supervisor.pid, 'SIGKILL');
    await endOrphans(home, say);
    releaseHome(home);
  }
  say('Baton is down.');
  return EXIT.green;
}
