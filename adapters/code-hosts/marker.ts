/**
 * How Baton finds its own comments and issues again: a hidden last line. Only the last line counts, so that text which
 * was quoted from a test cannot pass for it.
 */

/** GitHub's limit is 65,536 characters; GitLab's is larger. */
const MAX_BODY_CHARS = 65_000;

const hidden = (marker: string): string => `<!-- baton:${encodeURIComponent(marker)} -->`;

/** The body, cut to what a host takes, with its marker. */
export function marked(marker: string, body: string): string {
  const cut = body.length <= MAX_BODY_CHARS ? body : `${body.slice(0, MAX_BODY_CHARS)}\n\n… (cut)`;
  return `${cut.trimEnd()}\n\n${hidden(marker)}`;
}

export const hasMarker = (marker: string, body: string | null | undefined): boolean =>
  (body ?? '').trimEnd().endsWith(hidden(marker));

/** The label by which the issues that carry a marker are listed. */
export const OWN_LABEL = 'baton';

/** Whole characters, with a sign that something is missing. */
export function shortened(text: string, max: number): string {
  const characters = [...text];
  return characters.length <= max ? text : `${characters.slice(0, max - 1).join('')}…`;
}
