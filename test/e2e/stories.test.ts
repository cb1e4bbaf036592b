/** The stories of `npm run demo`, one stack for all: what each leaves behind, at whom it arrived, and how often. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExecutionAnswer } from '../../domain/executions.schema.js';
import type { KnowledgeList } from '../../domain/knowledge/api.schema.js';
import type { FixList } from '../../domain/fix/record.schema.js';
import { endPull } from '../demo/deliveries.js';
import { offered } from '../demo/fixes.js';
import { STORIES } from '../demo/stories.js';
import { openWorld, type World } from '../demo/world.js';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(async () => {
  await world?.stop();
  expect([world?.github.violations, world?.vendors.violations]).toEqual([[], []]);
});

const stagesOf = ({ stages }: ExecutionAnswer): [string, string][] => stages.map(({ name, status }) => [name, status]);
const runsOf = ({ result }: ExecutionAnswer): string[] => (result as { runs: string[] }).runs;
/** What stands at the commit: the newest status of the context. */
const standing = (commit: string | null | undefined): string | undefined =>
  world.shop.status(commit ?? '', 'baton/pre-release')?.state;
/** What the knowledge store finds. */
async function lessons(query: string, kind: string): Promise<KnowledgeList['items']> {
  const asked = new URLSearchParams({ query, kind, project: 'shop', limit: '50' });
  const answer = await fetch(`${world.baton.stack.manifest.api}/api/knowledge?${asked}`);
  return ((await answer.json()) as KnowledgeList).items;
}
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
    const outcomes = await lessons('verdict passed of shop', 'outcome');
    const own = outcomes.filter(({ execution }) => runsOf(done).includes(execution));
    expect(own.map(({ id }) => id).sort()).toEqual(
      runsOf(done)
        .map((run) => `outcome/${run}`)
        .sort(),
    );
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
    const report = world.shop.status(done.subject.commit!, 'baton/pre-release')?.target_url ?? '';
    expect(await (await fetch(report)).text()).toContain('a total counts every piece');
    expect(await heard('merge_blocked', /merge blocked: shop on feature\/red/)).toEqual({ mails: 1, chat: 1 });
  });

  it('warns of what is red in a suite of low priority, and lists it', async () => {
    const done = await STORIES.warned.tell(world);
    expect(done).toMatchObject({ status: 'completed', outcome: 'warned' });
    expect(done.sentence).toMatch(/snapshots: 1 test failed; priority low warns/);
    await expect.poll(() => standing(done.subject.commit), { timeout: 30_000 }).toBe('success');
  });
});

