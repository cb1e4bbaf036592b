/** Bounds of what an exchange can use, and what it costs. */
import type { ModelSettings } from './settings.schema.js';
import type { Message } from './prompt.js';

/** Marks of a message and of the beginning of the answer. */
const PER_MESSAGE = 8;

/** Every token of a model that reads bytes stands for one byte at least, so no prompt can have more tokens than bytes. */
export function mostTokens(messages: readonly Message[], extra = ''): number {
  return messages.reduce((sum, { content }) => sum + utf8Bytes(content) + PER_MESSAGE, PER_MESSAGE + utf8Bytes(extra));
}

function utf8Bytes(text: string): number {
  let bytes = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code >= 0xd800 && code < 0xe000 ? 2 : 3;
  }
  return bytes;
}

export function costOf(
  prices: ModelSettings['prices'],
  tokens: { readonly prompt: number; readonly completion: number },
): number | undefined {
  if (!prices) return undefined;
  return (tokens.prompt * prices.prompt + tokens.completion * prices.completion) / 1_000_000;
}
