/** New commits of one clone. What was seen last is remembered in a file, so that a commit made while Baton was down is seen. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Happening, NOTHING_TOLD } from '../../domain/triggers/happening.js';
import type { Matches } from '../../domain/triggers/match.js';
import type { GitTrigger } from '../../domain/triggers/trigger.schema.js';
import type { WatchState } from '../../domain/triggers/watch.js';
import type { Git } from '../vcs/git.js';
import { factsOf, gitDirOf, headOf, headSign } from './clone.js';

export interface GitWatchDeps {
  readonly git: Git;
  /** Where it is remembered what was seen. */
  readonly home: string;
  readonly matches: Matches;
  told(happening: Happening): Promise<void>;
}

/** A sign may stay the same although the head has moved, such as without a reflog. */
const LOOK_ANYWAY_MS = 4_000;

export class GitWatch {
  private sign: string | undefined;
  private lookedAt = 0;
  private gitDir: string | undefined;
  private problem: string | null = null;
  private seen: string | null = null;

  constructor(
    readonly trigger: GitTrigger,
    private readonly deps: GitWatchDeps,
  ) {}

  state(): WatchState {
    const { name, dir } = this.trigger;
    return { trigger: name, dir, kind: 'git', problem: this.problem, seen: this.seen };
  }

  /** Called every second. */
  async look(): Promise<void> {
    this.problem = await this.trouble();
    if (this.problem !== null || this.gitDir === undefined) return;
    const sign = await headSign(this.gitDir);
    if (sign === this.sign && performance.now() - this.lookedAt < LOOK_ANYWAY_MS) return;
    await this.compare();
    this.sign = sign;
    this.lookedAt = performance.now();
  }

  private async trouble(): Promise<string | null> {
    const { dir, enabled, name, paths } = this.trigger;
    if (!enabled) return `The trigger ${name} is disabled: set \`enabled: true\`.`;
    if (this.gitDir !== undefined && (await exists(this.gitDir))) return this.problem;
    if (!(await exists(dir))) return `There is no directory ${dir}: correct \`dir\` of the trigger ${name}.`;
    this.gitDir = await gitDirOf(this.deps.git, dir);
    if (this.gitDir === undefined)
      return `${dir} is no git repository: make it one with \`git init\`, or correct \`dir\` of the trigger ${name}.`;
    return paths.length === 0 ? null : this.pathTrouble();
  }

  private async pathTrouble(): Promise<string | null> {
    const { dir, name, paths } = this.trigger;
    const files = (await this.deps.git(['ls-files', '-z'], { dir })).split('\0');
    if (files.some((file) => paths.some((pattern) => this.deps.matches(pattern, file)))) return null;
    return `No file of ${dir} matches ${paths.join(', ')}: correct \`paths\` of the trigger ${name}.`;
  }

  private async compare(): Promise<void> {
    const { dir } = this.trigger;
    const head = await headOf(this.deps.git, dir);
    if (!head) return;
    const known = await this.remembered();
    this.seen = `${head.commit.slice(0, 12)} on ${head.branch ?? 'no branch'}`;
    const last = known[head.branch ?? ''];
    if (last === head.commit) return;
    // The first look is no commit; a branch that was made at a commit seen already is none either.
    if (Object.keys(known).length > 0 && !Object.values(known).includes(head.commit)) {
      const facts = await factsOf(this.deps.git, dir, head.commit, last ?? null);
      await this.deps.told({
        ...NOTHING_TOLD,
        event: 'push',
        repository: dir,
        branch: head.branch,
        commit: head.commit,
        before: last ?? null,
        paths: [...facts.files],
        at: Date.now(),
        type: 'commitDetected',
        data: { hash: facts.hash, message: facts.message, files: [...facts.files].slice(0, 200), diff: facts.diff },
      });
    }
    await this.remember({ ...known, [head.branch ?? '']: head.commit });
  }

  private file(): string {
    const id = createHash('sha256').update(`${this.trigger.name}\0${this.trigger.dir}`).digest('hex').slice(0, 32);
    return join(this.deps.home, `${id}.json`);
  }

  /** Head of each branch when it was looked at last. */
  private async remembered(): Promise<Record<string, string>> {
    try {
      return JSON.parse(await readFile(this.file(), 'utf8')) as Record<string, string>;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return {};
      throw error;
    }
  }

  private async remember(heads: Record<string, string>): Promise<void> {
    await mkdir(this.deps.home, { recursive: true });
    await writeFile(this.file(), JSON.stringify(heads));
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
