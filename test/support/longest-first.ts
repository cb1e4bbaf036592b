/** The longest test files first, so that at the end no worker waits for one that has just begun. */
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Those that take more than a minute beside others, the longest first; a new one that does is added here. */
const LONGEST = [
  'test/e2e/stories-kills.test.ts',
  'test/e2e/workflows.test.ts',
  'test/e2e/chaos.test.ts',
  'test/e2e/cluster-network.test.ts',
  'test/e2e/stories.test.ts',
  'test/e2e/blame.test.ts',
  'test/e2e/schedules.test.ts',
  'test/e2e/pool.test.ts',
  'test/e2e/definitions.test.ts',
  'test/e2e/kills.test.ts',
  'test/attacks/attacks.test.ts',
  'test/e2e/bad-places.test.ts',
  'test/e2e/running.test.ts',
  'test/e2e/restart-everything.test.ts',
  'test/e2e/pool-process.test.ts',
  'test/workflows/schedules.int.test.ts',
  'test/adapters/frameworks/maven.int.test.ts',
  'test/workflows/versions.int.test.ts',
  'test/workflows/notify/killed.int.test.ts',
  'test/replay/mutants.int.test.ts',
  'test/workflows/notify/waiting.int.test.ts',
  'test/activities/watchdog.int.test.ts',
  'test/activities/fix.int.test.ts',
  'test/workflows/push-to-answer.int.test.ts',
  'test/adapters/frameworks/playwright.int.test.ts',
  'test/adapters/frameworks/pytest.int.test.ts',
];

export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = LONGEST.indexOf(relative(this.ctx.config.root, moduleId));
      return at < 0 ? LONGEST.length : at;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}
