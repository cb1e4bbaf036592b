/** Processes that a supervisor left behind when it was killed hard. They end by themselves; this makes sure. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isSameProcess } from '../../scripts/lib/lock.mjs';
import { readManifest, removeManifest } from './manifest.js';
import type { Say } from './part.js';

/** Parts that notice the end of their supervisor get so long to finish by themselves. */
const GRACE_MS = 5_000;

/** Ends what the last manifest lists and still runs, then forgets that manifest. Call only while holding the stack's lock. */
export async function endOrphans(home: string, say: Say): Promise<void> {
  const manifest = readManifest(home);
  if (!manifest) return;
  const left = () => manifest.parts.filter((part) => part.pid > 0 && isSameProcess(part.pid, part.ticks));
  const found = left();
  if (found.length > 0) {
    say(
      `The last stack was not stopped in an orderly way; ending ${found.map((part) => `${part.name} (pid ${part.pid})`).join(', ')}.`,
    );
    for (const part of found) send(part.pid, 'SIGTERM');
    const deadline = Date.now() + GRACE_MS;
    while (left().length > 0 && Date.now() < deadline) await sleep(50);
    for (const part of left()) send(part.pid, 'SIGKILL');
    while (left().length > 0 && Date.now() < deadline + GRACE_MS) await sleep(20);
  }
  removeManifest(home);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended between the look and the signal.
  }
}
