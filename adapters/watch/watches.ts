/** Every clone and directory of this machine that a trigger names, kept in step with the triggers. */
import type { Happening } from '../../domain/triggers/happening.js';
import type { Trigger } from '../../domain/triggers/trigger.schema.js';
import type { WatchState } from '../../domain/triggers/watch.js';
import { FilesWatch, type FilesWatchDeps } from './files-watch.js';
import { GitWatch, type GitWatchDeps } from './git-watch.js';

export interface WatchesDeps extends Omit<GitWatchDeps, 'told'>, Omit<FilesWatchDeps, 'told'> {
  triggers(): Promise<readonly Trigger[]>;
  told(trigger: Trigger, happening: Happening): Promise<void>;
}

/** How often new and deleted triggers are looked for. */
const SYNC_MS = 3_000;

export interface Watches {
  /** Called every second. */
  look(): Promise<void>;
  states(): WatchState[];
  close(): void;
}

export function openWatches(deps: WatchesDeps): Watches {
  const open = new Map<string, GitWatch | FilesWatch>();
  let syncedAt = Number.NEGATIVE_INFINITY;

  async function sync(): Promise<void> {
    if (performance.now() - syncedAt < SYNC_MS) return;
    const wanted = new Map(
      (await deps.triggers()).flatMap((each) => (isLocal(each) ? [[JSON.stringify(each), each] as const] : [])),
    );
    syncedAt = performance.now();
    for (const [key, watch] of open) {
      if (wanted.has(key)) continue;
      if (watch instanceof FilesWatch) watch.close();
      open.delete(key);
    }
    for (const [key, trigger] of wanted) if (!open.has(key)) open.set(key, watchOf(deps, trigger));
  }

  return {
    async look() {
      await sync();
      for (const watch of open.values()) await watch.look();
    },
    states: () => [...open.values()].map((watch) => watch.state()),
    close() {
      for (const watch of open.values()) if (watch instanceof FilesWatch) watch.close();
    },
  };
}

const isLocal = (trigger: Trigger) => trigger.type === 'git' || trigger.type === 'files';

function watchOf(deps: WatchesDeps, trigger: Trigger): GitWatch | FilesWatch {
  const told = (happening: Happening): Promise<void> => deps.told(trigger, happening);
  if (trigger.type === 'git') return new GitWatch(trigger, { ...deps, told });
  if (trigger.type === 'files') return new FilesWatch(trigger, { ...deps, told });
  throw new Error(`a trigger of the type ${trigger.type} watches nothing`);
}
