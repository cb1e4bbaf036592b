/**
 * The control process is killed at each stage of pre-release and of post-deployment, and the mail server is away for a
 * while: the outcome is the same, with one message per channel and one rollback.
 */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changeShop } from '../demo/shop.js';
import { openWorld, type World } from '../demo/world.js';

const LONG = 280_000;
let world: World;
let faults: string;
beforeAll(async () => {
  faults = join(await mkdtemp(join(tmpdir(), 'baton-faults-')), 'faults');
  writeFileSync(faults, '');
  world = await openWorld({ env: { BATON_TEST_BUILD: '1', BATON_FAULTS: `@${faults}` } });
}, LONG);
afterAll(() => world?.stop(), LONG);

/** Each line kills the control process once, at the first passage of the point. */
const killAt = (...lines: readonly string[]): void => writeFileSync(faults, `${lines.join('\n')}\n`);
const struck = (): string[] =>
  existsSync(`${faults}.struck`) ? readdirSync(`${faults}.struck`).map((name) => decodeURIComponent(name)) : [];

const mailsOf = (title: RegExp): number =>
  world.mail.once().filter(({ mail }) => title.test(mail.subject ?? '')).length;
const chatsOf = (title: RegExp): number =>
  world.chat.once().filter(({ data }) => title.test(JSON.stringify(data))).length;

/** Starts it, although the process that would answer is about to be killed. */
async function started(workflow: string, params: Record<string, unknown>, kills: readonly string[]): Promise<string> {
  const { id } = await world.executions.start(workflow, params);
  killAt(...kills);
  return id;
}

/** The API is away while its process is. */
async function ended(id: string): ReturnType<World['ended']> {
  const deadline = Date.now() + LONG;
  for (;;) {
    try {
      return await world.ended(id, deadline - Date.now());
    } catch (error) {
      if (Date.now() > deadline || /is still/.test((error as Error).message)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
}

describe('kills between the stages', () => {
  it(
    'of pre-release change nothing: blocked, one message per channel, one outcome',
    async () => {
      const kills = [
        'ledger.addArtifact:execute-and-exit',
        'ledger.pipelines.suites:exit',
        'ledger.createRun:execute-and-exit',
        'ledger.storeVerdict:exit',
        'ledger.pipelines.figures:execute-and-exit',
        'ledger.pipelines.record:exit',
        'ledger.executions.end:execute-and-exit',
      ];
      const branch = 'feature/killed';
      const commit = changeShop(world.github.repository('acme/shop').git, 'red', branch);
      world.mail.behave = 'later';
      const source = { kind: 'commit', repository: world.repository, commit };
      const id = await started('preRelease', { source, project: 'shop', branch, fix: false }, kills);
      const done = await ended(id);
      world.mail.behave = undefined;
      expect(struck().sort()).toEqual([...kills].sort());
      expect(done).toMatchObject({ status: 'completed', outcome: 'blocked' });
      expect(done.stages.map(({ name, status }) => `${name} ${status}`)).toEqual(
        expect.arrayContaining([
          'analyse passed',
          'risk passed',
          'tests failed',
          'gate blocked',
          'dashboard passed',
          'notify passed',
        ]),
      );
      expect((done.result as { runs: string[] }).runs).toHaveLength(2);
      await expect.poll(() => mailsOf(/merge blocked.*killed/), { timeout: 90_000 }).toBe(1);
      await expect.poll(() => chatsOf(/merge blocked.*killed/), { timeout: 30_000 }).toBe(1);
    },
    LONG,
  );

  it(
    'of post-deployment change nothing: one rollback, one message per channel',
    async () => {
      const before = struck().length;
      const kills = [
        'ledger.executions.begin:execute-and-exit',
        'ledger.effects.begin:execute-and-exit',
        'ledger.effects.settle:exit',
        'ledger.pipelines.requestRetraining:execute-and-exit',
      ];
      const commit = changeShop(world.github.repository('acme/shop').git, 'down', 'release/killed');
      const source = { kind: 'commit', repository: world.repository, commit };
      const params = { source, project: 'shop', environment: 'staging', version: 'v-killed', rollback: true };
      const id = await started('postDeploy', params, kills);
      const done = await ended(id);
      expect(struck().length - before).toBeGreaterThanOrEqual(3);
      expect(done).toMatchObject({ status: 'completed', outcome: 'rolled_back' });
      expect(world.deploys.accepted.filter(({ version }) => version === 'v-killed')).toHaveLength(1);
      await expect.poll(() => mailsOf(/v-killed in staging did not work/), { timeout: 60_000 }).toBe(1);
      await expect.poll(() => chatsOf(/v-killed in staging did not work/), { timeout: 30_000 }).toBe(1);
    },
    LONG,
  );
});
