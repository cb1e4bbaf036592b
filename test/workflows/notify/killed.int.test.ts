/**
 * The process that sends is killed after the message has left and before that is on record. Where a vendor can be asked
 * there is one message all the same; elsewhere the repetition carries the same id.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { openLedger } from '../../../adapters/store/index.js';
import { CONTROL_QUEUE } from '../../../domain/names.js';
import type { Notice } from '../../../domain/notice.js';
import { compile } from '../../adapters/store/compile.js';
import { testTemplate } from '../../support/ledger.js';
import { aNotice } from '../../support/notify/notice.js';
import { startTemporal, type TestTemporal } from '../../support/temporal.js';
import { startVendors, type Vendors } from '../../support/vendors/index.js';
import { JIRA } from '../../support/vendors/jira.js';
import { PAGERDUTY_KEY } from '../../support/vendors/pagerduty.js';
import { SLACK } from '../../support/vendors/slack.js';
import { type MailServer, SMTP, startMailServer } from '../../support/vendors/smtp.js';
import { startWebhookReceiver, WEBHOOK_SECRET, type WebhookReceiver } from '../../support/vendors/webhook-receiver.js';
import { quietRuntime } from '../../support/worker.js';

const compiled = compile(new URL('../../support/notify/activities-child.ts', import.meta.url));
let server: TestTemporal;
let client: Client;
let connection: NativeConnection;
let workflows: Worker;
let running: Promise<void>;
let vendors: Vendors;
let mail: MailServer;
let hook: WebhookReceiver;
let dir: string;
let dataDir: string;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  quietRuntime();
  [server, vendors, mail, hook] = await Promise.all([
    startTemporal(),
    startVendors(),
    startMailServer(),
    startWebhookReceiver(),
  ]);
  client = new Client({ connection: await Connection.connect({ address: server.address }) });
  connection = await NativeConnection.connect({ address: server.address });
  const quiet = { trace() {}, debug() {}, info() {}, log() {}, warn() {}, error: console.error };
  const workflowsPath = fileURLToPath(new URL('../../support/notify/workflows.ts', import.meta.url));
  const workflowBundle = await bundleWorkflowCode({ workflowsPath, logger: quiet });
  workflows = await Worker.create({ connection, taskQueue: CONTROL_QUEUE, workflowBundle });
  running = workflows.run();
  dir = await mkdtemp(join(tmpdir(), 'baton-notify-kill-'));
  dataDir = join(dir, 'db');
  const first = await openLedger({ kind: 'pglite', dataDir, template: await testTemplate() });
  await first.close();
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
});
afterAll(async () => {
  workflows?.shutdown();
  await running;
  await connection?.close();
  await client?.connection.close();
  await Promise.all([vendors?.stop(), mail?.stop(), hook?.stop(), server?.stop()]);
  compiled.remove();
  await rm(dir, { recursive: true, force: true });
  expect([vendors.violations, hook.violations]).toEqual([[], []]);
});

const settings = () => ({
  allowPrivate: ['127.0.0.0/8'],
  channels: {
    mail: {
      kind: 'email',
      host: '127.0.0.1',
      port: mail.port,
      security: 'none',
      user: { env: 'SMTP_USER' },
      password: { env: 'SMTP_PASSWORD' },
      from: 'baton@example.org',
      to: ['team@example.org'],
    },
    bot: { kind: 'slack', token: { env: 'SLACK_TOKEN' }, channel: SLACK.channel, apiUrl: `${vendors.url}/slack/api/` },
    hook: { kind: 'webhook', url: hook.url, secret: { env: 'HOOK_SECRET' } },
    pager: { kind: 'pagerduty', routingKey: { env: 'PD_KEY' }, url: `${vendors.url}/pagerduty/v2/enqueue` },
    jira: { kind: 'jira', url: `${vendors.url}/jira`, user: JIRA.user, token: { env: 'JIRA_TOKEN' }, project: 'OPS' },
  },
});

function startActivities(dieAt: string, channel = ''): { child: ChildProcess; ended: Promise<unknown> } {
  const child = spawn(process.execPath, [compiled.file, server.address, dataDir, JSON.stringify(settings()), dieAt], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      DIE_FOR: channel,
      SMTP_USER: SMTP.user,
      SMTP_PASSWORD: SMTP.password,
      SLACK_TOKEN: SLACK.token,
      HOOK_SECRET: WEBHOOK_SECRET,
      PD_KEY: PAGERDUTY_KEY,
      JIRA_TOKEN: JIRA.token,
    },
  });
  children.add(child);
  return { child, ended: once(child, 'exit') };
}

/** Kills while `channel` is told, starts again, and waits until everything is told. */
async function killedWhile(channel: string, notice: Notice): Promise<void> {
  const doomed = startActivities('ledger.notification-delivered.before-commit', channel);
  const args = [[{ ...notice, channels: [channel] }]];
  await client.workflow.execute('announcing', { workflowId: `announcing-${channel}`, taskQueue: CONTROL_QUEUE, args });
  expect(await doomed.ended).toEqual([null, 'SIGKILL']);
  const next = startActivities('');
  const open = () => client.workflow.list({ query: `WorkflowType = 'notification' AND ExecutionStatus = 'Running'` });
  await expect.poll(async () => (await all(open())).length, { timeout: 60_000, interval: 500 }).toBe(0);
  next.child.kill('SIGTERM');
  await next.ended;
  const ledger = await openLedger({ kind: 'pglite', dataDir });
  const { items } = await ledger.notices.notifications({ key: notice.key, limit: 10 });
  const effects = await ledger.effects.open(10);
  await ledger.close();
  expect(items.map(({ state }) => state)).toEqual(['delivered']);
  expect(effects).toEqual([]);
}

it('Slack with a bot token: found, and not sent again', async () => {
  await killedWhile('bot', aNotice('slack-kill'));
  expect(vendors.slack.messages.map(({ metadata }) => metadata?.event_payload['id'])).toHaveLength(1);
});

it('Jira: one issue', async () => {
  await killedWhile('jira', aNotice('jira-kill'));
  expect(vendors.jira.issues.map(({ summary, comments }) => [summary, comments.length])).toEqual([
    ['shop: jira-kill failed', 0],
  ]);
});

it('PagerDuty: one incident', async () => {
  await killedWhile('pager', aNotice('pager-kill', { severity: 'critical' }));
  expect(vendors.pagerduty.incidents).toHaveLength(1);
});

it('a webhook and a mail server cannot be asked: the repetition has the id of the first', async () => {
  await killedWhile('hook', aNotice('hook-kill'));
  expect([hook.deliveries.length, hook.once().length]).toEqual([2, 1]);
  await killedWhile('mail', aNotice('mail-kill'));
  expect([mail.mails.length, mail.once().length]).toEqual([2, 1]);
});

async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const each of list) found.push(each);
  return found;
}
