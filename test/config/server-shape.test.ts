import { describe, expect, it } from 'vitest';
import { readSettings } from '../../config/config.js';

const KEYS = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' };

describe('settings of the server shape', () => {
  it('BATON_ROLES: both by default, one of two, nothing else', () => {
    expect(readSettings({}).roles).toEqual(new Set(['api', 'control']));
    expect(readSettings({ BATON_ROLES: 'control' }).roles).toEqual(new Set(['control']));
    expect(readSettings({ BATON_ROLES: ' api , control' }).roles).toEqual(new Set(['api', 'control']));
    for (const wrong of ['', 'worker', 'api,', 'api;control'])
      expect(() => readSettings({ BATON_ROLES: wrong })).toThrow(/BATON_ROLES: expected/);
  });

  it('BATON_API_URL: one address or several', () => {
    expect(readSettings({ BATON_API_URL: 'http://a:1, http://b:2' })).toMatchObject({
      apiUrl: 'http://a:1',
      apiUrls: ['http://a:1', 'http://b:2'],
    });
    expect(readSettings({}).apiUrls).toEqual([]);
  });

  it('BATON_ARTIFACTS: a bucket, with keys beside it and never in it', () => {
    expect(readSettings({}).artifacts).toBeUndefined();
    const BATON_ARTIFACTS = 's3://bucket/a/b/?endpoint=https://s3.example.org&region=eu-1';
    expect(readSettings({ ...KEYS, BATON_ARTIFACTS }).artifacts).toEqual({
      bucket: 'bucket',
      prefix: 'a/b',
      endpoint: 'https://s3.example.org',
      region: 'eu-1',
      accessKey: 'id',
      secretKey: 'secret',
    });
    expect(readSettings({ ...KEYS, BATON_ARTIFACTS: 's3://bucket' }).artifacts).toMatchObject({
      prefix: '',
      endpoint: undefined,
      region: 'us-east-1',
    });
    for (const wrong of [
      'bucket',
      'http://bucket',
      's3://',
      's3://id:secret@bucket',
      's3://bucket?acl=public',
      's3://bucket?endpoint=ftp://x',
    ])
      expect(() => readSettings({ ...KEYS, BATON_ARTIFACTS: wrong }), wrong).toThrow(/^BATON_ARTIFACTS: /);
    expect(() => readSettings({ BATON_ARTIFACTS: 's3://bucket' })).toThrow(/AWS_ACCESS_KEY_ID/);
  });
});
