/** Jira's REST API, version 3: search by label, issues, comments and transitions, with documents checked node by node. */
import { z } from 'zod';
import type { Answer, Asked, Route } from '../fake-host/server.js';

const mark = z.union([
  z.strictObject({ type: z.enum(['strong', 'em', 'code']) }),
  z.strictObject({ type: z.literal('link'), attrs: z.strictObject({ href: z.url() }) }),
]);
const text = z.strictObject({ type: z.literal('text'), text: z.string().min(1), marks: z.array(mark).optional() });
const paragraph = z.strictObject({ type: z.literal('paragraph'), content: z.array(text) });
const item = z.strictObject({ type: z.literal('listItem'), content: z.array(paragraph).min(1) });
const Document = z.strictObject({
  type: z.literal('doc'),
  version: z.literal(1),
  content: z.array(
    z.discriminatedUnion('type', [
      paragraph,
      z.strictObject({ type: z.literal('bulletList'), content: z.array(item).min(1) }),
      z.strictObject({ type: z.literal('codeBlock'), content: z.array(text).min(1) }),
    ]),
  ),
});

const Create = z.strictObject({
  fields: z.strictObject({
    project: z.strictObject({ key: z.string() }),
    issuetype: z.strictObject({ name: z.string() }),
    summary: z
      .string()
      .min(1)
      .max(255)
      .regex(/^[^\n]*$/),
    description: Document,
    labels: z.array(z.string().regex(/^\S+$/)),
  }),
});

export interface JiraIssue {
  readonly key: string;
  readonly summary: string;
  readonly labels: readonly string[];
  readonly description: unknown;
  readonly comments: { body: unknown }[];
  status: 'new' | 'done';
}

export const JIRA = { user: 'bot@example.org', token: 'jira-api-token', project: 'OPS' };
const AUTHORIZATION = `Basic ${Buffer.from(`${JIRA.user}:${JIRA.token}`).toString('base64')}`;

export class FakeJira {
  readonly issues: JiraIssue[] = [];

  routes(): Route<string>[] {
    const search = z.strictObject({ jql: z.string(), maxResults: z.int(), fields: z.array(z.string()) });
    const transition = z.strictObject({ transition: z.strictObject({ id: z.string() }) });
    return [
      this.route('POST', '/search/jql', search, ({ body }) => {
        const { jql } = body as z.infer<typeof search>;
        const label = /^project = "OPS" AND labels = "([\w-]+)" AND statusCategory != Done ORDER BY created DESC$/.exec(
          jql,
        )?.[1];
        if (label === undefined) return { status: 400, body: { errorMessages: [`Error in the JQL Query: ${jql}`] } };
        const found = this.issues.filter(({ labels, status }) => labels.includes(label) && status !== 'done').reverse();
        return { status: 200, body: { issues: found.map(({ key }) => ({ key })) } };
      }),
      this.route('POST', '/issue', Create, ({ body }) => {
        const { summary, description, labels, project } = (body as z.infer<typeof Create>).fields;
        const key = `${project.key}-${this.issues.length + 1}`;
        this.issues.push({ key, summary, description, labels, comments: [], status: 'new' });
        return { status: 201, body: { id: '1', key } };
      }),
      this.route('GET', '/issue/:key', undefined, (asked) =>
        this.withIssue(asked, ({ description, comments, status }) => ({
          status: 200,
          body: {
            key: asked.at['key'],
            fields: { description, comment: { comments }, status: { statusCategory: { key: status } } },
          },
        })),
      ),
      this.route('POST', '/issue/:key/comment', z.strictObject({ body: Document }), (asked) =>
        this.withIssue(asked, ({ comments }) => {
          comments.push(asked.body as { body: unknown });
          return { status: 201, body: { id: String(comments.length) } };
        }),
      ),
      this.route('GET', '/issue/:key/transitions', undefined, (asked) =>
        this.withIssue(asked, () => ({
          status: 200,
          body: {
            transitions: [
              { id: '11', name: 'In Progress', to: { statusCategory: { key: 'indeterminate' } } },
              { id: '31', name: 'Done', to: { statusCategory: { key: 'done' } } },
            ],
          },
        })),
      ),
      this.route('POST', '/issue/:key/transitions', transition, (asked) =>
        this.withIssue(asked, (issue) => {
          if ((asked.body as z.infer<typeof transition>).transition.id === '31') issue.status = 'done';
          return { status: 204 };
        }),
      ),
    ];
  }

  private route(
    method: string,
    path: string,
    body: z.ZodType | undefined,
    run: (asked: Asked<string>) => Answer,
  ): Route<string> {
    return {
      method,
      path: `/jira/rest/api/3${path}`,
      ...(body ? { body } : {}),
      run: (asked) =>
        asked.who === AUTHORIZATION
          ? run(asked)
          : { status: 401, body: { errorMessages: ['Client must be authenticated'] } },
    };
  }

  private withIssue({ at }: Asked<string>, work: (issue: JiraIssue) => Answer): Answer {
    const issue = this.issues.find(({ key }) => key === at['key']);
    return issue ? work(issue) : { status: 404, body: { errorMessages: ['Issue does not exist'] } };
  }
}
