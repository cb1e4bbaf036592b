import { createServer } from 'node:http';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { faultyRequests, routeOf } from '../../config/fault-requests.js';
import { faults, NONE } from '../../config/faults.js';

class Port {
  done: string[] = [];
  readonly keys = { list: async () => ['a'] };
  async record(what: string): Promise<string> {
    this.done.push(what);
    return what;
  }
}

describe('a port behind fault points', () => {
  it('fails before the work or after it, at the passage that was named', async () => {
    const inner = new Port();
    const port = faults('ledger.record:error:1,ledger.record:execute-and-fail:2').around('ledger', inner);
    await expect(port.record('one')).rejects.toThrow('fault injected at ledger.record');
    await expect(port.record('two')).rejects.toThrow('fault injected at ledger.record');
    expect(await port.record('three')).toBe('three');
    expect(inner.done).toEqual(['two', 'three']);
  });

  it('covers ports inside it', async () => {
    const port = faults('ledger.keys.list:error').around('ledger', new Port());
    await expect(port.keys.list()).rejects.toThrow('fault injected at ledger.keys.list');
  });

  it('is the port itself where no faults are set', () => {
    const inner = new Port();
    expect(faults('')).toBe(NONE);
    expect(faults('').around('ledger', inner)).toBe(inner);
  });

  it('reads a file again when it changes, and strikes once in all processes together', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'baton-faults-')), 'faults.txt');
    const [one, two] = [new Port(), new Port()].map((inner) => faults(`@${file}`).around('ledger', inner)) as [
      Port,
      Port,
    ];
    expect(await one.record('before')).toBe('before');
    writeFileSync(file, 'ledger.record:error:1\n');
    await expect(one.record('struck')).rejects.toThrow('fault injected');
    expect(await two.record('spared')).toBe('spared');
    expect(readdirSync(`${file}.struck`).map(decodeURIComponent)).toEqual(['ledger.record:error:1']);
  });
});

describe('requests behind fault points', () => {
  it('lose their answer although the work was done', async () => {
    let handled = 0;
    const server = createServer((_req, res) => {
      handled++;
      res.end('{}');
    });
    faultyRequests(server, faults('http.POST /api/runs:execute-and-fail:1,http.GET /api/runs/:id:error:1'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await expect(fetch(`${base}/api/runs`, { method: 'POST' })).rejects.toThrow();
    expect(handled).toBe(1);
    await expect(fetch(`${base}/api/runs/run_1`)).rejects.toThrow();
    expect(handled).toBe(1);
    expect((await fetch(`${base}/api/runs/run_1`)).status).toBe(200);
    server.close();
    server.closeAllConnections();
  });

  it('are named by their route', () => {
    expect(routeOf('GET', '/api/runs?limit=5')).toBe('http.GET /api/runs');
    expect(routeOf('GET', '/api/runs/run_1/results?limit=1')).toBe('http.GET /api/runs/:id/results');
    expect(routeOf('PUT', '/api/ingest/runs/run_1/artifacts/output/b1.log')).toBe(
      'http.PUT /api/ingest/runs/:id/artifacts/*name',
    );
    expect(routeOf('GET', '/api/tests/shop/t_1/history')).toBe('http.GET /api/tests/:project/:testId/history');
    expect(routeOf('POST', '/api/ingest/batches/record')).toBe('http.POST /api/ingest/batches/record');
  });
});
