/** The compose file cannot be started where there is no Docker: what can be known without starting it is checked here. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readSettings } from '../../config/config.js';
import { Environment } from '../../config/environment.js';
import { FAIR } from '../../workers/stack/temporal-part.js';
import { interpolate, readCompose, withAddresses } from '../../workers/stack/cluster/compose.js';
import { ROOT } from '../architecture/imports.js';

interface Service {
  readonly image: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, unknown>>;
  readonly depends_on?: Readonly<Record<string, { condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
}

const FILE = join(ROOT, 'docker-compose.temporal.yml');
const text = readFileSync(FILE, 'utf8');
const raw = parse(text, { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly networks: Readonly<Record<string, unknown>>;
};
const services = Object.entries(raw.services);
const ours = services.filter(([, service]) => service.image.startsWith('baton:'));
const example = readFileSync(join(ROOT, '.env.example'), 'utf8');
const values = {
  TEMPORAL_DB_PASSWORD: 'temporal-password',
  BATON_DB_PASSWORD: 'ledger-password',
  BATON_S3_ACCESS_KEY: 'store-key',
  BATON_S3_SECRET_KEY: 'store-secret',
  BATON_RUNNER_TOKEN: 'a-token-for-the-runners',
  BATON_API_KEYS: 'me:admin:a-key-of-at-least-24-characters',
};

describe('docker-compose.temporal.yml', () => {
  it('has the whole server shape', () => {
    expect(services.map(([name]) => name).sort()).toEqual(
      [
        'api-1',
        'api-2',
        'control',
        'ledger',
        'runner',
        's3',
        'temporal',
        'temporal-db',
        'temporal-namespace',
        'temporal-schema',
        'temporal-ui',
      ].sort(),
    );
  });

  it('pins every image to a version', () => {
    for (const [name, { image }] of services) expect(image, name).toMatch(/^[\w./-]+:v?\d+\.\d+(\.\d+)?(-\w+)?$/);
  });

  it('waits for nothing that cannot say it is healthy or done', () => {
    for (const [name, { depends_on = {} }] of services)
      for (const [other, { condition }] of Object.entries(depends_on)) {
        const target = raw.services[other];
        expect(target, `${name} depends on ${other}`).toBeDefined();
        expect(['service_healthy', 'service_completed_successfully']).toContain(condition);
        if (condition === 'service_healthy') expect(target?.healthcheck, `${other} has a health check`).toBeDefined();
      }
  });

  it('opens ports on loopback only, and databases and store not at all', () => {
    for (const [name, { ports = [] }] of services)
      for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    for (const name of ['ledger', 'temporal-db', 's3']) {
      expect(raw.services[name]?.ports).toBeUndefined();
      expect(raw.services[name]?.networks).toEqual(['inside']);
    }
    const published = services.flatMap(([, { ports = [] }]) => ports.map((port) => port.split(':')[1]));
    expect(new Set(published).size).toBe(published.length);
  });

  it('takes rights away from every service, and the root file system of our own from writing', () => {
    for (const [name, service] of services) {
      expect(service.cap_drop, name).toEqual(['ALL']);
      expect(service.security_opt, name).toEqual(['no-new-privileges:true']);
    }
    for (const [name, service] of ours) expect(service.read_only, name).toBe(true);
  });

  it('has no secret of its own: each must be given, and is listed in .env.example', () => {
    const required = new Set([...text.matchAll(/\$\{(\w+):\?/g)].map((match) => match[1]));
    expect([...required].sort()).toEqual(Object.keys(values).sort());
    for (const name of required) expect(example).toMatch(new RegExp(`^${name}=$`, 'm'));
    for (const name of Object.keys(values))
      expect(() => readCompose(FILE, { ...values, [name]: '' })).toThrow(`${name} is not set`);
    const secrets = /(PASSWORD|PWD|TOKEN|SECRET\w*|KEYS?|KEY_ID)$/;
    for (const [name, { environment = {} }] of services)
      for (const [key, value] of Object.entries(environment))
        if (secrets.test(key)) expect(String(value), `${name} ${key}`).toMatch(/^\$\{\w+:\?/);
  });

  it('sets nothing that Baton does not know, and everything in a form that Baton reads', () => {
    const known = new Set(Object.keys(Environment.shape));
    const compose = readCompose(FILE, values);
    for (const [name] of ours) {
      const environment = compose.services[name]?.environment ?? {};
      expect(
        Object.keys(environment).filter((key) => !known.has(key)),
        name,
      ).toEqual([]);
      expect(() => readSettings(environment), name).not.toThrow();
    }
    expect(readSettings(compose.services['control']?.environment).roles).toEqual(new Set(['control']));
    expect(readSettings(compose.services['api-1']?.environment).artifacts).toMatchObject({
      bucket: 'baton',
      prefix: 'artifacts',
    });
    expect(readSettings(compose.services['runner']?.environment).apiUrls).toEqual([
      'http://api-1:8080',
      'http://api-2:8080',
    ]);
  });

  it('gives runners no database, no key and no way to the store', () => {
    const { environment = {}, networks } = raw.services['runner']!;
    expect(Object.keys(environment).sort()).toEqual(
      ['BATON_API_URL', 'BATON_HOME', 'BATON_RUNNER_TOKEN', 'TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE'].sort(),
    );
    expect(networks).toEqual(['outside']);
  });

  it('names only volumes and networks that it declares, and entry points that exist', () => {
    for (const [name, service] of services) {
      for (const volume of service.volumes ?? [])
        if (!volume.startsWith('/')) expect(Object.keys(raw.volumes), name).toContain(volume.split(':')[0]);
      for (const network of service.networks ?? []) expect(Object.keys(raw.networks), name).toContain(network);
    }
    for (const [name, { command = [] }] of ours) {
      const source = command[1]?.replace(/^dist\//, '').replace(/\.js$/, '.ts') ?? '';
      expect(readFileSync(join(ROOT, source), 'utf8'), name).toContain('runProcess');
    }
  });

  it('raises the poll limits of every queue of a history shard, and is fair as the embedded server is', () => {
    const given = parse(readCompose(FILE, values).configs['dynamic-config'] ?? '') as Record<
      string,
      { value: number | boolean }[]
    >;
    const settings = Object.fromEntries(Object.entries(given).map(([name, [first]]) => [name, String(first?.value)]));
    const limits = ['outbound', 'timer', 'transfer', 'visibility'].map((q) => [
      `history.${q}ProcessorMaxPollRPS`,
      '2000',
    ]);
    expect(settings).toEqual(Object.fromEntries([...limits, ...FAIR.map((setting) => setting.split('='))]));
  });
});

describe('what the cluster of processes makes of it', () => {
  it('fills in variables as compose does', () => {
    const variable = (inner: string): string => `$\{${inner}}`;
    const text = `a ${variable('X')} ${variable('Y:-b c')} ${variable('Z')} $$x`;
    expect(interpolate(text, { X: '1' })).toBe('a 1 b c  $x');
    expect(interpolate(variable('X:?why'), { X: '1' })).toBe('1');
    expect(() => interpolate(variable('X:?set it'), {})).toThrow('X is not set: set it.');
  });

  it('puts addresses where services are named with their port, and nowhere else', () => {
    const addresses = { s3: '127.0.0.1:1', ledger: '127.0.0.1:2', 'api-1': 'h:3', 'api-2': 'h:4', temporal: 'h:5' };
    const given = {
      A: 's3://baton/artifacts?endpoint=http://s3:7070&region=us-east-1',
      B: 'postgres://baton:pass@ledger:5432/baton',
      C: 'http://api-1:8080,http://api-2:8080',
      D: 'temporal:7233',
      E: 'temporal',
    };
    expect(withAddresses(given, addresses)).toEqual({
      A: 's3://baton/artifacts?endpoint=http://127.0.0.1:1&region=us-east-1',
      B: 'postgres://baton:pass@127.0.0.1:2/baton',
      C: 'http://h:3,http://h:4',
      D: 'h:5',
      E: 'temporal',
    });
  });
});

describe('Dockerfile', () => {
  const lines = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').replaceAll('\\\n', '').split('\n');
  const instructions = lines.filter((line) => /^[A-Z]+ /.test(line));

  it('consists of known instructions, in stages of one pinned image', () => {
    const words = ['FROM', 'WORKDIR', 'COPY', 'RUN', 'ENV', 'USER', 'EXPOSE', 'CMD'];
    const other = lines.filter(
      (line) => line.trim() !== '' && !line.startsWith('#') && !words.includes(line.split(' ')[0] ?? ''),
    );
    expect(other).toEqual([]);
    const images = instructions.filter((line) => line.startsWith('FROM')).map((line) => line.split(' ')[1]);
    expect(images.length).toBe(2);
    for (const image of images) expect(image).toMatch(/^node:\d+\.\d+\.\d+-[\w-]+$/);
  });

  it('runs as an ordinary user, and copies only what the repository or the build has', () => {
    const last = instructions.slice(instructions.findLastIndex((line) => line.startsWith('FROM')));
    expect(last.find((line) => line.startsWith('USER'))).toBe('USER node');
    expect(last.findIndex((line) => line.startsWith('USER'))).toBeGreaterThan(
      last.findLastIndex((line) => line.startsWith('RUN')),
    );
    for (const line of last.filter((each) => each.startsWith('COPY'))) expect(line).toMatch(/^COPY --from=build /);
  });
});
