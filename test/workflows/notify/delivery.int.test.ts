/** A notice is one message per channel, whatever the channels do; nobody waits for them. */
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
import { DISCORD_PATH, TEAMS_PATH } from '../../support/vendors/cards.js';
import { JIRA } from '../../support/vendors/jira.js';
import { PAGERDUTY_KEY } from '../../support/vendors/pagerduty.js';
import { SLACK } from '../../support/vendors/slack.js';
import { type MailServer, SMTP, startMailServer } from '../../support/vendors/smtp.js';
import { startWebhookReceiver, WEBHOOK_SECRET, type WebhookReceiver } from '../../support/vendors/webhook-receiver.js';

let bench: NotifyBench;
let vendors: Vendors;
let mail: MailServer;
let hook: WebhookReceiver;
let worker: RunningWorker | undefined;

beforeAll(async () => {
  bench = await openNotifyBench();
});
afterAll(() => bench?.close());
beforeEach(async () => {
  [vendors, mail, hook] = await Promise.all([startVendors(), startMailServer(), startWebhookReceiver()]);
});
afterEach(async () => {
  await worker?.stop();
  worker = undefined;
  const violations = [...vendors.violations, ...hook.violations];
  await Promise.all([vendors.stop(), mail.stop(), hook.stop()]);
  expect(violations).toEqual([]);
});

const all = () => ({
  mail: {
    kind: 'email',
    host: '127.0.0.1',
    port: mail.port,
    security: 'none',
    user: secret('SMTP_USER', SMTP.user),
    password: secret('SMTP_PASSWORD', SMTP.password),
    from: 'Baton <baton@example.org>',
    to: ['team@example.org'],
  },
  slack: { kind: 'slack', webhook: secret('SLACK', `${vendors.url}${SLACK.path}`) },
  teams: { kind: 'teams', webhook: secret('TEAMS', `${vendors.url}${TEAMS_PATH}`) },
  discord: { kind: 'discord', webhook: secret('DISCORD', `${vendors.url}${DISCORD_PATH}`) },
  hook: { kind: 'webhook', url: hook.url, secret: secret('HOOK', WEBHOOK_SECRET) },
  pager: { kind: 'pagerduty', routingKey: secret('PD', PAGERDUTY_KEY), url: `${vendors.url}/pagerduty/v2/enqueue` },
  jira: {
    kind: 'jira',
    url: `${vendors.url}/jira`,
    user: JIRA.user,
    token: secret('JIRA', JIRA.token),
    project: 'OPS',
  },
});

const messages = () => ({
  mail: mail.mails.length,
  slack: vendors.slack.posts.length,
  teams: vendors.teams.cards.length,
  discord: vendors.discord.posts.length,
  hook: hook.deliveries.length,
  pager: vendors.pagerduty.incidents.length,
  jira: vendors.jira.issues.length,
});

it('reaches every channel once, however often it is announced', async () => {
  worker = await bench.work(channelsOf({ channels: all() }));
  const notice = aNotice('everybody', { severity: 'critical' });
  await Promise.all([
    worker.announce('a-1', notice),
    worker.announce('a-2', notice, notice),
    worker.service.announce(notice),
  ]);
  const told = await worker.settled('everybody', 'delivered');
  expect(told.map(({ channel }) => channel).sort()).toEqual(Object.keys(all()).sort());
  expect(messages()).toEqual({ mail: 1, slack: 1, teams: 1, discord: 1, hook: 1, pager: 1, jira: 1 });
});

it('a channel that is away delays nobody, and gets its one message when it is back', async () => {
  const { slack, hook: webhook, mail: email } = all();
  vendors.weather.on('*', /slack/, { kind: 'answer', status: 503, body: {} }, Infinity);
  worker = await bench.work(channelsOf({ channels: { slack, hook: webhook, mail: email } }));
  const began = Date.now();
  await worker.announce('b-1', aNotice('dead'));
  expect(Date.now() - began).toBeLessThan(5_000);
  await expect.poll(() => [hook.deliveries.length, mail.mails.length]).toEqual([1, 1]);
  await expect
    .poll(async () => (await worker!.service.channels()).find(({ name }) => name === 'slack'))
    .toMatchObject({
      state: 'failing',
      waiting: 1,
      problem: 'answered 503: {}',
    });
  vendors.weather.clear();
  const told = await worker.settled('dead', 'delivered');
  expect(told.find(({ channel }) => channel === 'slack')!.tries).toBeGreaterThan(0);
  expect(messages()).toMatchObject({ slack: 1, hook: 1, mail: 1 });
});

it('is given up after its tries, stays listed, and is sent when somebody asks again', async () => {
  const { slack } = all();
  vendors.weather.on('*', /slack/, { kind: 'answer', status: 500 }, Infinity);
  worker = await bench.work(channelsOf({ channels: { slack } }), [20, 20]);
  await worker.announce('c-1', aNotice('lost'));
  const [failed] = await worker.settled('lost', 'failed');
  expect(failed).toMatchObject({ tries: 3, why: 'given up after 3 tries: answered 500' });
  vendors.weather.clear();
  expect(await worker.service.retry(failed!.id)).toMatchObject({ state: 'planned' });
  await worker.settled('lost', 'delivered');
  expect(vendors.slack.posts).toHaveLength(1);
});

it('a refusal is not repeated, and the other channels hear of it', async () => {
  const { slack, hook: webhook } = all();
  const gone = { ...slack, webhook: secret('GONE', `${vendors.url}/slack/services/T000/B000/other`) };
  worker = await bench.work(channelsOf({ channels: { chat: gone, hook: webhook } }));
  await worker.announce('d-1', aNotice('refused'));
  const told = await worker.settled('refused', 'failed', 'delivered');
  expect(told.find(({ channel }) => channel === 'chat')).toMatchObject({
    state: 'failed',
    tries: 1,
    why: 'answered 404: "no_service"',
  });
  await expect
    .poll(() => hook.deliveries.map(({ body }) => body.type))
    .toEqual(['baton.test_failure', 'baton.channel_failed']);
});
