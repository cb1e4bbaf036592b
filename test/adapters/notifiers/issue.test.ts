/** One issue at a code host for each matter: made, kept up to date, closed when it is over. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { codeHosts } from '../../../adapters/code-hosts/index.js';
import { issueNotifier } from '../../../adapters/notifiers/issue.js';
import { messageOf } from '../../../domain/notify/message.js';
import type { Notice } from '../../../domain/notice.js';
import type { Notifier } from '../../../domain/notify/ports.js';
import { type FakeGitHub, startFakeGitHub } from '../../support/fake-github.js';
import { aNotice } from '../../support/notify/notice.js';

let hub: FakeGitHub;
let notifier: Notifier;
beforeEach(async () => {
  hub = await startFakeGitHub('acme/shop');
  const host = codeHosts([
    { kind: 'github', url: hub.url, access: { token: hub.token }, paced: false, timeoutMs: 2_000 },
  ])(`${hub.url}/acme/shop.git`);
  if (!host) throw new Error('no host');
  notifier = issueNotifier({ host, labels: ['ci'] });
});
afterEach(async () => {
  const { violations } = hub;
  await hub.stop();
  expect(violations).toEqual([]);
});

const message = (id: string, change: Partial<Notice>) =>
  messageOf(id, [{ notice: aNotice('k', { group: 'cart', ...change }), time: '2026-01-10T12:00:00.000Z' }], {
    templates: {},
  });

it('two messages of one matter are one issue, and the end of it closes it', async () => {
  const first = await notifier.send(message('m1', { title: 'cart is red' }), null);
  const second = await notifier.send(message('m2', { title: 'cart is still red' }), first.thread ?? null);
  expect(second.reference).toBe(first.reference);
  const { issues } = hub.repository('acme/shop');
  expect(issues.map(({ title, state }) => [title, state])).toEqual([['shop: cart is still red', 'open']]);
  expect(await notifier.send(message('m3', { resolves: true }), second.thread ?? null)).toMatchObject({ thread: null });
  expect(issues.map(({ state }) => state)).toEqual(['closed']);
});

it('a host that is away is tried again, one that refuses is not', async () => {
  hub.weather.away();
  await expect(notifier.send(message('m1', {}), null)).rejects.toMatchObject({ name: 'NotDelivered', how: 'again' });
  hub.weather.clear();
  hub.weather.on('*', /issues/, { kind: 'answer', status: 401, body: { message: 'Bad credentials' } });
  await expect(notifier.send(message('m1', {}), null)).rejects.toMatchObject({ how: 'refused' });
});
