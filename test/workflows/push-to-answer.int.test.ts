/** From a signed delivery to what stands at the host: real API, real Temporal, real git, a GitHub that checks what it is told. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createExecutionActivities } from '../../activities/executions/index.js';
import { executionStarter } from '../../activities/executions/start.js';
import { type Api, createApi } from '../../api/app.js';
import { temporalWorkflows } from '../../api/engine/workflow-engine.js';
import { newExecutionId } from '../../api/runs/run-id.js';
import type { Feature } from '../../config/features/feature.js';
import { openCodeHosts } from '../../config/features/code-hosts.js';
import { type HostsBase, hostsFeature } from '../../config/features/hosts.js';
import { secretsOf } from '../../config/installation.js';
import { pagesOf } from '../../config/pages.js';
import { builtIn } from '../../domain/catalog.js';
import type { WorkflowExecution } from '../../domain/executions.schema.js';
import { Installation } from '../../domain/installation.schema.js';
import type { Delivery } from '../../domain/triggers/ports.js';
import { MemoryArtifacts } from '../api/support/memory-artifacts.js';
import { recordingLogger, RecordingEngine, RUNNER_TOKEN } from '../api/support/api.js';
import { type FakeGitHub, startFakeGitHub } from '../support/fake-github.js';
import type { FakeRepository } from '../support/fake-github/state.js';
import { deliver, delivery, pullRequestPayload, pushPayload } from '../support/fake-github/webhooks.js';
import { primaryLimit } from '../support/fake-host/weather.js';
import { openTestLedger, type TestLedger } from '../support/ledger.js';
import { startTemporal, type TestTemporal } from '../support/temporal.js';
import { aBatchRef, type Bench, openBench, type Script, script } from '../support/worker.js';
import { keepHistory } from '../support/keep-history.js';

const SECRET = 'a secret of the webhook';
let server: TestTemporal;
let bench: Bench;
let opened: TestLedger;
let hub: FakeGitHub;
let repo: FakeRepository;
let api: Api;
let url: string;
let feature: Feature;
let base: HostsBase;
const signals: unknown[][] = [];
/** Throws after the work where a test says so: a process that died before it could write down what it did. */
let dyingAt: (method: string, key: string) => boolean = () => false;

beforeAll(async () => {
  server = await startTemporal();
  bench = await openBench(server.address);
});
afterAll(async () => {
  await bench?.close();
  await server?.stop();
});

beforeEach(async () => {
  opened = await openTestLedger();
  hub = await startFakeGitHub('acme/shop');
  repo = hub.repository('acme/shop');
  repo.git.commit('main', { 'src/a.ts': 'a' });
  signals.length = 0;
  dyingAt = () => false;
  await open();
}, 60_000);
afterEach(async () => {
  await api.close();
  await feature.stop?.();
  const { violations } = hub;
  await hub.stop();
  await opened.close();
  expect(violations).toEqual([]);
});

