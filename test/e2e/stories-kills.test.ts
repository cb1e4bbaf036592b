/**
 * The control process is killed at each stage of pre-release, of post-deployment, and on the way from a push over its
 * answer to a pull request that mends it; mail server, code host and model are away for a while. The outcome is the same,
 * with one message per channel, one status per state, one pull request and one rollback.
 */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endPull, happened } from '../demo/deliveries.js';
import { fixerOf } from '../demo/fixes.js';
import { changeShop } from '../demo/shop.js';
import { until } from '../demo/until.js';
import { openWorld, type World } from '../demo/world.js';
import { pushPayload } from '../support/fake-github/webhooks.js';
import { type ModelServer, startModelServer } from '../support/model-server.js';

/** On a machine that is busy with other things; alone each takes about a minute. */
const LONG = 480_000;
let world: World;
let model: ModelServer;
let faults: string;
beforeAll(async () => {
  faults = join(await mkdtemp(join(tmpdir(), 'baton-faults-')), 'faults');
  writeFileSync(faults, '');
  model = await startModelServer({ script: [{ json: { patches: [] } }] });
  world = await openWorld({
    env: { BATON_TEST_BUILD: '1', BATON_FAULTS: `@${faults}`, MODEL_KEY: model.key },
    settings: { model: { name: 'scripted', baseUrl: model.url, apiKey: { env: 'MODEL_KEY' } } },
  });
}, LONG);
afterAll(async () => {
  await world?.stop();
  await model?.stop();
  if (world) expect([world.github.violations, world.vendors.violations]).toEqual([[], []]);
}, LONG);

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
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + LONG; ; ) {
    try {
      return await ask();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
}

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

/** A push with a bug that templates can mend, and the pre-release testing that it starts. */
async function pushed(branch: string): Promise<{ readonly commit: string; readonly preRelease: string }> {
  const commit = changeShop(world.shop.git, 'mendable', branch);
  await happened(world, 'push', pushPayload(world.github.url, world.shop, branch));
  const { id } = await patiently(() => world.started({ workflow: 'preRelease', commit }));
  return { commit, preRelease: id };
}

/** Once the stage has this status and, a moment later, this figure; data of it. */
const stage = (id: string, name: string, status: string, figure?: string) =>
  until(
    async () => {
      const { stages } = await patiently(() => world.executions.get(id));
      const data = stages.find((each) => each.name === name && each.status === status)?.data;
      return figure === undefined || data?.[figure] !== undefined ? data : undefined;
    },
    `${id} does not come to ${name} ${status}`,
    LONG,
  );

const pullsTo = (base: string) => world.shop.issues.filter(({ pull }) => pull?.base === base);
/** Each statement once; a refusal is said again when the rest of the tests has been counted, and then says more. */
function statesOf(commit: string): string[] {
  const all = world.shop.statuses.filter(({ sha, context }) => sha === commit && context === 'baton/pre-release');
  const said = all.map(({ state, description }) => `${state}: ${description}`);
  expect(new Set(said).size, said.join('\n')).toBe(said.length);
  return [...new Set(all.map(({ state }) => state))];
}
async function toldOnce(number: number): Promise<void> {
  const title = new RegExp(`Pull request ${number} mends a failure`);
  await expect.poll(() => [mailsOf(title), chatsOf(title)], { timeout: 60_000 }).toEqual([1, 1]);
}

describe('from a push to a pull request', () => {
  it(
    'kills between the stages change nothing: one pull request of one commit, one status per state, one message per channel',
    async () => {
      const branch = 'feature/mended-all-the-same';
      const onTheWay = [
        'ledger.triggers.receive:execute-and-exit',
        'ledger.triggers.settle:exit',
        // The status is at the host, and nobody has written that down.
        'ledger.effects.settle:exit:2',
        'ledger.fixes.claim:execute-and-exit',
        // The pull request is open, and its fix does not know.
        'ledger.fixes.settle:exit',
        'ledger.triggers.follow:execute-and-exit',
      ];
      killAt(...onTheWay);
      const { commit, preRelease } = await pushed(branch);
      const blocked = await ended(preRelease);
      expect(blocked).toMatchObject({ status: 'completed', outcome: 'blocked' });
      const fix = await patiently(() => fixerOf(world, blocked));
      const between = ['ledger.executions.putStages:execute-and-exit:2', 'ledger.executions.putStages:exit:4'];
      killAt(...onTheWay, ...between);
      const { pullRequest } = await stage(fix, 'dashboard', 'running', 'pullRequest');
      const number = Number(pullRequest);
      expect(pullsTo(branch).map((each) => [each.number, each.labels])).toEqual([
        [number, ['auto-fix', 'needs-review']],
      ]);
      expect(world.shop.git.git('rev-list', '--count', `${commit}..fix/auto-generated-${fix}`)).toBe('1');
      await endPull(world, number, 'merged', 'grace');
      const done = await ended(fix);
      expect(done).toMatchObject({ outcome: 'merged', sentence: expect.stringContaining('by grace') });
      expect(done.stages.map(({ status }) => status)).toEqual(Array(6).fill('passed'));
      expect(struck()).toEqual(expect.arrayContaining([...onTheWay, ...between]));
      expect(statesOf(commit)).toEqual(['pending', 'failure']);
      await toldOnce(number);
      expect(pullsTo(branch)).toHaveLength(1);
    },
    LONG,
  );

  it(
    'neither does a code host that is away, and a model that is',
    async () => {
      const branch = 'feature/fix-alone';
      let asked = 0;
      model.play(() => (++asked <= 2 ? { status: 503 } : { json: { patches: [] } }));
      // The API answers 503 while git works; later nothing is there at all.
      world.github.weather.away();
      const { commit, preRelease } = await pushed(branch);
      const blocked = await ended(preRelease);
      const fix = await fixerOf(world, blocked);
      await stage(fix, 'pull-request', 'running');
      const refusals = (): number =>
        world.github.requests.filter(({ path, status }) => status === 503 && path.includes('/pulls')).length;
      await expect.poll(refusals, { timeout: 60_000, interval: 50 }).toBeGreaterThan(0);
      await world.github.shut();
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      await world.github.open();
      await expect.poll(refusals, { timeout: 60_000, interval: 50 }).toBeGreaterThan(1);
      world.github.weather.clear();
      const { pullRequest } = await stage(fix, 'dashboard', 'running', 'pullRequest');
      expect(blocked).toMatchObject({ outcome: 'blocked' });
      expect(asked).toBe(3);
      expect(pullsTo(branch).map(({ number }) => number)).toEqual([Number(pullRequest)]);
      expect(world.shop.git.git('rev-list', '--count', `${commit}..fix/auto-generated-${fix}`)).toBe('1');
      await expect.poll(() => statesOf(commit), { timeout: 60_000 }).toEqual(['failure']);
      await toldOnce(Number(pullRequest));
    },
    LONG,
  );
});
