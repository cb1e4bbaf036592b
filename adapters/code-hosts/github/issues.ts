/** One issue per marker: made, opened again when the trouble is back, closed when it is over. */
import type { NewIssue } from '../../../domain/code-host.js';
import type { Site } from '../github.js';
import { hasMarker, marked, OWN_LABEL, shortened } from '../marker.js';
import { comment } from './comments.js';
import { ensureLabels } from './labels.js';

const MAX_TITLE = 256;

interface Issue {
  readonly number: number;
  readonly html_url: string;
  readonly state: string;
  readonly title: string;
  readonly body?: string | null | undefined;
}

export async function issue(site: Site, marker: string, wanted: NewIssue): Promise<{ number: number; url: string }> {
  const { place, access } = site;
  const client = await access.client();
  const text = { title: shortened(wanted.title, MAX_TITLE), body: marked(marker, wanted.body) };
  const found = await find(site, marker);
  if (!found) {
    const labels = [...new Set([OWN_LABEL, ...wanted.labels])];
    await ensureLabels(client, site, labels);
    const { data } = await client.rest.issues.create({ ...place, ...text, labels });
    return { number: data.number, url: data.html_url };
  }
  const same = found.state === 'open' && found.title === text.title && found.body?.trimEnd() === text.body;
  if (!same) await client.rest.issues.update({ ...place, issue_number: found.number, ...text, state: 'open' });
  return { number: found.number, url: found.html_url };
}

/** What it says comes first, then the end of it: after a crash in between, the repetition finds both to do or done. */
export async function closeIssue(site: Site, marker: string, text: string): Promise<void> {
  const found = await find(site, marker);
  if (found?.state !== 'open') return;
  await comment(site, found.number, `${marker}/over`, text);
  const client = await site.access.client();
  await client.rest.issues.update({
    ...site.place,
    issue_number: found.number,
    state: 'closed',
    state_reason: 'completed',
  });
}

/** By the label and not by search, whose index is behind by minutes. The oldest counts. */
async function find({ place, access }: Site, marker: string): Promise<Issue | undefined> {
  const client = await access.client();
  const issues = await client.paginate(client.rest.issues.listForRepo, {
    ...place,
    labels: OWN_LABEL,
    state: 'all',
    sort: 'created',
    direction: 'asc',
    per_page: 100,
  });
  return issues.find((each) => !each.pull_request && hasMarker(marker, each.body));
}