async function open(): Promise<void> {
  const environment = { HOOK: SECRET, FIRE: 'a-token', KEY: hub.app.privateKey, PATH: process.env['PATH'] };
  const installation = Installation.parse({
    codeHosts: [
      {
        kind: 'github',
        url: hub.url,
        app: { id: hub.app.app, privateKey: { env: 'KEY' } },
        webhookSecrets: [{ env: 'HOOK' }],
        paced: false,
      },
    ],
    triggers: [
      { type: 'webhook', name: 'push', url: '/hooks/github', workflow: 'commit-check', repositories: ['acme/*'] },
      { type: 'webhook', name: 'off', url: '/hooks/off', workflow: 'commit-check', enabled: false },
      { type: 'api', name: 'fire', workflow: 'commit-check', token: { env: 'FIRE' } },
      {
        type: 'event',
        name: 'deployed',
        workflow: 'commit-check',
        types: ['org.example.*'],
        parameters: { context: 'after-deploy' },
      },
    ],
  });
  const { ledger } = opened;
  const engine = temporalWorkflows({ client: bench.client, namespace: 'default', webUi: undefined });
  const workflows = { ...engine, signal: async (...args: unknown[]) => void signals.push(args) };
  const executions = executionStarter({ ledger: ledger.executions, engine, catalog: builtIn, newId: newExecutionId });
  const effects = {
    ...ledger.effects,
    settle: async (key: string, ...rest: ['confirmed' | 'unknown', (string | null)?]) => {
      if (dyingAt('settle', key)) throw new Error('the process died here');
      await ledger.effects.settle(key, ...rest);
    },
  };
  base = {
    settings: { environment, home: opened.dataDir, machine: 'here' } as unknown as HostsBase['settings'],
    installation,
    secrets: secretsOf({ environment }),
    log: recordingLogger([]) as unknown as HostsBase['log'],
    client: bench.client,
    ledger: { ...ledger, effects },
    artifacts: new MemoryArtifacts(),
    engine: new RecordingEngine(),
    workflows,
    pages: pagesOf({ publicUrl: 'https://baton.example' }, workflows),
    executions,
    catalog: builtIn,
    hosts: openCodeHosts({ environment }, installation, secretsOf({ environment })),
  };
  feature = hostsFeature(base);
  api = await createApi({
    ledger,
    artifacts: base.artifacts,
    engine: base.engine,
    host: '127.0.0.1',
    port: 0,
    runnerToken: RUNNER_TOKEN,
    version: 'test',
    receiptKeys: [],
    lanes: () => 1,
    logger: recordingLogger([]),
    ...feature.api,
  });
  url = (await api.listen()).url;
}

const activities = (change: Partial<Script> = {}): Script =>
  ({
    ...script([aBatchRef('b1')], change),
    ...createExecutionActivities({ ledger: opened.ledger, executions: base.executions, host: 'here', weights: {} }),
    ...feature.activities,
  }) as Script;

const red: Partial<Script> = {
  conclude: async ({ ended }) => ({
    verdict: ended.how === 'cancelled' ? 'cancelled' : 'failed',
    totals: { passed: 1, failed: 2, skipped: 0, flaky: 0, notRun: 0 },
    sentence: '2 of 3 tests failed',
  }),
};

async function until<T>(look: () => Promise<T | undefined>, what: string, withinMs = 60_000): Promise<T> {
  for (const began = performance.now(); ; ) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() - began > withinMs)
      throw new Error(`${what} did not happen: ${JSON.stringify(await deliveries())}`);
    await sleep(50);
  }
}

const deliveries = (): Promise<Delivery[]> => opened.ledger.triggers.deliveries(50);
const executions = async (): Promise<WorkflowExecution[]> =>
  (await opened.ledger.executions.list({ limit: 50 })).items.filter((each) => each.workflow === 'commitCheck');
const ended = (count: number): Promise<WorkflowExecution[]> =>
  until(async () => {
    const all = await executions();
    return all.length >= count && all.every((each) => each.endedAt !== null) ? all : undefined;
  }, `the end of ${count} executions`);
const answered = (id: string) => bench.client.workflow.getHandle(`${id}/answer`).result();
const push = (branch: string, before?: string) => delivery('push', pushPayload(hub.url, repo, branch, before), SECRET);
const states = (commit: string): string[] =>
  repo.statuses.filter((each) => each.sha === commit && each.context === 'baton').map((each) => each.state);

async function keep(shape: string, id: string): Promise<void> {
  const [{ source, id: own }] = (await deliveries()) as [Delivery];
  const of = (workflow: string) => bench.client.workflow.getHandle(workflow);
  await keepHistory(of(id), 'commitCheck', shape);
  await keepHistory(of(`${id}/answer`), 'answer', shape);
  await keepHistory(of(`delivery/${source}/${own}`), 'delivery', shape);
}

