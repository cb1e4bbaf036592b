import type { NewIssue } from '../../../domain/code-host.js';
import type { GitLabSite } from '../gitlab.js';
import { hasMarker, marked, OWN_LABEL, shortened } from '../marker.js';
import { note } from './merge-requests.js';

const MAX_TITLE = 255;

interface Issue {
  readonly iid: number;
  readonly web_url: string;
  readonly state: string;
  readonly title: string;
  readonly description: string | null;
}

/** One issue per marker: made, and opened again when the trouble is back. */
export async function issue(
  site: GitLabSite,
  marker: string,
  wanted: NewIssue,
): Promise<{ number: number; url: string }> {
  const { path, client } = site;
  const text = { title: shortened(wanted.title, MAX_TITLE), description: marked(marker, wanted.body) };
  const found = await find(site, marker);
  if (!found) {
    const labels = [...new Set([OWN_LABEL, ...wanted.labels])].join(',');
    const made = (await client.issues.create(path, text.title, { description: text.description, labels })) as Issue;
    return { number: made.iid, url: made.web_url };
  }
  const closed = found.state === 'closed';
  if (closed || found.title !== text.title || found.description?.trimEnd() !== text.description)
    await client.issues.edit(path, found.iid, { ...text, ...(closed ? { stateEvent: 'reopen' } : {}) });
  return { number: found.iid, url: found.web_url };
}

export async function closeIssue(site: GitLabSite, marker: string, text: string): Promise<void> {
  const { path, client } = site;
  const found = await find(site, marker);
  if (found?.state !== 'opened') return;
  await note(site, client.issueNotes, found.iid, `${marker}/over`, text);
  await client.issues.edit(path, found.iid, { stateEvent: 'close' });
}

async function find({ path, client }: GitLabSite, marker: string): Promise<Issue | undefined> {
  const issues = (await client.issues.all({
    projectId: path,
    labels: OWN_LABEL,
    orderBy: 'created_at',
    sort: 'asc',
    perPage: 100,
  })) as unknown as Issue[];
  return issues.find((each) => hasMarker(marker, each.description));
}
