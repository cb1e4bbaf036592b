/**
 * Templates without logic: `{{name}}` is a value, `{{#name}}…{{/name}}` is shown where there is one and `{{^name}}…{{/name}}`
 * where there is none. Nothing is looked up by path, nothing is called.
 */
import { literal } from './markdown.js';

export type Template = readonly Part[];

type Part =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'value'; readonly name: string }
  | { readonly type: 'section'; readonly name: string; readonly when: boolean; readonly parts: readonly Part[] };

export type Values = Readonly<Record<string, string | number>>;

/** What stands for a value that a notice does not have. */
const NONE = '–';

/** Throws `Error` with one sentence that says what is wrong. */
export function parseTemplate(source: string): Template {
  const open: { name: string; when: boolean; parts: Part[] }[] = [];
  const root: Part[] = [];
  const here = (): Part[] => open.at(-1)?.parts ?? root;
  let at = 0;
  for (;;) {
    const start = source.indexOf('{{', at);
    if (start < 0) break;
    if (start > at) here().push({ type: 'text', text: source.slice(at, start) });
    const end = source.indexOf('}}', start);
    if (end < 0) throw new Error('“{{” is not closed by “}}”');
    const tag = source.slice(start + 2, end).trim();
    const match = /^([#^/]?)\s*([a-z][a-z0-9_]*)$/.exec(tag);
    if (!match) throw new Error(`“{{${tag}}}” is no variable: names are lower-case letters, digits and _`);
    const [, mark, name] = match as unknown as [string, string, string];
    if (mark === '/') {
      const section = open.pop();
      if (section?.name !== name) throw new Error(`“{{/${name}}}” closes what “{{#${name}}}” has not opened`);
      here().push({ type: 'section', ...section });
    } else if (mark === '') here().push({ type: 'value', name });
    else open.push({ name, when: mark === '#', parts: [] });
    at = end + 2;
  }
  if (at < source.length) here().push({ type: 'text', text: source.slice(at) });
  const unclosed = open.at(-1);
  if (unclosed) throw new Error(`“{{#${unclosed.name}}}” is not closed by “{{/${unclosed.name}}}”`);
  return root;
}

/** Names that a template uses, each once. */
export function namesIn(template: Template): string[] {
  const names = template.flatMap((part) => {
    if (part.type === 'text') return [];
    return part.type === 'value' ? [part.name] : [part.name, ...namesIn(part.parts)];
  });
  return [...new Set(names)];
}

/** Markdown in which every value is shown literally; only those in `markdown` are Markdown themselves. */
export function renderMarkdown(template: Template, values: Values, markdown: ReadonlySet<string>): string {
  return render(template, values, (name, text) => (markdown.has(name) ? text : literal(text)));
}

/** Plain text in one line. */
export function renderLine(template: Template, values: Values): string {
  return render(template, values, (_name, text) => text)
    .replace(/\s+/g, ' ')
    .trim();
}

function render(template: Template, values: Values, show: (name: string, text: string) => string): string {
  return template
    .map((part) => {
      if (part.type === 'text') return part.text;
      const value = Object.hasOwn(values, part.name) ? String(values[part.name]) : '';
      if (part.type === 'value') return value === '' ? NONE : show(part.name, value);
      const there = value !== '' && value !== '0';
      return there === part.when ? render(part.parts, values, show) : '';
    })
    .join('');
}