describe('a push', () => {
  it('is one execution however often it is delivered, with one status, one check and one comment', async () => {
    const commit = repo.git.commit('feature/a', { 'src/a.ts': 'broken' });
    const pull = repo.openPull('feature/a');
    await bench.withWorkers(activities(red), async () => {
      const sent = push('feature/a');
      const began = performance.now();
      const answers = await Promise.all(Array.from({ length: 20 }, () => deliver(`${url}/hooks/github`, sent)));
      expect(performance.now() - began).toBeLessThan(5_000);
      expect(answers.map((each) => each.status)).toEqual(Array(20).fill(202));
      const replayed = await deliver(`${url}/hooks/github`, {
        ...sent,
        headers: { ...sent.headers, 'x-github-delivery': 'another' },
      });
      expect(await replayed.json()).toMatchObject({ state: 'duplicate' });
      await until(async () => ((await executions()).length > 0 ? true : undefined), 'the start', 5_000);
      const [execution] = await ended(1);
      await answered(execution!.id);
      expect(execution).toMatchObject({
        principal: 'trigger:push',
        outcome: 'failed',
        subject: { commit, branch: 'feature/a' },
      });
    });
    expect(await executions()).toHaveLength(1);
    expect((await deliveries())[0]).toMatchObject({ duplicates: 20, state: 'done' });
    expect(states(commit).at(-1)).toBe('failure');
    expect(states(commit).length).toBeLessThanOrEqual(2);
    expect(repo.checks.map(({ name, conclusion }) => [name, conclusion])).toEqual([['baton', 'failure']]);
    expect(repo.comments.map((each) => [each.issue, each.body.includes('2 of 3 tests failed')])).toEqual([
      [pull, true],
    ]);
  });

  it('answers exactly once when the process dies between sending and writing it down, each time', async () => {
    const commit = repo.git.commit('feature/b', { 'src/a.ts': 'broken' });
    repo.openPull('feature/b');
    const died = new Set<string>();
    dyingAt = (_method, key) => {
      if (died.has(key)) return false;
      died.add(key);
      return true;
    };
    hub.weather.on('POST', /comments$/, { kind: 'drop', when: 'after' });
    hub.weather.on('POST', /check-runs$/, { kind: 'drop', when: 'after' });
    await bench.withWorkers(activities(red), async () => {
      await deliver(`${url}/hooks/github`, push('feature/b'));
      const [execution] = await ended(1);
      await answered(execution!.id);
    });
    expect(died.size).toBeGreaterThanOrEqual(4);
    expect(states(commit).filter((each) => each === 'failure')).toHaveLength(1);
    expect(repo.checks).toHaveLength(1);
    expect(repo.checks[0]).toMatchObject({ conclusion: 'failure' });
    expect(repo.comments).toHaveLength(1);
    expect((await opened.ledger.effects.open(50)).filter((each) => each.state === 'planned')).toEqual([]);
  });

  it('says the newest once a host that was away or full is back, and the verdict does not wait for it', async () => {
    const commit = repo.git.commit('feature/c', { 'src/a.ts': 'c' });
    hub.weather.away();
    await bench.withWorkers(activities(), async () => {
      await deliver(`${url}/hooks/github`, push('feature/c'));
      const [execution] = await ended(1);
      expect(execution).toMatchObject({ outcome: 'passed' });
      hub.weather.clear();
      hub.weather.on('POST', /statuses/, primaryLimit(1), 2);
      await answered(execution!.id);
      await keep('host-away', execution!.id);
    });
    // The first word may have been under way when the host came back; it never comes after the last one.
    expect(states(commit).at(-1)).toBe('success');
    expect(states(commit).length).toBeLessThanOrEqual(2);
    expect(repo.comments).toEqual([]);
  });

  it('takes the place of an older one of its branch, also when that arrives late', async () => {
    const older = repo.git.commit('feature/d', { 'src/a.ts': '1' });
    const first = push('feature/d');
    // Hosts tell seconds: what comes within one, without the push between, has no order.
    await sleep(1_100);
    const newer = repo.git.commit('feature/d', { 'src/a.ts': '2' });
    const second = push('feature/d', older);
    const newest = repo.git.commit('feature/d', { 'src/a.ts': '3' });
    const third = push('feature/d', newer);
    const hangs: Partial<Script> = {
      planRun: async ({ execution }) => {
        const run = await opened.ledger.run(execution);
        if (run?.source.kind === 'commit' && run.source.commit === older) {
          const beat = setInterval(() => Context.current().heartbeat(), 100);
          await Context.current().cancelled.finally(() => clearInterval(beat));
        }
        return script([aBatchRef('b1')]).planRun({ execution });
      },
    };
    await bench.withWorkers(activities(hangs), async () => {
      await deliver(`${url}/hooks/github`, first);
      await until(async () => ((await executions())[0]?.status === 'running' ? true : undefined), 'the first');
      await deliver(`${url}/hooks/github`, third);
      await ended(2);
      await deliver(`${url}/hooks/github`, second);
      await until(async () => ((await deliveries())[0]?.state === 'done' ? true : undefined), 'the late one');
      for (const { id } of await executions()) await answered(id);
      await keep('superseded', (await executions()).at(-1)!.id);
    });
    const all = await executions();
    expect(all.map((each) => [each.subject.commit, each.status])).toEqual([
      [newest, 'completed'],
      [older, 'cancelled'],
    ]);
    expect((await deliveries())[0]?.sentence).toContain('not the newest');
    expect(states(newest).at(-1)).toBe('success');
    expect(states(older).at(-1)).toBe('error');
  });
});

