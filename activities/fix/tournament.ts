/** The tournament of one patch: everything it must show before it is called verified, in real processes. */
import type { Candidate } from '../../domain/fix/candidate.schema.js';
import { parseDiff } from '../../domain/fix/diff.js';
import { isRed, redAt, refutation, type Seen, type Trials } from '../../domain/fix/judge.js';
import type { Change } from '../../domain/fix/ports.js';
import type { Trialled } from '../../domain/fix/report.schema.js';
import { lineStarts } from '../../domain/fix/suspicion.js';
import type { RepairCase, RepairDeps } from './deps.js';
import { PatchedTree } from './patched-tree.js';
import { runFiles } from './run-files.js';

export class Tournament {
  private readonly tree: PatchedTree;
  private wholeBase: Seen | undefined;

  constructor(
    private readonly deps: RepairDeps,
    private readonly given: RepairCase,
    private readonly base: Seen,
    private readonly baseMs: number,
  ) {
    this.tree = new PatchedTree(given.roots[0]!);
  }

  async of(candidate: Candidate, changes: readonly Change[], rank: number): Promise<Trialled> {
    const { limits } = this.given;
    const repeats: Seen[] = [];
    let whole: Trials['whole'] = null;
    let sabotaged: Seen | null = null;
    try {
      const before = this.hasMore ? await this.unpatched() : undefined;
      await this.tree.apply(changes);
      for (let i = 0; i < limits.repeats; i++) {
        repeats.push(await this.failing());
        if (repeats.at(-1)!.outcome !== 'passed') break;
      }
      if (before && repeats.length === limits.repeats) whole = { base: before, patched: await this.all() };
      const useless = this.useless(candidate, changes);
      if (useless) {
        await this.tree.apply(useless);
        sabotaged = await this.failing();
      }
    } finally {
      await this.tree.restore();
    }
    const reverted = await this.failing();
    const refuted = refutation({ base: this.base, repeats, wanted: limits.repeats, whole, reverted, sabotaged });
    return {
      candidate,
      refuted,
      repeats: repeats.length,
      wholeTests: whole ? whole.patched.tests.length : null,
      revertedRed: redAt(reverted).size,
      sabotage: sabotaged === null ? 'not tried' : isRed(sabotaged) ? 'red' : 'green',
      rank,
    };
  }

  /** Files beside the failing ones. */
  private get hasMore(): boolean {
    const files = (groups: RepairCase['all']): number => groups.reduce((sum, group) => sum + group.files.length, 0);
    return files(this.given.all) > files(this.given.failing);
  }

  private async unpatched(): Promise<Seen> {
    this.wholeBase ??= await this.all();
    return this.wholeBase;
  }

  private async all(): Promise<Seen> {
    const { execution, trust, all, signal } = this.given;
    return (await runFiles(this.deps, { execution, root: this.tree.root, trust, groups: all, signal })).seen;
  }

  private async failing(): Promise<Seen> {
    const { execution, trust, failing, signal } = this.given;
    const timeoutMs = Math.round(Math.max(5_000, this.baseMs * 4 + 2_000));
    return (await runFiles(this.deps, { execution, root: this.tree.root, trust, groups: failing, timeoutMs, signal }))
      .seen;
  }

  /** The patched files with what the patch touched made unusable. */
  private useless(candidate: Candidate, changes: readonly Change[]): Change[] | undefined {
    const [first] = parseDiff(candidate.diff);
    const change = changes.find(({ path }) => path === first?.path);
    if (!first || !change) return undefined;
    const text = this.deps.repair.sabotage(change.path, change.text, offsetOf(first.hunks[0]!, change.text));
    return text === undefined ? undefined : [{ path: change.path, text }];
  }
}

/** Where the first changed line of a hunk begins in the new text. */
function offsetOf(hunk: ReturnType<typeof parseDiff>[number]['hunks'][number], text: string): number {
  const same = hunk.lines.findIndex((line) => line.kind !== 'same');
  const starts = lineStarts(text);
  const line = Math.min(starts.length - 1, Math.max(0, hunk.oldStart - 1 + same));
  const start = starts[line]!;
  const indent = /^\s*/.exec(text.slice(start, start + 400))![0].length;
  return start + indent;
}
