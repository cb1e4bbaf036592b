import { describe, expect, test } from 'vitest';
import { looksSecret, testEnvironment } from '../../../adapters/process/environment.js';

const nothing = { set: {}, pass: [] };

describe('the environment of a test process', () => {
  test('holds what is on the list and nothing else', () => {
    const base = {
      PATH: '/bin', HOME: '/home/a', LC_ALL: 'C', TERM: 'xterm-256color', CI: '', GOFLAGS: '-mod=mod', UV_CACHE_DIR: '/c', https_proxy: 'http://p',
      EDITOR: 'vi', DATABASE_URL: 'postgres://x', BATON_API: 'x', GITHUB_TOKEN: 't', AWS_SECRET_ACCESS_KEY: 's', PIP_PASSWORD: 'p', UV_PUBLISH_TOKEN: 'u',
      NODE_OPTIONS: '--require evil', GOPATH: undefined,
    }; // biome-ignore format: a table
    expect(testEnvironment(base, nothing)).toEqual({
      env: {
        PATH: '/bin',
        HOME: '/home/a',
        LC_ALL: 'C',
        TERM: 'dumb',
        CI: 'true',
        GOFLAGS: '-mod=mod',
        UV_CACHE_DIR: '/c',
        https_proxy: 'http://p',
      },
      secrets: [],
    });
  });

  test('takes what the suite names, and tells which values to mask', () => {
    const base = {
      API_TOKEN: 'abcdef123456',
      DATABASE_URL: 'postgres://me:pass-word@db/x',
      BATON_DB: 'no',
      MY_KEY: 'on',
      EDITOR: 'vi',
    };
    const suite = {
      set: { STRIPE_KEY: 'sk_live_1', TERM: 'xterm' },
      pass: ['API_TOKEN', 'DATABASE_URL', 'BATON_DB', 'MY_KEY', 'MISSING'],
    };
    const { env, secrets } = testEnvironment(base, suite, { TMPDIR: '/t', BATON_EVENTS: '/t/events' });
    expect(env).toEqual({
      API_TOKEN: 'abcdef123456',
      DATABASE_URL: 'postgres://me:pass-word@db/x',
      MY_KEY: 'on',
      STRIPE_KEY: 'sk_live_1',
      TERM: 'xterm',
      CI: 'true',
      TMPDIR: '/t',
      BATON_EVENTS: '/t/events',
    });
    expect(secrets.sort()).toEqual(['abcdef123456', 'pass-word', 'sk_live_1']);
  });

  test('what Baton adds wins over everything', () => {
    expect(testEnvironment({ PATH: '/bin' }, { set: { PATH: '/evil' }, pass: [] }, { PATH: '/good' }).env['PATH']).toBe(
      '/good',
    );
  });

  test.each(['GITHUB_TOKEN', 'npm_token', 'DB_PASSWORD', 'ApiKey', 'AWS_SECRET_ACCESS_KEY'])(
    '%s looks secret',
    (name) => {
      expect(looksSecret(name)).toBe(true);
    },
  );
});
