import type { Site } from '../github.js';
import { hasMarker, marked } from '../marker.js';

/**
 * The one comment with this marker that is ours: others may copy a hidden line. Should there be two, because two
 * processes wrote at the same time, the older one stays and the other is deleted.
 */
export async function comment(site: Site, number: number, marker: string, body: string): Promise<string> {
  const { place, access } = site;
  const client = await access.client();
  const login = await access.login();
  const all = await client.paginate(client.rest.issues.listComments, { ...place, issue_number: number, per_page: 100 });
  const [own, ...doubled] = all.filter(
    (each) =>
      hasMarker(marker, each.body) &&
      (login === undefined ? each.user?.type === 'Bot' : each.user?.login.toLowerCase() === login.toLowerCase()),
  );
  for (const each of doubled) await client.rest.issues.deleteComment({ ...place, comment_id: each.id });
  const text = marked(marker, body);
  if (!own)
    return (await client.rest.issues.createComment({ ...place, issue_number: number, body: text })).data.html_url;
  if (own.body?.trimEnd() !== text)
    await client.rest.issues.updateComment({ ...place, comment_id: own.id, body: text });
  return own.html_url;
}
