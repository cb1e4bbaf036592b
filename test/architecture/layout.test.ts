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

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<
  'dependencies' | 'devDependencies',
  Record<string, string>
>;

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
    const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { dev?: boolean }>;
    };
    const shipped = Object.entries(packages)
      .filter(([, { dev }]) => dev !== true)
      .map(([path]) => path.split('node_modules/').at(-1)!);
    expect(shipped).toContain('@temporalio/worker');
    const rivals = [
      'agenda',
      'bee-queue',
      'bree',
      'bull',
      'bullmq',
      'cadence-client',
      'cron',
      'croner',
      'graphile-worker',
      'inngest',
      'kue',
      'node-cron',
      'node-schedule',
      'pg-boss',
      'toad-scheduler',
      '@dbos-inc/dbos-sdk',
      '@nestjs/bull',
      '@nestjs/bullmq',
      '@nestjs/schedule',
      '@restatedev/restate-sdk',
    ];
    expect(shipped.filter((name) => rivals.includes(name))).toEqual([]);
  });

  it('depends on Temporal, NestJS, openai and zod itself, and calls each of them', () => {
    const called = (folders: readonly string[]): Set<string> =>
      new Set(
        folders
          .flatMap(sourceFiles)
          .flatMap(importsOf)
          .flatMap(({ to, typeOnly }) => (typeOnly ? [] : [to])),
      );
    const shipped = called(['domain', 'workflows', 'activities', 'adapters', 'api', 'config', 'workers']);
    for (const name of [
      ...['client', 'worker', 'workflow', 'activity'].map((part) => `@temporalio/${part}`),
      ...['common', 'core', 'platform-ws', 'websockets'].map((part) => `@nestjs/${part}`),
      'openai',
      'zod',
    ])
      expect([name, name in manifest.dependencies, shipped.has(name)]).toEqual([name, true, true]);
    expect(manifest.devDependencies).toHaveProperty(['@temporalio/testing']);
    expect(called(['test/activities'])).toContain('@temporalio/testing');
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
