import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from './imports.js';

it('everything is formatted and free of lint (npx biome check --write .)', () => {
  const biome = join(ROOT, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  const { status, stdout, stderr } = spawnSync(process.execPath, [biome, 'check', '--error-on-warnings', '.'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect(`${stdout}${stderr}`, 'see above').toMatch(/^Checked \d+ files/);
  expect(status).toBe(0);
}, 60_000);
