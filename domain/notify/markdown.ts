/**
 * The little Markdown of notices as a tree, so that each channel writes it in its own form and nothing is ever passed on
 * as markup that a stranger wrote. Known: paragraphs, lists, fenced code, `**strong**`, `` `code` ``, `[label](url)` and
 * a backslash before punctuation. Everything else is text.
 */
export type Inline =
  | { readonly type: 'text'; readonly text: string; readonly strong?: boolean; readonly code?: boolean }
  | { readonly type: 'link'; readonly text: string; readonly url: string };

export type Block =
  | { readonly type: 'paragraph'; readonly inlines: readonly Inline[] }
  | { readonly type: 'list'; readonly items: readonly (readonly Inline[])[] }
  | { readonly type: 'code'; readonly text: string };

const PUNCTUATION = /[!-/:-@[-`{-~]/;

/** Text of a stranger as Markdown that shows exactly this text, in one line. */
export function literal(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[!-/:-@[-`{-~]/g, '\\$&');
}

/** `mayLink` says which addresses may become links; of others label and address are shown. */
export function parseMarkdown(source: string, mayLink: (url: string) => boolean): Block[] {
  const blocks: Block[] = [];
  const lines = source.replace(/\r\n?/g, '\n').split('\n');
  let paragraph: string[] = [];
  let items: Inline[][] = [];
  const flush = (): void => {
    if (paragraph.length > 0) blocks.push({ type: 'paragraph', inlines: parseInlines(paragraph.join('\n'), mayLink) });
    if (items.length > 0) blocks.push({ type: 'list', items });
    paragraph = [];
    items = [];
  };
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    const item = /^\s{0,3}[-*+] +(.*)$/.exec(line);
    if (line.startsWith('```')) {
      flush();
      const end = lines.findIndex((other, at) => at > i && other.startsWith('```'));
      const last = end < 0 ? lines.length : end;
      blocks.push({ type: 'code', text: lines.slice(i + 1, last).join('\n') });
      i = last;
    } else if (line.trim() === '') flush();
    else if (item) {
      if (paragraph.length > 0) flush();
      items.push(parseInlines(item[1]!, mayLink));
    } else {
      if (items.length > 0) flush();
      const heading = /^#{1,6} +(.*)$/.exec(line);
      paragraph.push(heading ? `**${heading[1]}**` : line);
    }
  }
  flush();
  return blocks;
}

function parseInlines(source: string, mayLink: (url: string) => boolean): Inline[] {
  const out: Inline[] = [];
  let text = '';
  let strong = false;
  const flush = (): void => {
    if (text !== '') out.push({ type: 'text', text, ...(strong ? { strong } : {}) });
    text = '';
  };
  for (let i = 0; i < source.length; ) {
    const here = source[i]!;
    if (here === '\\' && PUNCTUATION.test(source[i + 1] ?? '')) {
      text += source[i + 1];
      i += 2;
    } else if (source.startsWith('**', i) && (strong || source.includes('**', i + 2))) {
      flush();
      strong = !strong;
      i += 2;
    } else if (here === '`' && endOfCode(source, i + 1) > 0) {
      flush();
      const end = endOfCode(source, i + 1);
      out.push({ type: 'text', text: unescaped(source.slice(i + 1, end)), code: true });
      i = end + 1;
    } else {
      const link = here === '[' ? linkAt(source, i) : undefined;
      if (link && mayLink(link.url)) {
        flush();
        out.push({ type: 'link', text: link.label, url: link.url });
      } else text += link ? `${link.label} (${link.url})` : here;
      i = link ? link.end : i + 1;
    }
  }
  flush();
  return out;
}

/** Escapes count inside code too, so that a value in a template can stand there. */
function endOfCode(source: string, from: number): number {
  for (let i = from; i < source.length; i++) {
    if (source[i] === '\\') i++;
    else if (source[i] === '`') return i;
  }
  return -1;
}

const unescaped = (text: string): string => text.replace(/\\([!-/:-@[-`{-~])/g, '$1');

/** Longest label and address that are looked for: a stranger's brackets must not cost more than a line. */
const MAX_LINK = 2_000;

function linkAt(source: string, from: number): { label: string; url: string; end: number } | undefined {
  let label = '';
  let i = from + 1;
  for (; i < source.length && i - from < MAX_LINK && source[i] !== ']'; i++) {
    if (source[i] === '[' || source[i] === '\n') return undefined;
    if (source[i] === '\\' && PUNCTUATION.test(source[i + 1] ?? '')) i++;
    label += source[i];
  }
  if (source[i] !== ']' || source[i + 1] !== '(') return undefined;
  const end = source.indexOf(')', i + 2);
  if (end < 0 || end - i > MAX_LINK) return undefined;
  const url = unescaped(source.slice(i + 2, end));
  return /^https?:\/\/[^\s<>"]+$/.test(url) ? { label, url, end: end + 1 } : undefined;
}

/** The tree as plain text, as the text part of an e-mail has it. */
export function toText(blocks: readonly Block[]): string {
  const inline = (inlines: readonly Inline[]): string =>
    inlines.map((each) => (each.type === 'link' ? `${each.text} (${each.url})` : each.text)).join('');
  return blocks
    .map((block) => {
      if (block.type === 'paragraph') return inline(block.inlines);
      if (block.type === 'code') return block.text.replace(/^/gm, '    ');
      return block.items.map((item) => `- ${inline(item)}`).join('\n');
    })
    .join('\n\n');
}
