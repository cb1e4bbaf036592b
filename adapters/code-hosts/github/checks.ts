/**
 * A check run per name and commit. Annotations can only be added, 50 in a request, so the run carries a digest of
 * those it shall have: a repeated call goes on where the last one stopped, and other annotations need a new run.
 */
import { createHash } from 'node:crypto';
import type { Annotation, Check, CommitStatus } from '../../../domain/code-host.js';
import type { Site } from '../github.js';
import { shortened } from '../marker.js';
import type { GitHubClient } from './client.js';
import { isRefused } from './problem.js';
import { setStatus } from './statuses.js';

const PER_REQUEST = 50;
/** More lines than anybody reads; the report has them all. */
const MAX_ANNOTATIONS = 500;
const MAX_TITLE = 255;
const MAX_TEXT = 60_000;
const NO_APP = /authenticate via a GitHub App|not accessible by personal access token/i;

interface Existing {
  readonly id: number;
  readonly url: string;
  readonly digest: string | null;
  readonly annotations: number;
}

export async function setCheck(site: Site, commit: string, check: Check): Promise<string> {
  const client = await site.access.client();
  const annotations = check.annotations.slice(0, MAX_ANNOTATIONS).map(annotation);
  const digest = createHash('sha256').update(JSON.stringify(annotations)).digest('hex');
  try {
    const found = await existing(client, site, commit, check.name);
    const reusable = found && (found.annotations === 0 || found.digest === digest);
    const start = reusable ? found : await create(client, site, commit, check, digest);
    return await fill(client, site, check, { ...start, digest }, annotations);
  } catch (error) {
    // Only Apps may write checks: what a token can say is a status.
    if (!isRefused(error, 403, NO_APP)) throw error;
    return setStatus(site, commit, asStatus(check));
  }
}

async function existing(
  client: GitHubClient,
  { place }: Site,
  commit: string,
  name: string,
): Promise<Existing | undefined> {
  const { data } = await client.rest.checks.listForRef({ ...place, ref: commit, check_name: name, filter: 'latest' });
  const run = data.check_runs[0];
  return (
    run && {
      id: Number(run.id),
      url: run.html_url ?? run.url,
      digest: run.external_id,
      annotations: run.output.annotations_count,
    }
  );
}

async function create(
  client: GitHubClient,
  { place }: Site,
  commit: string,
  check: Check,
  digest: string,
): Promise<Existing> {
  const { data } = await client.rest.checks.create({
    ...place,
    name: check.name,
    head_sha: commit,
    external_id: digest,
    status: 'in_progress',
    output: output(check),
  });
  return { id: Number(data.id), url: data.html_url ?? data.url, digest, annotations: 0 };
}

/** Adds what is missing, then says how it ended: nobody sees an ended check that is still being filled. */
async function fill(
  client: GitHubClient,
  { place }: Site,
  check: Check,
  run: Existing,
  annotations: readonly ReturnType<typeof annotation>[],
): Promise<string> {
  const ends = check.state === 'in_progress' ? undefined : check.state;
  for (let from = run.annotations; ; from += PER_REQUEST) {
    const batch = annotations.slice(from, from + PER_REQUEST);
    const last = from + PER_REQUEST >= annotations.length;
    await client.rest.checks.update({
      ...place,
      check_run_id: run.id,
      ...(run.digest === null ? {} : { external_id: run.digest }),
      ...(check.url === undefined ? {} : { details_url: check.url }),
      ...(last && ends ? { status: 'completed' as const, conclusion: ends } : { status: 'in_progress' as const }),
      output: { ...output(check), ...(batch.length > 0 ? { annotations: batch } : {}) },
    });
    if (last) return run.url;
  }
}

const output = (check: Check): { title: string; summary: string } => ({
  title: shortened(check.title, MAX_TITLE),
  summary: shortened(check.summary, MAX_TEXT),
});

const annotation = ({ path, line, title, message }: Annotation) => ({
  path,
  start_line: line,
  end_line: line,
  annotation_level: 'failure' as const,
  title: shortened(title, MAX_TITLE),
  message: shortened(message, MAX_TEXT) || title,
});

const STATUS: Readonly<Record<Check['state'], CommitStatus['state']>> = {
  in_progress: 'pending',
  success: 'success',
  neutral: 'success',
  failure: 'failure',
  cancelled: 'error',
};

const asStatus = (check: Check): CommitStatus => ({
  context: check.name,
  state: STATUS[check.state],
  description: check.title,
  url: check.url,
});
