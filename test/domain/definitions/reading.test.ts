/** What a document becomes, in every spelling; what an execution is given. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDefinition } from '../../../adapters/definitions/document.js';
import type { Definition } from '../../../domain/definitions/definition.schema.js';
import { workflowJsonSchema } from '../../../domain/definitions/json-schema.js';
import { instantiate, overridden, resolveParameters } from '../../../domain/definitions/parameters.js';
import { documentOf } from '../../../domain/definitions/write-document.js';
import { ROOT } from '../../architecture/imports.js';

const good = (file: string): string =>
  readFileSync(join(ROOT, 'test', 'fixtures', 'definitions', 'good', file), 'utf8');

function read(text: string): Definition {
  const { definition, mistakes } = readDefinition(text, 'test.yaml');
  expect(mistakes.map((each) => each.text)).toEqual([]);
  return definition!;
}

describe('the samples are accepted as they are', () => {
  it('web-regression: a chain of five by its dependencies, with what happens after a failure', () => {
    const definition = read(good('web-regression.json'));
    expect(definition).toMatchObject({ name: 'web-regression', version: '1.0', environment: 'staging' });
    expect(definition.steps.map(({ name, role, action, dependsOn }) => [name, `${role}.${action}`, dependsOn])).toEqual(
      [
        ['setup', 'test_runner.setup_environment', []],
        ['smoke_tests', 'test_runner.run_tests', ['setup']],
        ['regression_tests', 'test_runner.run_tests', ['smoke_tests']],
        ['generate_report', 'report_generator.generate_html_report', ['regression_tests']],
        ['notify', 'notifier.send_notification', ['generate_report']],
      ],
    );
    expect(definition.steps[2]!.with).toEqual({ test_suite: 'regression', parallel: true, max_workers: 8 });
    expect(definition.onFailure).toEqual({
      retry: { attempts: 2, delayMs: 300_000 },
      notify: { channels: ['email'], template: 'test_failure' },
    });
  });

  it('API Test Suite: no dependencies, so from top to bottom', () => {
    const { steps } = read(good('api-test-suite.json'));
    expect(steps.map(({ name, dependsOn }) => [name, dependsOn])).toEqual([
      ['setup', []],
      ['run_tests', ['setup']],
      ['generate_report', ['run_tests']],
    ]);
    expect(steps[1]!.with).toEqual({ test_suite: 'api', parallel: true, timeout: 300 });
  });
});

it.each(['regression', 'full-regression', 'api-tests', 'ci-pipeline'])('the example %s is right', (name) => {
  const text = readFileSync(join(ROOT, 'examples', 'workflows', `${name}.yaml`), 'utf8');
  expect(read(text).name).toBe(name);
});

describe('spellings', () => {
  const step = (settings: string) => `name: a\nsteps:\n  - ${settings}\n`;

  it('mean the same', () => {
    const wanted = read(step('{ name: t, role: test_runner, action: run_tests, with: { test_suite: api } }'));
    for (const other of [
      '{ name: t, agent: test_runner, action: run_tests, config: { test_suite: api } }',
      '{ name: t, agent: test_runner, action: run_tests, parameters: { test_suite: api } }',
      '{ name: t, uses: test_runner.run_tests, params: { test_suite: api } }',
    ])
      expect(read(step(other))).toEqual(wanted);
  });

  it('YAML and JSON of one definition have one normal form', () => {
    const json = read(good('web-regression.json'));
    const yaml = `
name: web-regression
description: Complete web application regression testing
version: "1.0"
environment: staging
steps:
  - { name: setup, role: test_runner, action: setup_environment, with: { browser: chrome, headless: true } }
  - { name: smoke_tests, uses: test_runner.run_tests, needs: setup, with: { test_suite: smoke, parallel: true, max_workers: 4 } }
  - { name: regression_tests, uses: test_runner.run_tests, needs: smoke_tests, with: { test_suite: regression, parallel: true, max_workers: 8 } }
  - { name: generate_report, uses: report_generator.generate_html_report, dependsOn: [regression_tests], with: { include_screenshots: true, include_videos: true } }
  - { name: notify, uses: notifier.send_notification, depends_on: [generate_report], with: { channels: [email, slack], template: test_completion } }
on_failure: { retry: { attempts: 2, delay: 5m }, notify: { channels: [email], template: test_failure } }
`;
    expect(read(yaml)).toEqual(json);
  });

  it('what is written out reads back as the same', () => {
    const rich = read(`
name: rich
params: { users: { type: integer, default: 3, min: 1 }, tags: [a] }
roles: { load: { file: roles/load.mjs, actions: { start: { outputs: { url: { type: string } } } } } }
concurrent: false
timeout: 2h
steps:
  - { name: up, uses: load.start, with: { users: "{{ params.users }}" }, compensate: { uses: http.request, with: { url: "https://x.example/{{ steps.up.outputs.url }}" } } }
  - { name: each, uses: gate.set, depends_on: up, for_each: { in: range(params.users), parallel: 2 }, with: { values: { at: "{{ index }}" } }, retry: 3 }
  - { name: last, uses: gate.check, depends_on: [each], run: always, when: "steps.each.outputs.failed == 0", timeout: 90s, on_failure: compensate, with: { condition: "true" } }
outputs: { address: "{{ steps.up.outputs.url }}" }
`);
    expect(read(JSON.stringify(documentOf(rich)))).toEqual(rich);
    const chain = read(good('api-test-suite.json'));
    expect(read(JSON.stringify(documentOf(chain)))).toEqual(chain);
  });
});

describe('what an execution is given', () => {
  const suite = read(good('api-test-suite.json'));

  it('a parameter that is declared nowhere goes into every step that takes it', () => {
    const resolved = resolveParameters(suite, { params: { environment: 'production' } });
    expect(resolved).toMatchObject({ environment: 'production', params: { environment: 'production' } });
    if ('mistakes' in resolved) throw new Error('no mistakes were expected');
    expect(overridden(suite, suite.steps[0]!, resolved.overrides)).toEqual({ environment: 'production' });
    expect(overridden(suite, suite.steps[1]!, resolved.overrides)).toMatchObject({
      environment: 'production',
      test_suite: 'api',
    });
  });

  it.each([
    [{ params: { environment: 'prod' }, environment: 'staging' }, 'production'],
    [{ params: {}, environment: 'dev' }, 'development'],
    [{ params: {} }, 'staging'],
  ])('%j goes before what the definition says', (given, environment) => {
    expect(resolveParameters({ ...suite, environment: 'staging' }, given)).toMatchObject({ environment });
  });

  it('everything that is wrong is told', () => {
    const definition = read(
      'name: a\nparams: { users: { type: integer, required: true }, suite: { type: string } }\nsteps: [{ name: t, uses: test_runner.run_tests }]\n',
    );
    expect(resolveParameters(definition, { params: { suite: 3, sute: 'x' } })).toEqual({
      mistakes: [
        { path: 'users', message: 'The parameter `users` is missing.' },
        { path: 'suite', message: 'The parameter `suite` must be text, is a whole number.' },
        { path: 'sute', message: 'The workflow `a` has no parameter `sute`. Did you mean `suite`?' },
      ],
    });
  });
});

describe('templates', () => {
  const template = read(good('api-test-suite.template.json'));
  const made = (given: object) => instantiate(template, 'made', given as never);

  it('give definitions that differ in what was given only', () => {
    const [staging, production] = [made({ environment: 'staging' }), made({ environment: 'production' })];
    if ('mistakes' in staging || 'mistakes' in production) throw new Error('no mistakes were expected');
    expect(staging.definition.params).toEqual({
      environment: { type: 'string', default: 'staging' },
      test_tags: { type: 'array', default: [] },
    });
    expect({ ...staging.definition, params: null }).toEqual({ ...production.definition, params: null });
  });

  it('say what is missing and what does not fit', () => {
    expect(made({})).toEqual({ mistakes: [{ path: 'environment', message: '`environment` is missing.' }] });
    expect(made({ environment: 'a', test_tags: 'x' })).toEqual({
      mistakes: [{ path: 'test_tags', message: '`test_tags` must be a list, is text.' }],
    });
  });
});

it('the schema for editors knows every spelling and every action', () => {
  const text = JSON.stringify(workflowJsonSchema());
  for (const word of ['agent', 'depends_on', 'run_tests', 'max_workers', 'generate_html_report', 'secret://NAME'])
    expect(text).toContain(word);
  expect(JSON.parse(text)).toMatchObject({ $defs: { step: { properties: { for_each: {}, config: {} } } } });
});