describe('claims', () => {
  it('a branch that was set back to a superseded commit starts it again; a late delivery does not', async () => {
    const { triggers } = opened.ledger;
    const claim = (commit: string, before: string | null) =>
      triggers.claim({ trigger: 't', repository: 'r', commit, lane: 'main', before, at: null, supersede: true });
    const own = { trigger: 't', repository: 'r', commit: 'a' };
    expect(await claim('a', null)).toMatchObject({ state: 'claimed', generation: 1 });
    expect(await triggers.started(own, 'wf_a')).toBe('started');
    expect(await claim('b', 'a')).toMatchObject({ state: 'claimed', older: [{ commit: 'a', execution: 'wf_a' }] });
    expect(await triggers.superseded('t', 'r', ['a'])).toEqual(['wf_a']);
    expect(await triggers.superseded('t', 'r', ['a'])).toEqual([]);
    // It was under way in another process when the newer one came: whoever has started it ends it.
    expect(await triggers.started(own, 'wf_a')).toBe('superseded');
    expect(await claim('a', null)).toMatchObject({ state: 'superseded', generation: 1 });
    expect(await claim('a', 'b')).toMatchObject({ state: 'claimed', execution: null, generation: 2 });
    const many = await Promise.all(Array.from({ length: 20 }, () => claim('c', 'a')));
    expect(new Set(many.map((each) => each.state))).toEqual(new Set(['claimed']));
  });
});

