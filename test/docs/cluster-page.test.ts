import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../architecture/imports.js';

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const page = read('docs/running-a-cluster.md');

it('docs/running-a-cluster.md says of each setting what the compose file gives to whom', () => {
  const { services } = parse(read('docker-compose.temporal.yml'), { merge: true }) as {
    services: Record<string, { environment: Record<string, unknown> }>;
  };
  const given = ['api-1', 'control', 'runner'].map((name) => new Set(Object.keys(services[name]?.environment ?? {})));
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| (yes|no) \| (yes|no) \| (yes|no) \|$/gm)];
  const told = Object.fromEntries(rows.map(([, name, ...words]) => [name, words]));
  const names = new Set(given.flatMap((each) => [...each]));
  const expected = [...names].map((name) => [name, given.map((each) => (each.has(name) ? 'yes' : 'no'))]);
  expect(told).toEqual(Object.fromEntries(expected));
});

it('docs/running-a-cluster.md tells every option of npm run cluster', () => {
  const usage = read('workers/cluster.ts').match(/const USAGE = `([^`]+)`/)?.[1] ?? '';
  const options = [...usage.matchAll(/^ {2}(--[\w-]+)/gm)].map((match) => match[1] ?? '');
  expect(options.length).toBe(6);
  for (const option of options) expect(page).toContain(`\`${option}`);
});
