const MARK = (cut: number): string => `\n… ${cut} characters cut …\n`;

/** Keeps the beginning and the end of a long text, and says in between how much is missing. */
export function clip(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const room = Math.max(0, maxChars - MARK(text.length).length);
  const head = Math.ceil(room * 0.4);
  const tail = room - head;
  return text.slice(0, head) + MARK(text.length - room) + (tail > 0 ? text.slice(-tail) : '');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const ANSI = /\u001b\[[0-9;:?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[@-Z\\-_]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;

/** Text that is safe in a database column, a terminal and a page: no colour codes, no control characters. */
export function plainText(text: string): string {
  return text.replace(ANSI, '').replace(/\r\n?/g, '\n').replace(CONTROL, '').toWellFormed();
}
