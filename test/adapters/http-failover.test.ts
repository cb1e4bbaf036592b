import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { Addresses } from '../../adapters/http/addresses.js';
import { request } from '../../adapters/http/request.js';

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

/** Answers with its own name; `status` such as 503 for one that is not ready. */
async function serve(
  name: string,
  status = 200,
): Promise<{ url: string; asked: () => number; close: () => Promise<void> }> {
  let asked = 0;
  const server = createServer((_req, res) => {
    asked += 1;
    res.writeHead(status, { 'Content-Type': 'text/plain', Connection: 'close' }).end(name);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked: () => asked,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

const ask = (addresses: Addresses): Promise<string> =>
  request({ baseUrl: addresses.all[0] ?? '', addresses }, { path: '/', read: (answer) => answer.text() });

it('asks the next address when one is gone, stays there, and comes back when that one goes', async () => {
  const [one, two] = [await serve('one'), await serve('two')];
  const addresses = new Addresses([one.url, two.url]);
  expect(await ask(addresses)).toBe('one');
  await one.close();
  expect(await ask(addresses)).toBe('two');
  expect(await ask(addresses)).toBe('two');
  expect(addresses.current).toBe(two.url);
});

it('asks the next address when one is not ready', async () => {
  const [ill, well] = [await serve('ill', 503), await serve('well')];
  expect(await ask(new Addresses([ill.url, well.url]))).toBe('well');
  expect(ill.asked()).toBe(1);
});

it('moves on once for several calls that find out together', () => {
  const addresses = new Addresses(['a', 'b', 'c']);
  for (let call = 0; call < 5; call++) addresses.lost('a');
  expect(addresses.current).toBe('b');
});

it('does not ask elsewhere what was refused: the others would refuse it too', async () => {
  const [one, two] = [await serve('no', 403), await serve('two')];
  await expect(ask(new Addresses([one.url, two.url]))).rejects.toThrow();
  expect(two.asked()).toBe(0);
});
