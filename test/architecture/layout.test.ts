import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importsOf, ROOT, sourceFiles } from './imports.js';

const tracked = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\0')
  .filter((file) => file !== '' && existsSync(join(ROOT, file)));

describe('the project as a whole', () => {
  it.each([
    'package.json',
    'tsconfig.json',
    'workflows',
    'activities',
    'workers',
    'api',
    'docker-compose.temporal.yml',
    'test',
    'README.md',
    'LICENSE',
  ])('has %s at the top', (name) => expect(existsSync(join(ROOT, name))).toBe(true));

  it('runs no second queue, cron or workflow engine beside Temporal', () => {
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const rivals = [
      'bull',
      'bullmq',
      'agenda',
      'node-cron',
      'cron',
      'graphile-worker',
      'pg-boss',
      'bree',
      'node-schedule',
      '@nestjs/schedule',
    ];
    expect(Object.keys(dependencies).filter((name) => rivals.includes(name))).toEqual([]);
    for (const used of ['client', 'worker', 'workflow', 'activity']) {
      const importers = ['workflows', 'activities', 'adapters', 'api', 'config', 'workers']
        .flatMap(sourceFiles)
        .flatMap(importsOf);
      expect(importers.some((i) => i.to === `@temporalio/${used}`)).toBe(true);
    }
  });

  it('names no path of the machine it was written on, and no package registry', () => {
    const marks = [
      /\/work\/main/,
      /\/root\//,
      /registry\.npmjs/,
      /proxy\.golang/,
      /pypi\.org/,
      /repo\.maven/,
      /crates\.io\/api/,
    ];
    const text = tracked.filter(
      (file) => !/\.(png|gz|zip|jar|bin)$/.test(file) && file !== 'test/architecture/layout.test.ts',
    );
    const found = text.flatMap((file) => {
      const content = readFileSync(join(ROOT, file), 'latin1');
      return marks.filter((mark) => mark.test(content)).map((mark) => `${file}: ${mark.source}`);
    });
    expect(found).toEqual([]);
  });

  it('keeps every source file readable in one sitting', () => {
    const lines = (file: string): number => readFileSync(join(ROOT, file), 'utf8').split('\n').length;
    const folders = ['domain', 'workflows', 'activities', 'adapters', 'api', 'config', 'workers', 'cli', 'scripts'];
    const long = folders.flatMap(sourceFiles).filter((file) => lines(file) > 340);
    expect(long.map((file) => `${file}: ${lines(file)} lines; look for the second idea in it`)).toEqual([]);
  });
});
