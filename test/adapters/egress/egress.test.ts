/** Nothing that settings, a name server or a redirect says leads into a private network. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Address, createEgress, type Egress, type EgressError } from '../../../adapters/egress/egress.js';

let sink: Server;
let port: number;
let requests = 0;
let behave: (response: import('node:http').ServerResponse) => void = (response) => response.end('ok');

beforeAll(async () => {
  sink = createServer((_request, response) => {
    requests++;
    behave(response);
  });
  sink.listen(0, '127.0.0.1');
  await once(sink, 'listening');
  port = (sink.address() as AddressInfo).port;
});
afterAll(() => {
  sink.closeAllConnections();
  sink.close();
});

const names: Record<string, readonly Address[]> = {
  'private.example': [{ address: '127.0.0.1', family: 4 }],
  'cname.example': [{ address: '10.1.2.3', family: 4 }],
  'mixed.example': [
    { address: '93.184.216.34', family: 4 },
    { address: '127.0.0.1', family: 4 },
  ],
  'six.example': [{ address: 'fd00::1', family: 6 }],
  'localhost.': [{ address: '127.0.0.1', family: 4 }],
  localhost: [{ address: '127.0.0.1', family: 4 }],
};
const lookup = async (host: string): Promise<readonly Address[]> => {
  const found = names[host];
  if (!found) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' });
  return found;
};

const outcome = async (egress: Egress, url: string): Promise<string> => {
  try {
    return String((await egress({ method: 'POST', url, body: '{}' })).status);
  } catch (error) {
    return (error as EgressError).how;
  }
};

describe('private places', () => {
  const forms = [
    'https://127.0.0.1:PORT/',
    'http://127.0.0.1:PORT/',
    'https://127.1:PORT/',
    'https://0x7f000001:PORT/',
    'https://0x7f.1:PORT/',
    'https://2130706433:PORT/',
    'https://017700000001:PORT/',
    'https://0:PORT/',
    'https://[::1]:PORT/',
    'https://[::]:PORT/',
    'https://[::ffff:127.0.0.1]:PORT/',
    'https://[::ffff:7f00:1]:PORT/',
    'https://[::127.0.0.1]:PORT/',
    'https://[64:ff9b::7f00:1]:PORT/',
    'https://[2002:7f00:1::]:PORT/',
    'https://[fe80::1]:PORT/',
    'https://[fd00::1]/',
    'https://169.254.169.254/latest/meta-data/',
    'https://100.64.0.1/',
    'https://10.0.0.1/',
    'https://172.16.0.1/',
    'https://192.168.1.1/',
    'https://localhost:PORT/',
    'https://localhost.:PORT/',
    'https://LOCALHOST:PORT/',
    'https://１２７.０.０.１:PORT/',
    'https://127。0。0。1:PORT/',
    'https://private.example:PORT/',
    'https://cname.example/',
    'https://mixed.example:PORT/',
    'https://six.example/',
    'https://user@127.0.0.1:PORT/',
    'https://user:pass@public.example/',
    'file:///etc/passwd',
    'gopher://127.0.0.1:PORT/_x',
    'ftp://127.0.0.1/',
    'javascript:alert(1)',
    'not an address',
    '',
  ];
  it.each(forms)('%s', async (form) => {
    const before = requests;
    expect(await outcome(createEgress({ lookup }), form.replace('PORT', String(port)))).toBe('blocked');
    expect(requests).toBe(before);
  });

  it('a name that changes its mind is connected to the address that was checked', async () => {
    let asked = 0;
    const rebinding = async (): Promise<readonly Address[]> => {
      asked++;
      return [{ address: asked === 1 ? '203.0.114.1' : '127.0.0.1', family: 4 }];
    };
    const before = requests;
    const egress = createEgress({ lookup: rebinding, timeoutMs: 300 });
    expect(await outcome(egress, `https://rebinding.example:${port}/`)).toBe('unreached');
    expect([asked, requests]).toEqual([1, before]);
  });

  it('without TLS, and to ports of other services, goes nothing that is not allowed', async () => {
    const away = async () => [{ address: '203.0.114.1', family: 4 }];
    expect(await outcome(createEgress({ lookup: away, timeoutMs: 200 }), 'http://public.example/')).toBe('blocked');
    for (const service of [22, 25, 110]) {
      expect(await outcome(createEgress({ lookup: away, timeoutMs: 200 }), `https://public.example:${service}/`)).toBe(
        'blocked',
      );
    }
  });
});

describe('what is allowed', () => {
  it.each(['127.0.0.0/8', '127.0.0.1', 'private.example', 'PRIVATE'])('%s', async (entry) => {
    const entries = entry === 'PRIVATE' ? [`private.example:${port}`] : [entry];
    const egress = createEgress({ lookup, allowPrivate: entries });
    expect(await outcome(egress, `http://private.example:${port}/`)).toBe('200');
    expect(await outcome(egress, 'https://cname.example/')).toBe('blocked');
  });

  it('a port that is named allows no other', async () => {
    const egress = createEgress({ lookup, allowPrivate: [`private.example:${port + 1}`] });
    expect(await outcome(egress, `http://private.example:${port}/`)).toBe('blocked');
  });

  it('an entry that is none is refused', () => {
    expect(() => createEgress({ allowPrivate: ['10.0.0.0/99'] })).toThrow('10.0.0.0/99 is no range of addresses');
  });
});

describe('answers', () => {
  const egress = (timeoutMs = 2_000) => createEgress({ lookup, allowPrivate: ['127.0.0.0/8'], timeoutMs });
  const url = () => `http://127.0.0.1:${port}/`;

  it('a redirect is an answer, and is not followed', async () => {
    behave = (response) => response.writeHead(302, { location: `http://127.0.0.1:${port}/secret` }).end();
    const before = requests;
    expect(await outcome(egress(), url())).toBe('302');
    expect(requests).toBe(before + 1);
  });

  it('of an endless one 64 KiB are read, and of a slow one the status counts', async () => {
    behave = (response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('x'.repeat(32_768)), 5);
      response.on('close', () => clearInterval(timer));
    };
    expect((await egress()({ method: 'GET', url: url() })).text).toHaveLength(65_536);
    behave = (response) => void response.writeHead(202).write('.');
    expect(await outcome(egress(300), url())).toBe('202');
  });

  it('silence and a cut after the request leave it in doubt; nobody there does not', async () => {
    behave = () => {};
    expect(await outcome(egress(200), url())).toBe('broken');
    behave = (response) => void response.destroy();
    expect(await outcome(egress(), url())).toBe('broken');
    const closed = createServer();
    closed.listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const free = (closed.address() as AddressInfo).port;
    closed.close();
    await once(closed, 'close');
    expect(await outcome(egress(), `http://127.0.0.1:${free}/`)).toBe('unreached');
    expect(await outcome(egress(), 'https://nowhere.example/')).toBe('unreached');
  });
});
