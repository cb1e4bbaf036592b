/** Whether a delivery comes from who holds the secret. Compared in constant time, on the raw bytes, with every secret. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

const FORM = /^sha256=[0-9a-f]{64}$/;

export function signedByGitHub(body: Uint8Array, signature: string | undefined, secrets: readonly string[]): boolean {
  if (signature === undefined || !FORM.test(signature)) return false;
  const given = Buffer.from(signature.slice('sha256='.length), 'hex');
  return anyOf(secrets, (secret) => timingSafeEqual(createHmac('sha256', secret).update(body).digest(), given));
}

/** GitLab sends the secret itself, and an API trigger its token; digests have equal lengths. */
export function knowsSecret(given: string | undefined, secrets: readonly string[]): boolean {
  if (given === undefined) return false;
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return anyOf(secrets, (secret) => timingSafeEqual(digest(secret), digest(given)));
}

/** Every one is tried, so that the time tells nothing. */
const anyOf = (secrets: readonly string[], fits: (secret: string) => boolean): boolean =>
  secrets.reduce((found, secret) => fits(secret) || found, false);
