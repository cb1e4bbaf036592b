/** Something that happened outside and may start a workflow, in one shape whoever told of it. */
import { z } from 'zod';

export const Happening = z.object({
  event: z.enum(['push', 'pull_request', 'merge', 'deployment', 'release', 'tag', 'files', 'event', 'api']),
  /** Address of the repository, or an absolute directory. */
  repository: z.string().max(4096).nullable(),
  /** `owner/name` at its host. */
  path: z.string().max(500).nullable(),
  /** The branch that was pushed, or that the pull request goes to. */
  branch: z.string().max(250).nullable(),
  commit: z.string().max(64).nullable(),
  /** Head of the branch before; null when the branch is new. */
  before: z.string().max(64).nullable(),
  /** Files that changed, as far as they are told; null: not told. */
  paths: z.array(z.string().max(4096)).max(1000).nullable(),
  pullRequest: z
    .object({
      number: z.int(),
      state: z.enum(['open', 'merged', 'closed']),
      head: z.string().max(250),
      /** From a repository of somebody else. */
      fork: z.boolean(),
      title: z.string().max(300),
      /** Login of who did this to it, as the host tells. */
      by: z.string().max(100).nullish(),
    })
    .nullable(),
  /** When it happened there, ms; what is older does not replace what is newer. */
  at: z.number().nullable(),
  /** Deployments and releases. */
  environment: z.string().max(200).nullable(),
  version: z.string().max(250).nullable(),
  /** Of a CloudEvent or a call. */
  type: z.string().max(250).nullable(),
  source: z.string().max(500).nullable(),
  data: z.unknown(),
});
export type Happening = z.infer<typeof Happening>;

export const NOTHING_TOLD: Omit<Happening, 'event'> = {
  repository: null,
  path: null,
  branch: null,
  commit: null,
  before: null,
  paths: null,
  pullRequest: null,
  at: null,
  environment: null,
  version: null,
  type: null,
  source: null,
  data: null,
};

/** What a delivery comes to: something that happened, or why it is of no interest. */
export type Reading = { readonly happening: Happening } | { readonly ignored: string };

const NOBODY = /^0+$/;
export const commitOrNull = (id: string | null | undefined): string | null => (!id || NOBODY.test(id) ? null : id);

const BRANCH = 'refs/heads/';
const TAG = 'refs/tags/';

/** A push of a branch or a tag; deletions are of no interest. */
export function pushed(
  ref: string,
  after: string | null,
  facts: Omit<Partial<Happening>, 'event' | 'branch' | 'commit'>,
): Reading {
  if (after === null) return { ignored: `${ref} was deleted` };
  const known = { ...NOTHING_TOLD, ...facts, commit: after };
  if (ref.startsWith(TAG))
    return { happening: { ...known, event: 'tag', version: ref.slice(TAG.length, TAG.length + 250) } };
  if (!ref.startsWith(BRANCH)) return { ignored: 'neither a branch nor a tag' };
  return { happening: { ...known, event: 'push', branch: ref.slice(BRANCH.length) } };
}
