/** The stories of `npm run demo`, one stack for all: what each leaves behind, at whom it arrived, and how often. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExecutionAnswer } from '../../domain/executions.schema.js';
import { STORIES } from '../demo/stories.js';
import { openWorld, type World } from '../demo/world.js';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(async () => {
  await world?.stop();
  expect(world?.github.violations).toEqual([]);
});

const stagesOf = ({ stages }: ExecutionAnswer): [string, string][] => stages.map(({ name, status }) => [name, status]);
const runsOf = ({ result }: ExecutionAnswer): string[] => (result as { runs: string[] }).runs;
/** What stands at the commit: the newest status of the context. */
const standing = (commit: string | null | undefined): string | undefined =>
  world.github
    .repository('acme/shop')
    .statuses.filter(({ sha, context }) => sha === commit && context === 'baton/pre-release')
    .at(-1)?.state;
/** Messages of one execution, in each channel. */
async function heard(kind: string, title: RegExp): Promise<{ mails: number; chat: number }> {
  const count = () => ({
    mails: world.mail.mails.filter(({ mail }) => title.test(mail.subject ?? '')).length,
    chat: world.chat.deliveries.filter(({ body }) => body.type.includes(kind) && title.test(JSON.stringify(body.data)))
      .length,
  });
  await expect.poll(count, { timeout: 30_000 }).toMatchObject({ mails: 1, chat: 1 });
  return count();
}

describe('pre-release', () => {
  it('lets a good change through: seven stages in order, tests side by side, figures and one message', async () => {
    const done = await STORIES.green.tell(world);
    expect(done).toMatchObject({ status: 'completed', outcome: 'passed' });
    expect(stagesOf(done)).toMatchObject([
      ['analyse', 'passed'],
      ['risk', 'passed'],
      ['tests', 'passed'],
      ['gate', 'passed'],
      ['dashboard', 'passed'],
      ['knowledge', expect.any(String)],
      ['notify', 'passed'],
    ]);
    const starts = done.stages.filter(({ status }) => status !== 'skipped').map(({ startedAt }) => startedAt!);
    expect([...starts].sort()).toEqual(starts);
    const [first, second] = runsOf(done);
    // unit and smoke are of high priority, integration is raised by the risk; the rest follows once they are done.
    expect(done.stages[2]!.data).toMatchObject({
      'high-priority': 'passed: unit, integration, smoke',
      rest: 'passed: snapshots',
    });
    const [high, rest] = [await world.baton.client.run(first!), await world.baton.client.run(second!)];
    expect(Date.parse(rest.createdAt)).toBeGreaterThanOrEqual(Date.parse(high.endedAt!));
    const { items } = await world.baton.client.batches(first!);
    const times = items.map(({ startedAt, endedAt }) => [Date.parse(startedAt!), Date.parse(endedAt!)] as const);
    const overlapping = times.some(([from, to], i) => times.some(([a, b], j) => j > i && a < to && from < b));
    expect(overlapping).toBe(true);
    expect(done.stages[1]!.data).toMatchObject({ tier: 'critical', method: 'rules' });
    const events = await fetch(`${world.baton.stack.manifest.api}${done.links.events}?limit=1000`);
    const { items: told } = (await events.json()) as { items: { type: string; seq: number }[] };
    expect(told.map(({ seq }) => seq)).toEqual(told.map((_, i) => i + 1));
    expect(told.filter(({ type }) => type === 'dashboard_updated')).toHaveLength(1);
    await expect.poll(() => standing(done.subject.commit), { timeout: 30_000 }).toBe('success');
    expect(await heard('test_completion', /merge allowed: shop on feature\/green/)).toEqual({ mails: 1, chat: 1 });
  });

  it('starts itself once for a push to a feature branch, however often it is told, and answers it', async () => {
    const done = await STORIES.pushed.tell(world);
    expect(done).toMatchObject({ workflow: 'preRelease', status: 'completed', outcome: 'passed' });
    expect(done.subject).toMatchObject({ branch: 'feature/pushed' });
    const { items } = await world.executions.list({ commit: done.subject.commit! });
    expect(items.map(({ id }) => id)).toEqual([done.id]);
    await expect.poll(() => standing(done.subject.commit), { timeout: 30_000 }).toBe('success');
  });

  it('blocks what breaks a critical suite, and says so once, urgently, with the report', async () => {
    const done = await STORIES.red.tell(world);
    expect(done).toMatchObject({ status: 'completed', outcome: 'blocked' });
    expect(done.sentence).toMatch(/^Merge blocked: unit: 1 test failed; priority high blocks/);
    const gate = done.stages.find(({ name }) => name === 'gate')!;
    expect(gate).toMatchObject({ status: 'blocked' });
    expect(gate.links.filter(({ kind }) => kind === 'run')).toHaveLength(1);
    const fixer = done.stages.find(({ name }) => name === 'fix')!.links[0]!;
    expect((await world.executions.list({ parent: done.id })).items.map(({ id }) => id)).toEqual([fixer.ref]);
    await expect.poll(() => standing(done.subject.commit), { timeout: 30_000 }).toBe('failure');
    expect(await heard('merge_blocked', /merge blocked: shop on feature\/red/)).toEqual({ mails: 1, chat: 1 });
  });

  it('warns of what is red in a suite of low priority, and lists it', async () => {
    const done = await STORIES.warned.tell(world);
    expect(done).toMatchObject({ status: 'completed', outcome: 'warned' });
    expect(done.sentence).toMatch(/snapshots: 1 test failed; priority low warns/);
    await expect.poll(() => standing(done.subject.commit), { timeout: 30_000 }).toBe('success');
  });
});

describe('post-deployment', () => {
  it('says that a deployment works, and asks for predictions to be learned again', async () => {
    const done = await STORIES.verified.tell(world);
    expect(done).toMatchObject({ status: 'completed', outcome: 'verified' });
    expect(stagesOf(done)).toEqual([
      ['smoke', 'passed'],
      ['integration', 'passed'],
      ['retraining', 'passed'],
      ['dashboard', 'passed'],
    ]);
    expect(world.deploys.accepted).toHaveLength(0);
  });

  it('rolls back once what does not work, after a person has agreed', async () => {
    const done = await STORIES.rolledBack.tell(world);
    expect(done).toMatchObject({
      status: 'completed',
      outcome: 'rolled_back',
      result: { rollback: { state: 'done' } },
    });
    expect(world.deploys.accepted).toHaveLength(1);
    expect(world.deploys.accepted[0]).toMatchObject({ environment: 'production', version: 'v2', execution: done.id });
    expect(await heard('deployment_failed', /was rolled back/)).toEqual({ mails: 1, chat: 1 });
    expect(await heard('approval_needed', /be rolled back\?/)).toEqual({ mails: 1, chat: 1 });
  });

  it('never rolls back what nobody wants rolled back', async () => {
    const before = world.deploys.accepted.length;
    const done = await STORIES.left.tell(world);
    expect(done).toMatchObject({ status: 'completed', outcome: 'failed' });
    expect(stagesOf(done).map(([name]) => name)).not.toContain('rollback');
    expect(world.deploys.accepted).toHaveLength(before);
  });
});