describe('auto-fix', () => {
  it('mends a red push in six stages: one draft with evidence and links, and people hear of it', async () => {
    const { preRelease, fix, number } = await offered(world);
    expect(preRelease).toMatchObject({ status: 'completed', outcome: 'blocked' });
    const run = preRelease.stages.find(({ name }) => name === 'gate')!.links.find(({ kind }) => kind === 'run')!.ref;
    const branch = `fix/auto-generated-${fix}`;
    const issue = world.shop.issue(number)!;
    expect(issue).toMatchObject({ state: 'open', labels: ['auto-fix', 'needs-review'] });
    expect(issue.pull).toMatchObject({ head: branch, base: 'feature/mendable', draft: true });
    expect(world.shop.issues.filter(({ pull }) => pull?.base === 'feature/mendable')).toHaveLength(1);
    expect(world.shop.git.git('diff', '--numstat', 'feature/mendable', branch)).toBe('1\t1\tsrc/server/stock.js');
    expect(issue.body).toContain('| The failing tests without the patch again | 1 red |');
    const { links } = await world.baton.client.run(run);
    for (const page of [links.report, `/workflows/${run}`, `/workflows/${fix}`]) expect(issue.body).toContain(page);
    const fixes = async (): Promise<FixList> => (await (await fetch(links.fixes)).json()) as FixList;
    expect(await fixes()).toMatchObject({
      items: [{ execution: fix, run, state: 'offered', pullRequest: number, url: expect.stringContaining('/pull/') }],
    });
    // Slack, and by mail the team and whoever made the commit.
    const title = `Pull request ${number} mends a failure`;
    const mails = () => world.mail.once().filter(({ mail }) => mail.subject?.includes(title));
    const posts = () => world.vendors.slack.posts.filter(({ text }) => text.includes(title));
    await expect.poll(() => [mails().length, posts().length], { timeout: 30_000 }).toEqual([1, 1]);
    expect(mails()[0]!.to).toEqual(expect.arrayContaining(['team@example.org', 'ada@example.org']));

    const merged = performance.now();
    await endPull(world, number, 'merged', 'grace');
    const done = await world.ended(fix);
    expect(performance.now() - merged).toBeLessThan(10_000);
    expect(done).toMatchObject({ outcome: 'merged', sentence: `Pull request ${number} was merged by grace.` });
    expect(stagesOf(done)).toEqual([
      ['analyse', 'passed'],
      ['generate', 'passed'],
      ['apply', 'passed'],
      ['verify', 'passed'],
      ['pull-request', 'passed'],
      ['dashboard', 'passed'],
    ]);
    const failed = (await world.baton.results(run)).filter(({ status }) => status === 'failed');
    expect(done.stages[0]!.data['testIds']).toBe(failed.map(({ testId }) => testId).join(' '));
    expect(await fixes()).toMatchObject({ items: [{ state: 'merged', by: 'grace' }] });
    const remembered = await lessons('the last piece can be sold', 'fix');
    expect(remembered.filter(({ execution }) => execution === fix)).toMatchObject([
      { execution: fix, data: { outcome: 'merged', by: 'grace', fix: expect.stringContaining('src/server/stock.js') } },
    ]);
    // The branch is green again, by the same way that found it red.
    const { id } = await world.started({ workflow: 'preRelease', commit: world.shop.git.head('feature/mendable')! });
    expect(await world.ended(id)).toMatchObject({ outcome: 'passed' });
  });

  it('leaves to people what it cannot mend: no branch, the commit blocked, an alert in each channel', async () => {
    const done = await STORIES.unmended.tell(world);
    expect(done).toMatchObject({ status: 'completed', outcome: 'not_fixable' });
    expect(done.sentence).toMatch(/^Failures of the kind "load" are left to people/);
    expect(stagesOf(done).map(([, status]) => status)).toEqual(['blocked', ...Array<string>(5).fill('skipped')]);
    const commit = world.shop.git.head('feature/unmendable')!;
    await expect.poll(() => world.shop.status(commit, 'baton/auto-fix')?.state, { timeout: 30_000 }).toBe('failure');
    expect(standing(commit)).toBe('failure');
    expect(world.shop.git.git('branch', '--list', `fix/auto-generated-${done.id}`)).toBe('');
    expect(await heard('fix_failed', /No fix for 1 failing test/)).toEqual({ mails: 1, chat: 1 });
  });
});

describe('monitoring', () => {
  it('runs the tests because of an anomaly, linked to the firing that has found it', async () => {
    const done = await STORIES.odd.tell(world);
    expect(done).toMatchObject({ status: 'completed', outcome: 'anomaly' });
    expect(done.sentence).toMatch(/^orders jumped to 3; 12\d was expected/);
    expect(stagesOf(done).map(([name]) => name)).toEqual(['health', 'performance', 'anomalies', 'tests', 'dashboard']);
    const { run } = done.result as { run: string };
    expect(done.stages[3]!.links).toEqual([{ label: 'test run', kind: 'run', ref: run }]);
    expect(await world.baton.client.run(run)).toMatchObject({ verdict: 'passed' });
  });
});

describe('post-deployment', () => {
  it('starts by itself when the code host tells of a deployment, says that it works, and asks for predictions to be learned again', async () => {
    const done = await STORIES.verified.tell(world);
    expect(done).toMatchObject({
      ...{ status: 'completed', outcome: 'verified', principal: 'trigger:deployed' },
      params: { environment: 'staging', version: 'v3' },
    });
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

it('all four are Workflow Types of their own in Temporal', async () => {
  const connection = await Connection.connect({ address: world.baton.stack.manifest.temporal.address });
  const types = new Set<string>();
  for await (const { type } of new Client({ connection }).workflow.list()) types.add(type);
  await connection.close();
  expect([...types]).toEqual(expect.arrayContaining(['preRelease', 'autoFix', 'monitoring', 'postDeploy']));
});
