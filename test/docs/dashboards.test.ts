import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Installation } from '../../domain/installation.schema.js';
import { ROOT } from '../architecture/imports.js';

const dir = join(ROOT, 'examples/monitoring');
const read = (file: string): string => readFileSync(join(dir, file), 'utf8');
const known = new Set(
  [...readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8').matchAll(/^\| `(baton_\w+)`/gm)].map((m) => m[1]!),
);
const unknownIn = (text: string): string[] =>
  [...text.matchAll(/baton_\w+/g)]
    .map(([name]) => name.replace(/_(bucket|sum|count)$/, ''))
    .filter((name) => !known.has(name));

interface Board {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly panels: {
    id: number;
    type: string;
    gridPos: object;
    datasource: { type: string };
    targets: { expr: string; refId: string }[];
  }[];
}

describe('examples/monitoring', () => {
  it.each(readdirSync(dir).filter((file) => file.endsWith('.json')))(
    '%s is a dashboard over series that there are',
    (file) => {
      const board = JSON.parse(read(file)) as Board;
      expect([typeof board.uid, typeof board.title, board.schemaVersion]).toEqual(['string', 'string', 39]);
      expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length);
      for (const { targets, datasource } of board.panels) {
        expect(datasource.type).toBe('prometheus');
        expect(targets.length).toBeGreaterThan(0);
        for (const { expr } of targets) expect([expr, unknownIn(expr)]).toEqual([expr, []]);
      }
    },
  );

  it('the rules for Prometheus are over series that there are', () => {
    const text = read('prometheus-alerts.yaml');
    const { groups } = parse(text) as { groups: { rules: { alert: string; expr: string }[] }[] };
    expect(groups.flatMap(({ rules }) => rules).map(({ expr }) => unknownIn(expr))).toEqual([[], [], [], []]);
  });

  it('the settings are valid', () => {
    expect(Installation.safeParse(parse(read('config.yaml'))).error?.issues ?? []).toEqual([]);
  });
});
