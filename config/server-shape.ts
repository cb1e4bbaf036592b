/** Settings of the server shape that need more than one look: what a process does, and where artifacts are. */
import { ProjectProblem } from '../domain/failures.js';

export type Role = 'api' | 'control';

/** Throws `ConfigInvalid` for anything but `api`, `control` or both. */
export function roles(text: string): ReadonlySet<Role> {
  const given = text.split(',').map((part) => part.trim());
  const known = given.filter((part): part is Role => part === 'api' || part === 'control');
  if (known.length === 0 || known.length < given.length)
    throw new ProjectProblem('ConfigInvalid', 'BATON_ROLES: expected `api`, `control` or `api,control`.');
  return new Set(known);
}

export interface S3Place {
  readonly bucket: string;
  /** Without slashes at its ends; may be empty. */
  readonly prefix: string;
  /** Undefined: Amazon's own for the region. */
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/** Undefined for an empty text. Throws `ConfigInvalid`. */
export function s3Place(text: string, keys: { id: string; secret: string }): S3Place | undefined {
  if (text === '') return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 's3:' || url.hostname === '' || url.username !== '')
    throw invalid('expected s3://bucket/prefix?endpoint=…&region=…, without keys in it');
  const odd = [...url.searchParams.keys()].find((name) => name !== 'endpoint' && name !== 'region');
  if (odd !== undefined) throw invalid(`knows endpoint and region only, not ${odd}`);
  const endpoint = url.searchParams.get('endpoint') ?? undefined;
  if (endpoint !== undefined && !/^https?:\/\//.test(endpoint))
    throw invalid('endpoint must begin with http:// or https://');
  if (keys.id === '' || keys.secret === '') throw invalid('needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY');
  return {
    bucket: url.hostname,
    prefix: url.pathname.replace(/^\/+|\/+$/g, ''),
    endpoint,
    region: url.searchParams.get('region') ?? 'us-east-1',
    accessKey: keys.id,
    secretKey: keys.secret,
  };
}

const invalid = (why: string): ProjectProblem => new ProjectProblem('ConfigInvalid', `BATON_ARTIFACTS: ${why}.`);
