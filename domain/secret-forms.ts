/** The forms in which a secret may stand in a text: as it is, percent-encoded, as JSON, in hexadecimal, and inside base64. */

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** Shorter pieces would hit ordinary words. */
const SHORTEST = 6;

/** Every form of one secret, longest first. A secret of fewer than six characters has none: masking it would destroy texts. */
export function secretForms(secret: string): string[] {
  if (secret.length < SHORTEST) return [];
  const bytes = utf8(secret);
  const cores = [0, 1, 2].map((offset) => base64Core(bytes, offset)).filter((core) => core.length >= SHORTEST);
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const forms = new Set([
    secret,
    encodeURIComponent(secret.toWellFormed()),
    JSON.stringify(secret).slice(1, -1),
    hex,
    hex.toUpperCase(),
    ...cores,
    ...cores.map((core) => core.replaceAll('+', '-').replaceAll('/', '_')),
  ]);
  return [...forms].sort((a, b) => b.length - a.length);
}

/** The secret inside a longer text that was encoded, without the characters that its neighbours change. */
function base64Core(secret: readonly number[], offset: number): string {
  const bytes = [...new Array<number>(offset).fill(0), ...secret];
  let text = '';
  for (let at = 0; at * 6 + 6 <= bytes.length * 8; at++) {
    const bit = at * 6;
    const pair = ((bytes[bit >> 3] ?? 0) << 8) | (bytes[(bit >> 3) + 1] ?? 0);
    text += DIGITS[(pair >> (10 - (bit & 7))) & 63];
  }
  return text.slice(Math.ceil((offset * 8) / 6));
}

function utf8(text: string): number[] {
  const encoded = encodeURIComponent(text.toWellFormed());
  const bytes: number[] = [];
  for (let at = 0; at < encoded.length; at++) {
    const escaped = encoded[at] === '%';
    bytes.push(escaped ? Number.parseInt(encoded.slice(at + 1, at + 3), 16) : encoded.charCodeAt(at));
    if (escaped) at += 2;
  }
  return bytes;
}
