/** What waits is told together when its time has come; nothing is told too often, and nothing is lost. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import {
  channelsOf,
  type NotifyBench,
  openNotifyBench,
  type RunningWorker,
  secret,
} from '../../support/notify/bench.js';
import { aNotice } from '../../support/notify/notice.js';
import { startVendors, type Vendors } from '../../support/vendors/index.js';
import { JIRA } from '../../support/vendors/jira.js';
import { PAGERDUTY_KEY } from '../../support/vendors/pagerduty.js';
import { SLACK } from '../../support/vendors/slack.js';
import { startWebhookReceiver, WEBHOOK_SECRET, type WebhookReceiver } from '../../support/vendors/webhook-receiver.js';

let bench: NotifyBench;
let vendors: Vendors;
let hook: WebhookReceiver;
let worker: RunningWorker | undefined;

beforeAll(async () => {
  bench = await openNotifyBench();
});
afterAll(() => bench?.close());
beforeEach(async () => {
  [vendors, hook] = await Promise.all([startVendors(), startWebhookReceiver()]);
});
afterEach(async () => {
  await worker?.stop();
  worker = undefined;
  const violations = [...vendors.violations, ...hook.violations];
  await Promise.all([vendors.stop(), hook.stop()]);
  expect(violations).toEqual([]);
});

const slack = (timing: object) => ({
  kind: 'slack',
  webhook: secret('SLACK', `${vendors.url}${SLACK.path}`),
  ...timing,
});
const bot = () => ({
  kind: 'slack',
  token: secret('SLACK_TOKEN', SLACK.token),
  channel: SLACK.channel,
  apiUrl: `${vendors.url}/slack/api/`,
});
const post = (n: number) => vendors.slack.posts[n]?.text;

it('a digest tells what came within its time in one message; what is critical does not wait', async () => {
  worker = await bench.work(channelsOf({ channels: { digest: slack({ digest: { every: '4s' } }) } }));
  const { service } = worker;
  for (const key of ['g1', 'g2', 'g3']) await service.announce(aNotice(key));
  await service.announce(aNotice('g4', { severity: 'critical' }));
  await worker.settled('g4', 'delivered');
  expect(vendors.slack.posts).toHaveLength(1);
  expect(await worker.settled('g2', 'waiting')).toMatchObject([{ why: 'digest' }]);
  await expect.poll(() => vendors.slack.posts.length).toBe(2);
  expect(post(1)).toBe('🟠 3 notices: 3 warning');
  for (const key of ['g1', 'g2', 'g3'])
    expect(JSON.stringify(vendors.slack.posts[1]!.blocks)).toContain(`${key} failed`);
  const told = (
    await Promise.all(['g1', 'g2', 'g3'].map((key) => worker!.settled(key, 'delivered', 'gathered')))
  ).flat();
  const [leader] = told.filter(({ state }) => state === 'delivered');
  expect(told.filter(({ gatheredIn }) => gatheredIn === leader?.id)).toHaveLength(2);
});

it('quiet hours of a time zone are waited for', async () => {
  const clock = (at: number) => new Date(at).toISOString().slice(11, 16);
  const end = Math.ceil((Date.now() + 2_000) / 60_000) * 60_000;
  const quietHours = { from: clock(end - 120 * 60_000), to: clock(end), timeZone: 'UTC' };
  worker = await bench.work(channelsOf({ channels: { night: slack({ quietHours }) } }));
  await worker.service.announce(aNotice('q1'));
  await worker.service.announce(aNotice('q2', { severity: 'critical' }));
  await worker.settled('q2', 'delivered');
  const [waits] = await worker.settled('q1', 'waiting');
  expect(waits).toMatchObject({ why: 'quiet hours', nextAt: new Date(end).toISOString() });
  await expect.poll(() => vendors.slack.posts.length, { timeout: 70_000 }).toBe(2);
  expect(Date.now()).toBeGreaterThanOrEqual(end);
}, 90_000);

it('a hundred notices at once keep to the limit of the channel, and each is told', async () => {
  worker = await bench.work(channelsOf({ channels: { limited: slack({ rate: { messages: 2, per: '3s' } }) } }));
  const keys = Array.from({ length: 100 }, (_, n) => `burst-${n}`);
  const began = performance.now();
  await Promise.all(keys.map((key) => worker!.service.announce(aNotice(key))));
  await Promise.all(keys.map((key) => worker!.settled(key, 'delivered', 'gathered')));
  const { posts } = vendors.slack;
  // Two in each three seconds that it took, and as many at the beginning.
  expect(posts.length).toBeLessThanOrEqual(2 * Math.ceil((performance.now() - began) / 3_000) + 2);
  const counted = () => posts.map(({ text }) => Number(/(\d+) notices/.exec(text)?.[1] ?? 1));
  await expect.poll(() => counted().reduce((sum, n) => sum + n, 0)).toBe(100);
});

it('one matter is not spoken of twice within its time, unless it is over', async () => {
  worker = await bench.work(channelsOf({ channels: { calm: slack({ perGroup: '5s' }) } }));
  const { service } = worker;
  await service.announce(aNotice('flap-1', { group: 'flap' }));
  await worker.settled('flap-1', 'delivered');
  await service.announce(aNotice('flap-2', { group: 'flap' }));
  expect(await worker.settled('flap-2', 'waiting')).toMatchObject([{ why: 'same matter' }]);
  await service.announce(aNotice('flap-3', { group: 'flap', resolves: true, severity: 'info' }));
  await worker.settled('flap-3', 'delivered');
  await worker.settled('flap-2', 'delivered', 'gathered');
});

it('what belongs together is one thread, one incident, one issue, and ends with its trouble', async () => {
  const channels = {
    bot: bot(),
    pager: { kind: 'pagerduty', routingKey: secret('PD', PAGERDUTY_KEY), url: `${vendors.url}/pagerduty/v2/enqueue` },
    jira: {
      kind: 'jira',
      url: `${vendors.url}/jira`,
      user: JIRA.user,
      token: secret('JIRA', JIRA.token),
      project: 'OPS',
    },
  };
  worker = await bench.work(
    channelsOf({ channels, routes: [{ severities: ['critical'], channels: Object.keys(channels) }] }),
  );
  for (const key of ['down-1', 'down-2']) {
    await worker.service.announce(aNotice(key, { kind: 'alert_firing', severity: 'critical', group: 'shop is down' }));
    await worker.settled(key, 'delivered');
  }
  // No route fits it: it goes where the trouble was told.
  await worker.service.announce(
    aNotice('down-3', { kind: 'alert_resolved', severity: 'info', group: 'shop is down', resolves: true }),
  );
  await worker.settled('down-3', 'delivered');
  const [first, second, third] = vendors.slack.messages;
  expect([second?.thread_ts, third?.thread_ts, third?.reply_broadcast]).toEqual([first?.ts, first?.ts, true]);
  expect(JSON.stringify(first?.blocks[0])).toContain('over: down-3 failed');
  expect(vendors.pagerduty.events.map(({ event_action }) => event_action)).toEqual(['trigger', 'trigger', 'resolve']);
  expect(vendors.pagerduty.incidents).toMatchObject([{ state: 'resolved' }]);
  expect(vendors.jira.issues.map(({ status, comments }) => [status, comments.length])).toEqual([['done', 2]]);
  await worker.service.announce(
    aNotice('down-4', { kind: 'alert_firing', severity: 'critical', group: 'shop is down' }),
  );
  await worker.settled('down-4', 'delivered');
  expect([
    vendors.jira.issues.length,
    vendors.pagerduty.incidents.length,
    vendors.slack.messages.at(-1)?.thread_ts,
  ]).toEqual([2, 2, undefined]);
});

it('the dashboard hears of a notice when it is stored, with or without channels', async () => {
  worker = await bench.work(channelsOf({ channels: {} }));
  const { ledger } = bench.ledger;
  const began = Date.now();
  const heard = new Promise<number>((resolve) => {
    const stop = ledger.onEvents(() => {
      void ledger.events(0, 10_000).then((events) => {
        if (!events.some((event) => event.type === 'notice_posted' && event.payload.key === 'toast')) return;
        stop();
        resolve(Date.now() - began);
      });
    });
  });
  await worker.service.announce(aNotice('toast', { channels: ['fax'] }));
  expect(await heard).toBeLessThan(1_000);
  const { items } = await worker.service.notices({ limit: 1 });
  expect(items).toMatchObject([{ key: 'toast', title: 'toast failed', unknownChannels: ['fax'] }]);
});

it('a webhook that asks for a pause is left alone for so long', async () => {
  hook.behave = (response, attempt) => {
    if (attempt > 1) return false;
    response.writeHead(429, { 'retry-after': '2' }).end();
    return true;
  };
  const channels = { hook: { kind: 'webhook', url: hook.url, secret: secret('HOOK', WEBHOOK_SECRET) } };
  worker = await bench.work(channelsOf({ channels }));
  const began = Date.now();
  await worker.service.announce(aNotice('paused'));
  await worker.settled('paused', 'delivered');
  expect(Date.now() - began).toBeGreaterThanOrEqual(2_000);
  expect(hook.attempts).toBe(2);
});
