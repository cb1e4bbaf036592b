import { describe, expect, it } from 'vitest';
import { readSettings } from '../../config/config.js';
import { faultPoints, NO_FAULTS } from '../../config/faults.js';

describe('settings from the environment', () => {
  it('have a default for everything', () => {
    const settings = readSettings({});
    expect(settings).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      lanes: 2,
      rawDays: 30,
      summaryDays: 365,
      temporalAddress: '127.0.0.1:7233',
      apiKeys: [],
      codecKeys: [],
    });
    expect(settings.home).toMatch(/\/\.baton$/);
  });

  it.each([
    [{ BATON_PORT: 'eighty' }, 'BATON_PORT'],
    [{ BATON_PORT: '70000' }, 'BATON_PORT'],
    [{ BATON_RETENTION_RAW_DAYS: '0' }, 'BATON_RETENTION_RAW_DAYS'],
    [{ BATON_RETENTION_SUMMARY_DAYS: '7' }, 'BATON_RETENTION_SUMMARY_DAYS must not be less'],
    [{ BATON_API_KEYS: 'ci:admin:short' }, 'at least 24 characters'],
    [{ BATON_API_KEYS: 'ci:king:0123456789012345678901234' }, 'role viewer, operator or admin'],
    [{ BATON_PAYLOAD_KEYS: 'k1:abc' }, 'exactly 32 bytes'],
    [{ BATON_RUNNERS_MIN: '6', BATON_RUNNERS_MAX: '3' }, 'BATON_RUNNERS_MIN (6) is more than BATON_RUNNERS_MAX (3)'],
    [{ BATON_RUNNER_LABELS: 'GPU' }, 'is no label'],
    [{ BATON_PROJECT_WEIGHTS: 'shop=0' }, 'a weight from 0.001'],
  ])('%j is refused by name', (env, expected) => {
    expect(() => readSettings(env)).toThrow(expected);
  });

  it('ignore fault points outside test builds', () => {
    expect(readSettings({ BATON_FAULTS: 'x:exit:1' }).faults).toBe('');
    expect(readSettings({ BATON_FAULTS: 'x:exit:1', BATON_TEST_BUILD: '1' }).faults).toBe('x:exit:1');
  });
});

describe('fault points', () => {
  it('act at the nth passage and only there', async () => {
    const fault = faultPoints('ledger.record.before-commit:error:2');
    expect(fault('ledger.record.before-commit')).toBeUndefined();
    expect(fault('elsewhere')).toBeUndefined();
    await expect(fault('ledger.record.before-commit')).rejects.toThrow('fault injected at ledger.record.before-commit');
    expect(fault('ledger.record.before-commit')).toBeUndefined();
  });

  it('are nothing when nothing is set, and refuse what they do not understand', () => {
    expect(faultPoints('')).toBe(NO_FAULTS);
    expect(() => faultPoints('point:explode')).toThrow('kind error, exit or hang');
  });
});