describe('deliveries', () => {
  const post = (path: string, body: object | string, headers: Record<string, string>) =>
    fetch(`${url}${path}`, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });

  it('that prove nothing, or nobody waits for, start nothing', async () => {
    const good = push('main');
    const to = (path: string, change: Record<string, string>, body = good.body) =>
      post(path, body, { ...good.headers, ...change });
    expect((await post('/hooks/github', good.body, {})).status).toBe(401);
    expect((await to('/hooks/github', { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` })).status).toBe(401);
    expect((await to('/hooks/github', {}, `${good.body} `)).status).toBe(401);
    expect((await to('/hooks/nobody', {})).status).toBe(404);
    expect((await to('/hooks/off', {})).status).toBe(403);
    expect((await to('/hooks/github', { 'content-encoding': 'gzip' })).status).toBe(415);
    expect((await to('/hooks/github', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(415);
    repo.git.commit('wip', { 'src/a.ts': 'w' });
    const other = push('wip');
    expect(await (await deliver(`${url}/hooks/github`, other)).json()).toMatchObject({
      state: 'ignored',
      reason: expect.stringContaining('push: not for the branch wip'),
    });
    const ping = delivery('ping', { zen: 'x' }, SECRET);
    expect(await (await deliver(`${url}/hooks/github`, ping)).json()).toMatchObject({
      state: 'ignored',
      reason: 'a ping',
    });
    const large = delivery('push', { big: 'x'.repeat(26 * 1024 * 1024) }, SECRET);
    expect((await deliver(`${url}/hooks/github`, large)).status).toBe(413);
    expect(await executions()).toEqual([]);
  });

  it('with a token, and as a CloudEvent, are one execution each', async () => {
    const commit = repo.git.head('main')!;
    const data = { repository: `${hub.url}/acme/shop.git`, commit, branch: 'main' };
    const bearer = { authorization: 'Bearer a-token', 'idempotency-key': 'once' };
    expect((await post('/api/triggers/fire/fire', data, {})).status).toBe(401);
    expect((await post('/api/triggers/fire/fire', data, { authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await post('/api/triggers/nobody/fire', data, { authorization: 'Bearer a-token' })).status).toBe(401);
    const event = { specversion: '1.0', id: 'e1', source: '/eu', type: 'org.example.deployed', data };
    await bench.withWorkers(activities(), async () => {
      expect(await (await post('/api/triggers/fire/fire', data, bearer)).json()).toEqual({
        delivery: 'once',
        state: 'accepted',
        reason: null,
      });
      expect(await (await post('/api/triggers/fire/fire', data, bearer)).json()).toMatchObject({ state: 'duplicate' });
      const cloud = { 'content-type': 'application/cloudevents+json' };
      expect(await (await post('/api/events', event, cloud)).json()).toMatchObject({ state: 'accepted' });
      expect(await (await post('/api/events', event, cloud)).json()).toMatchObject({ state: 'duplicate' });
      expect((await post('/api/events', { ...event, specversion: '2' }, cloud)).status).toBe(400);
      const all = await ended(2);
      for (const { id } of all) await answered(id);
      expect(all.map((each) => each.principal).sort()).toEqual(['trigger:deployed', 'trigger:fire']);
      expect(all.map((each) => each.params['context']).sort()).toEqual(['after-deploy', 'baton']);
    });
  });

  it('are handed on later when the engine is away, and nothing is lost', async () => {
    repo.git.commit('feature/e', { 'src/a.ts': 'e' });
    const [hand] = feature.watches ?? [];
    const real = bench.client.workflow.start;
    (bench.client.workflow as { start: unknown }).start = () => Promise.reject(new Error('connect ECONNREFUSED'));
    try {
      expect((await deliver(`${url}/hooks/github`, push('feature/e'))).status).toBe(202);
    } finally {
      bench.client.workflow.start = real;
    }
    await bench.withWorkers(activities(), async () => {
      await until(async () => {
        await hand?.work();
        return (await executions()).length > 0 ? true : undefined;
      }, 'the start');
      const [execution] = await ended(1);
      await answered(execution!.id);
    });
    expect(await executions()).toHaveLength(1);
  });

  it('of a pull request reach the execution that follows it', async () => {
    repo.git.commit('fix/auto-generated-1', { 'src/a.ts': 'fixed' });
    const number = repo.openPull('fix/auto-generated-1');
    await opened.ledger.triggers.follow(`${new URL(hub.url).host}/acme/shop`, number, 'wf_follower');
    repo.endPull(number, 'merged', 'grace');
    const merged = delivery('pull_request', pullRequestPayload(hub.url, repo, number, 'closed'), SECRET);
    await bench.withWorkers(activities(), async () => {
      await deliver(`${url}/hooks/github`, merged);
      await until(async () => (signals.length > 0 ? true : undefined), 'the signal');
      const [execution] = await ended(1);
      await answered(execution!.id);
    });
    expect(signals).toMatchObject([['wf_follower', 'pullRequest', [{ number, state: 'merged', by: 'grace' }]]]);
  });
});
