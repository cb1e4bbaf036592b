import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runnerEnvironment } from '../../config/runner-environment.js';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'baton-env-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const settings = (text: string, name = 'config.yaml'): string => {
  const path = join(home, name);
  writeFileSync(path, text);
  return path;
};

describe('the environment of a runner', () => {
  it('keeps what suites may name, and loses what opens a database, an API, a model, a code host or a channel', () => {
    const secret = [
      'DATABASE_URL',
      'PGPASSWORD',
      'BATON_API_KEYS',
      'BATON_RUNNER_TOKEN',
      'OPENAI_API_KEY',
      'GITHUB_TOKEN',
      'SLACK_WEBHOOK_URL',
      'TEMPORAL_API_KEY',
    ];
    const env = Object.fromEntries([...secret, 'PATH', 'STRIPE_TEST_ACCOUNT'].map((name) => [name, 'x']));
    expect(runnerEnvironment(env, home)).toEqual({ PATH: 'x', STRIPE_TEST_ACCOUNT: 'x' });
  });

  it('loses each secret that the settings name, whichever capability names it', () => {
    settings(`
codeHosts:
  - { kind: gitlab, url: https://gitlab.example, token: { env: LAB } }
definitions:
  secrets: { STAGING: { env: STAGING_LOGIN } }
notify:
  channels:
    crew: { kind: webhook, url: { env: CREW_HOOK } }
`);
    const env = { LAB: '1', STAGING_LOGIN: '2', CREW_HOOK: '3', STAGING: 'kept' };
    expect(runnerEnvironment(env, home)).toEqual({ STAGING: 'kept' });
  });

  it('follows BATON_CONFIG, and tells of settings that cannot be read', () => {
    const path = settings('codeHosts: [{ kind: github, token: { env: HUB } }]', 'other.yaml');
    expect(runnerEnvironment({ BATON_CONFIG: path, HUB: '1' }, home)).toEqual({ BATON_CONFIG: path });
    settings('codeHosts: 7', 'other.yaml');
    expect(() => runnerEnvironment({ BATON_CONFIG: path }, home)).toThrow(/other\.yaml/);
  });

  it('loses the keys of a store only where artifacts are kept in it', () => {
    const keys = { AWS_ACCESS_KEY_ID: '1', AWS_SECRET_ACCESS_KEY: '2' };
    expect(runnerEnvironment(keys, home)).toEqual(keys);
    const artifacts = { BATON_ARTIFACTS: 's3://place' };
    expect(runnerEnvironment({ ...keys, ...artifacts }, home)).toEqual(artifacts);
  });
});
