import { afterAll, beforeAll, expect, it } from 'vitest';
import { RouteTable } from '../../api/common/route-table.js';
import { type OpenApi, openApi, readAs } from './support/api.js';

interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly parameters?: { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: { readonly $ref?: string } }> };
  readonly responses: Record<
    string,
    { readonly description: string; readonly content?: Record<string, { readonly schema: { readonly $ref?: string } }> }
  >;
}
interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, Record<string, unknown>> };
}

let on: OpenApi;
let document: Document;
beforeAll(async () => {
  on = await openApi();
  document = await readAs<Document>(fetch(`${on.url}/docs-json`));
});
afterAll(() => on.close());

/** The page loads its parts by this one; it is no part of the API. */
const LEFT_OUT = ['GET /docs/:asset'];
const operations = () =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })),
  );

it('has every route of the router, and no other', () => {
  const routes = on.api.app
    .get(RouteTable)
    .all()
    .map(({ method, path }) => `${method} ${path}`);
  const wanted = routes
    .filter((route) => !LEFT_OUT.includes(route))
    .map((route) => route.replace(/:(\w+)/g, '{$1}').replace(/\*(\w+)/g, '{$1}'));
  expect(
    operations()
      .map(({ name }) => name)
      .sort(),
  ).toEqual(wanted.sort());
});

it('has a component for every reference, and says each thing once', () => {
  const text = JSON.stringify(document);
  const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name);
  expect(references.length).toBeGreaterThan(50);
  expect([...new Set(references)].filter((name) => !Object.hasOwn(document.components.schemas, name ?? ''))).toEqual(
    [],
  );
  expect(text).not.toContain('#/$defs');
  expect(text).not.toContain('9007199254740991,"minimum":-9007199254740991');
  const ids = operations().map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

it('describes what is sent and what is answered, errors included', () => {
  const start = document.paths['/api/runs']!['post']!;
  expect(start.requestBody?.content['application/json']?.schema.$ref).toBe('#/components/schemas/StartRun');
  expect(start.responses['202']?.content?.['application/json']?.schema.$ref).toBe('#/components/schemas/RunAnswer');
  expect(start.responses['503']?.content?.['application/problem+json']?.schema.$ref).toBe(
    '#/components/schemas/ProblemDocument',
  );
  expect(document.components.schemas['ProblemDocument']).toMatchObject({
    type: 'object',
    required: ['type', 'title', 'status', 'detail', 'requestId'],
  });
  const list = document.paths['/api/runs']!['get']!;
  expect(list.parameters?.map((parameter) => `${parameter.in} ${parameter.name}`).sort()).toEqual(
    ['branch', 'commit', 'cursor', 'limit', 'project', 'status', 'suite', 'verdict'].map((name) => `query ${name}`),
  );
  for (const { name, operation } of operations()) {
    expect(operation.summary, name).toBeTruthy();
    expect(
      Object.keys(operation.responses).some((status) => status.startsWith('2')),
      name,
    ).toBe(true);
    const inPath = [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
    expect(
      operation.parameters
        ?.filter((parameter) => parameter.in === 'path')
        .map((parameter) => parameter.name)
        .sort() ?? [],
      name,
    ).toEqual(inPath.sort());
  }
});

it('is shown by a page that loads nothing from elsewhere', async () => {
  const page = await fetch(`${on.url}/docs`);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('content-security-policy')).toContain("script-src 'self';");
  const links = [...(await page.text()).matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link!);
  expect(links).toEqual([
    '/docs/swagger-ui.css',
    '/docs/favicon-32x32.png',
    '/docs/swagger-ui-bundle.js',
    '/docs/start.js',
  ]);
  for (const link of links) expect((await fetch(on.url + link)).status).toBe(200);
  expect((await fetch(`${on.url}/docs/package.json`)).status).toBe(404);
  expect((await fetch(`${on.url}/docs/..%2fpackage.json`)).status).toBe(404);
});
