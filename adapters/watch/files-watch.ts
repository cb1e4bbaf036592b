/** Files that are saved below a directory, told of once nothing more has been saved for a while. */
import { type FSWatcher, existsSync, statSync, watch } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { type Happening, NOTHING_TOLD } from '../../domain/triggers/happening.js';
import type { Matches } from '../../domain/triggers/match.js';
import type { FilesTrigger } from '../../domain/triggers/trigger.schema.js';
import type { WatchState } from '../../domain/triggers/watch.js';

export interface FilesWatchDeps {
  readonly matches: Matches;
  told(happening: Happening): Promise<void>;
  failed(error: unknown): void;
}

const MAX_PATHS = 1_000;
const WILD = /[*?[\]{}]/;

export class FilesWatch {
  private readonly watchers: FSWatcher[] = [];
  private readonly changed = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private problem: string | null = null;
  private seen: string | null = null;

  constructor(
    readonly trigger: FilesTrigger,
    private readonly deps: FilesWatchDeps,
  ) {}

  state(): WatchState {
    const { name, dir } = this.trigger;
    return { trigger: name, dir, kind: 'files', problem: this.problem, seen: this.seen };
  }

  /** Begins, or begins again when the directories were not there before. Called every second. */
  look(): void {
    if (this.watchers.length === 0) this.problem = this.begin();
  }

  private begin(): string | null {
    const { dir, enabled, name, paths } = this.trigger;
    if (!enabled) return `The trigger ${name} is disabled: set \`enabled: true\`.`;
    if (!isDirectory(dir)) return `There is no directory ${dir}: correct \`dir\` of the trigger ${name}.`;
    const roots = rootsOf(paths).filter((root) => isDirectory(join(dir, root)));
    if (roots.length === 0)
      return `${dir} has no folder for ${paths.join(', ')}: correct \`paths\` of the trigger ${name}.`;
    for (const root of roots) this.watchers.push(this.open(join(dir, root)));
    return null;
  }

  close(): void {
    clearTimeout(this.timer);
    for (const watcher of this.watchers.splice(0)) watcher.close();
  }

  private open(root: string): FSWatcher {
    const watcher = watch(root, { recursive: true, persistent: false }, (_event, name) => {
      if (name !== null) this.note(relative(this.trigger.dir, join(root, name)).split(sep).join('/'));
    });
    watcher.on('error', (error) => {
      this.problem = `${root} cannot be watched any more (${error.message}); it is tried again.`;
      this.close();
    });
    return watcher;
  }

  private note(path: string): void {
    if (/(^|\/)(\.git|node_modules)(\/|$)/.test(path)) return;
    if (!this.trigger.paths.some((pattern) => this.deps.matches(pattern, path))) return;
    if (this.changed.size < MAX_PATHS) this.changed.add(path);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tell(), this.trigger.debounceMs);
  }

  private tell(): void {
    const paths = [...this.changed];
    this.changed.clear();
    this.seen = paths[0] ?? null;
    const happening: Happening = {
      ...NOTHING_TOLD,
      event: 'files',
      repository: this.trigger.dir,
      paths,
      at: Date.now(),
      type: 'fileChanged',
    };
    this.deps.told(happening).catch((error: unknown) => this.deps.failed(error));
  }
}

/** The folders that patterns begin with: nothing beside them needs watching. */
function rootsOf(patterns: readonly string[]): string[] {
  const roots = patterns.map((pattern) => {
    const parts = pattern.split('/');
    const wild = parts.findIndex((part) => WILD.test(part));
    return parts.slice(0, wild < 0 ? -1 : wild).join('/');
  });
  return [...new Set(roots)].filter((root) => !roots.some((other) => other !== root && isBelow(root, other)));
}

const isBelow = (path: string, root: string): boolean => root === '' || path.startsWith(`${root}/`);
const isDirectory = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();
