import type { CommitStatus } from '../../../domain/code-host.js';
import { shortened } from '../marker.js';
import type { Site } from '../github.js';

const MAX_DESCRIPTION = 140;

/** GitHub keeps every status that was ever set, at most 1,000 per commit and context: the same one is not set again. */
export async function setStatus({ place, access }: Site, commit: string, status: CommitStatus): Promise<string> {
  const client = await access.client();
  const wanted = {
    context: status.context,
    state: status.state,
    description: shortened(status.description.replace(/\s+/g, ' ').trim(), MAX_DESCRIPTION),
    target_url: status.url ?? null,
  };
  for await (const { data } of client.paginate.iterator(client.rest.repos.listCommitStatusesForRef, {
    ...place,
    ref: commit,
    per_page: 100,
  })) {
    // Newest first: the first one of this context is the one that counts.
    const latest = data.find((each) => each.context === wanted.context);
    if (!latest) continue;
    const same =
      latest.state === wanted.state &&
      latest.description === wanted.description &&
      latest.target_url === wanted.target_url;
    if (same) return latest.url;
    break;
  }
  const { data } = await client.rest.repos.createCommitStatus({ ...place, sha: commit, ...wanted });
  return data.url;
}
