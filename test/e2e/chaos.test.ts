/** Short storms: the seeds that once found a defect, on the shapes where they did. `npm run chaos` runs long ones. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AmbiguousWrites } from '../chaos/writes.js';
import { hasPostgres } from '../support/postgres.js';
import { clusterShape } from '../chaos/cluster.js';
import { embeddedShape } from '../chaos/embedded.js';
import type { ProjectShape } from '../chaos/ledger-project.js';
import { MIXES, type Mix } from '../chaos/mixes.js';
import { reproduce } from '../chaos/report.js';
import { runSegment } from '../chaos/segment.js';
import type { Shape } from '../chaos/shape.js';

interface Kept {
  readonly seed: number;
  readonly shape: 'embedded' | 'postgres' | 'cluster';
  /** Absent: what was usual before there were mixes. */
  readonly mix?: Mix;
  /** Of the whole storm; here it is cut short. */
  readonly kills: number;
  readonly found: string;
}

const KEPT = JSON.parse(readFileSync(new URL('../chaos/seeds.json', import.meta.url), 'utf8')) as Kept[];
/** Per seed, so that all of them fit into some minutes. */
const KILLS = 7;

const PROJECTS: readonly ProjectShape[] = [
  { name: 'mixed', files: { node: 6, pytest: 3 }, testsPerFile: 3, failing: 0, flaky: 0, ms: [20, 200] },
  { name: 'red', files: { node: 4 }, testsPerFile: 3, failing: 0.1, flaky: 0, ms: [20, 100] },
];

/** Builds the cluster's programs where the cache has them not. */
const openShape = (kind: Kept['shape'], env: Record<string, string>): Promise<Shape> =>
  kind === 'cluster' ? clusterShape({ runners: 2, env, say: () => {} }) : embeddedShape({ kind, runners: 2, env });

describe('a storm of kills, freezes, cuts and full disks', () => {
  it.each(KEPT.filter(({ shape }) => shape === 'embedded' || hasPostgres()))(
    'loses and doubles nothing: seed $seed on $shape',
    async ({ seed, shape: kind, mix }) => {
      const writes = mix === 'writes' ? await AmbiguousWrites.open() : undefined;
      const shape = await openShape(kind, writes?.environment ?? {});
      try {
        const asked = { seed, kills: KILLS, atOnce: 2, projects: PROJECTS, say: () => {} };
        const result = await runSegment(shape, { ...asked, mix, writes, storm: mix && MIXES[mix] });
        console.log(
          `seed ${seed} on ${kind}: ${result.kills} kills, ${result.executions} executions, ${result.results} results, lost ${result.lost}, doubled ${result.doubled}, rerun ${result.rerunNeedlessly}`,
        );
        expect(result.findings, `found again with: ${reproduce(result)}`).toEqual([]);
        expect(result.kills).toBeGreaterThanOrEqual(KILLS);
        expect(result.executions).toBeGreaterThan(0);
        expect({ lost: result.lost, doubled: result.doubled }).toEqual({ lost: 0, doubled: 0 });
      } finally {
        await shape.stop();
      }
    },
    1_800_000,
  );
});
