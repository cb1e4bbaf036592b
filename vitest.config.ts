import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import LongestFirst from './test/support/longest-first.js';

// What is waited for comes later on a busy machine; a wait costs nothing where it comes at once.
const shared = { testTimeout: 30_000, hookTimeout: 120_000, expect: { poll: { timeout: 30_000 } } };

export default defineConfig({
  test: {
    // One more than there are cores: tests wait for a server, a clock or a restart a good part of their time.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          ...shared,
          name: 'unit',
          // A unit test leaves nothing behind, so that modules can be shared: reading them anew took a third of the time.
          isolate: false,
          include: ['test/**/*.test.ts'],
          exclude: [
            'test/**/*.int.test.ts',
            'test/e2e/**',
            'test/attacks/**',
            'test/fixtures/**',
            '**/node_modules/**',
          ],
        },
      },
      {
        extends: true,
        test: {
          ...shared,
          name: 'integration',
          include: ['test/**/*.int.test.ts'],
          exclude: ['test/e2e/**', 'test/attacks/**', 'test/fixtures/**', '**/node_modules/**'],
          testTimeout: 300_000,
        },
      },
      {
        extends: true,
        test: {
          ...shared,
          // Whole stacks of about a gigabyte, each with ports and directories of its own, when all others are done. They
          // kill and wait by the clock, so no more of them than there are cores on a small machine.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', 'test/attacks/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
