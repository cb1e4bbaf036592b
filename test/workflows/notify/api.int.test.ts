/** Channels and notifications over HTTP and on the command line. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Context } from '../../../cli/context.js';
import { endOf } from '../../../cli/errors.js';
import { runProgram } from '../../../cli/program.js';
import { readSettings } from '../../../config/config.js';
import { connectNotifications } from '../../../config/client.js';
import { type OpenApi, openApi, postJson } from '../../api/support/api.js';
import {
  channelsOf,
  type NotifyBench,
  openNotifyBench,
  type RunningWorker,
  secret,
} from '../../support/notify/bench.js';
import { aNotice } from '../../support/notify/notice.js';
import { startWebhookReceiver, WEBHOOK_SECRET, type WebhookReceiver } from '../../support/vendors/webhook-receiver.js';

let bench: NotifyBench;
let hook: WebhookReceiver;
let worker: RunningWorker;
let api: OpenApi;

beforeAll(async () => {
  bench = await openNotifyBench();
});
afterAll(() => bench?.close());
beforeEach(async () => {
  hook = await startWebhookReceiver();
  const good = { kind: 'webhook', url: hook.url, secret: secret('HOOK', WEBHOOK_SECRET) };
  const channels = {
    hook: good,
    wrong: { ...good, secret: secret('WRONG', `whsec_${Buffer.alloc(32, 9).toString('base64')}`) },
    missing: { kind: 'discord', webhook: { env: 'NOT_SET' } },
  };
  worker = await bench.work(channelsOf({ channels, routes: [{ channels: ['hook'] }] }));
  api = await openApi({ notices: worker.service });
});
afterEach(async () => {
  await api.close();
  await worker.stop();
  await hook.stop();
});

const get = async (path: string) => {
  const answer = await fetch(api.url + path);
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};

async function baton(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const said: { out: string[]; err: string[] } = { out: [], err: [] };
  const context = {
    settings: readSettings({ BATON_API_URL: api.url }),
    cwd: '/',
    stdout: { write: (text: string) => said.out.push(text) },
    stderr: { write: (text: string) => said.err.push(text) },
    root: '/',
  } as unknown as Context;
  try {
    return { code: await runProgram(context, args), out: said.out.join(''), err: said.err.join('') };
  } catch (error) {
    const end = endOf(error);
    return { code: end.exitCode, out: said.out.join(''), err: [...said.err, end.message].join('') };
  }
}

describe('GET /api/notifications', () => {
  it('lists by state, channel and key, page by page', async () => {
    for (const key of ['l1', 'l2', 'l3']) await worker.service.announce(aNotice(key));
    for (const key of ['l1', 'l2', 'l3']) await worker.settled(key, 'delivered');
    const first = await get('/api/notifications?channel=hook&state=delivered&limit=2');
    expect(first.body['items']).toMatchObject([{ key: 'l3' }, { key: 'l2' }]);
    const second = await get(
      `/api/notifications?channel=hook&state=delivered&limit=2&cursor=${String(first.body['nextCursor'])}`,
    );
    expect(second.body['items']).toMatchObject([{ key: 'l1', state: 'delivered', deliveredAt: expect.any(String) }]);
    expect((await get('/api/notifications?key=l2')).body['items']).toMatchObject([{ channel: 'hook' }]);
    expect((await get('/api/notifications?state=lost')).status).toBe(400);
    expect((await get('/api/notifications/notification_0')).status).toBe(400);
    expect((await get(`/api/notifications/notification_${'0'.repeat(24)}`)).status).toBe(404);
    expect((await get('/api/notices?limit=1')).body['items']).toMatchObject([{ key: 'l3', severity: 'warning' }]);
  });

  it('shows channels without their secrets', async () => {
    const { body } = await get('/api/notifications/channels');
    expect(body['items']).toMatchObject([
      { name: 'hook', kind: 'webhook', where: new URL(hook.url).host },
      { name: 'wrong', state: expect.stringMatching(/unused|failing/) },
      {
        name: 'missing',
        state: 'unusable',
        problem: 'notify.channels.missing.webhook: the environment has no NOT_SET.',
      },
    ]);
    expect(JSON.stringify(body)).not.toContain(WEBHOOK_SECRET);
  });
});

it('POST retry sends what has failed, and is harmless for what has arrived', async () => {
  await worker.service.announce(aNotice('again', { channels: ['wrong'] }));
  const [failed] = await worker.settled('again', 'failed');
  expect(failed).toMatchObject({ tries: 1, why: 'answered 401' });
  expect((await postJson(`${api.url}/api/notifications/${failed!.id}/retry`, {})).status).toBe(202);
  // The news that the channel fails goes to the same receiver, with a good signature.
  await expect.poll(() => hook.violations).toHaveLength(2);
  await worker.service.announce(aNotice('arrived'));
  const [there] = await worker.settled('arrived', 'delivered');
  const answer = await connectNotifications(api.url, undefined).retry(there!.id);
  expect(answer.state).toBe('delivered');
  expect(hook.deliveries.filter(({ body }) => body.type === 'baton.test_failure')).toHaveLength(1);
});

describe('baton', () => {
  it('notify test says what became of it, by its exit code too', async () => {
    expect(await baton('notify', 'test', 'hook')).toMatchObject({ code: 0, out: 'hook: delivered.\n' });
    expect(hook.deliveries.map(({ body }) => body.type)).toEqual(['baton.channel_test']);
    expect(await baton('notify', 'test', 'wrong')).toMatchObject({ code: 1, err: 'wrong: failed, answered 401.\n' });
    const none = await baton('notify', 'test', 'fax');
    expect([none.code, none.err]).toEqual([
      2,
      expect.stringContaining('no channel called fax; there are: hook, wrong, missing'),
    ]);
  });

  it('notifications lists and retries', async () => {
    await worker.service.announce(aNotice('listed'));
    const [there] = await worker.settled('listed', 'delivered');
    expect(JSON.parse((await baton('notifications', '--key', 'listed', '--json')).out)).toMatchObject({
      items: [{ key: 'listed' }],
    });
    expect((await baton('notifications', '--key', 'listed')).out).toContain(`${there!.id}  delivered`);
    expect((await baton('notifications', 'retry', there!.id)).out).toBe(`${there!.id} has been delivered already.\n`);
    expect(await baton('notifications', 'retry', 'x')).toMatchObject({ code: 2 });
    expect((await baton('notify')).out).toContain('hook');
  });
});

it('nothing is under way after its time is over, and then it is forgotten with its effect', async () => {
  await worker.service.announce(aNotice('old'));
  await worker.settled('old', 'delivered');
  await bench.ledger.ledger.retain(0, 0);
  expect(await worker.service.notices({ limit: 10 })).toEqual({ items: [] });
  expect((await worker.service.notifications({ limit: 10 })).items).toEqual([]);
});
