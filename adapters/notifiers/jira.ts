/**
 * Jira: one issue for each matter, found by a label made of the matter's name; later messages are comments, and the
 * issue is closed when it is over. Every step looks first whether it was done, so that all of it may be repeated.
 */
import { createHash } from 'node:crypto';
import type { Message } from '../../domain/notify/message.js';
import { NotDelivered, type Notifier } from '../../domain/notify/ports.js';
import { type Egress, hostOf } from '../egress/egress.js';
import { jiraText } from './jira-text.js';
import { ask, json, type VendorAsk } from './vendor.js';

export interface JiraOptions {
  readonly url: string;
  readonly api: 2 | 3;
  readonly user: string | undefined;
  readonly token: string;
  readonly project: string;
  readonly issueType: string;
  readonly labels: readonly string[];
  readonly doneTransition: string | undefined;
}

interface Issue {
  readonly key: string;
  readonly fields: {
    readonly status?: { readonly statusCategory?: { readonly key?: string } };
    readonly description?: unknown;
    readonly comment?: { readonly comments?: readonly { readonly body?: unknown }[] };
  };
}

interface Transition {
  readonly id: string;
  readonly name: string;
  readonly to?: { readonly statusCategory?: { readonly key?: string } };
}

export const matterLabel = (group: string): string =>
  `baton-${createHash('sha256').update(group).digest('hex').slice(0, 24)}`;

export function jiraNotifier(options: JiraOptions, egress: Egress): Notifier {
  const { url, api, user, token, project } = options;
  const authorization =
    user === undefined ? `Bearer ${token}` : `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`;
  const base = `${url.replace(/\/+$/, '')}/rest/api/${api}`;

  async function call<T>(path: string, request: Omit<VendorAsk, 'url' | 'headers'> = { method: 'GET' }): Promise<T> {
    const headers = { authorization, accept: 'application/json' };
    const answer = await ask(egress, { ...request, url: `${base}${path}`, headers }, [token, authorization]);
    return answer.status === 204 || answer.text === '' ? (undefined as T) : json<T>(answer, 'Jira');
  }

  /** The open issue of the matter. The label is ours alone, so the query holds nothing of a stranger. */
  async function openIssue(message: Message, known: string | null): Promise<Issue | undefined> {
    if (known !== null) {
      const issue = await issueOf(known);
      if (issue && !isDone(issue)) return issue;
    }
    const jql = `project = "${project}" AND labels = "${matterLabel(message.group)}" AND statusCategory != Done ORDER BY created DESC`;
    const path = api === 3 ? '/search/jql' : '/search';
    const { issues } = await call<{ issues?: { key: string }[] }>(path, {
      json: { jql, maxResults: 1, fields: ['status'] },
    });
    return issues?.[0] && issueOf(issues[0].key);
  }

  async function issueOf(key: string): Promise<Issue | undefined> {
    try {
      return await call<Issue>(`/issue/${encodeURIComponent(key)}?fields=status,description,comment`);
    } catch (error) {
      // Somebody has deleted or moved it: the matter gets a new one.
      if (error instanceof NotDelivered && /answered 404/.test(error.message)) return undefined;
      throw error;
    }
  }

  function create(message: Message): Promise<{ key: string }> {
    return call('/issue', {
      json: {
        fields: {
          project: { key: project },
          issuetype: { name: options.issueType },
          summary: message.title,
          description: jiraText(message, api),
          labels: [matterLabel(message.group), ...options.labels],
        },
      },
    });
  }

  async function close(key: string): Promise<void> {
    const { transitions } = await call<{ transitions: Transition[] }>(`/issue/${key}/transitions`);
    const wanted = options.doneTransition?.toLowerCase();
    const found = transitions.find(({ name, to }) =>
      wanted === undefined ? to?.statusCategory?.key === 'done' : name.toLowerCase() === wanted,
    );
    if (!found) {
      const names = transitions.map(({ name }) => name).join(', ') || 'none';
      throw new NotDelivered(`${key} has no transition that closes it; there are: ${names}`, 'refused');
    }
    await call(`/issue/${key}/transitions`, { json: { transition: { id: found.id } } });
  }

  return {
    kind: 'jira',
    gathers: false,
    where: `${hostOf(url)} ${project}`,
    async send(message, thread) {
      const issue = await openIssue(message, thread);
      if (!issue) {
        if (message.resolves) return { reference: thread, thread: null, note: 'no issue was open' };
        const { key } = await create(message);
        return { reference: key, thread: key };
      }
      if (!JSON.stringify(issue.fields).includes(message.id))
        await call(`/issue/${issue.key}/comment`, { json: { body: jiraText(message, api) } });
      if (message.resolves) await close(issue.key);
      return { reference: issue.key, thread: message.resolves ? null : issue.key };
    },
  };
}

const isDone = ({ fields }: Issue): boolean => fields.status?.statusCategory?.key === 'done';
