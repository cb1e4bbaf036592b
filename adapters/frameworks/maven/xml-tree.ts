import { SaxesParser } from 'saxes';

/** An element of a small XML document. */
export interface XmlElement {
  readonly name: string;
  readonly children: XmlElement[];
  text: string;
}

const MAX_ELEMENTS = 100_000;

/** Reads a POM as far as it can be read; entities stay unexpanded. Undefined when there is no root element. */
export function parseXmlTree(xml: string): XmlElement | undefined {
  const parser = new SaxesParser({ xmlns: false });
  const open: XmlElement[] = [];
  let root: XmlElement | undefined;
  let count = 0;
  // Maven itself complains about a broken POM, with a better message than ours would be.
  parser.on('error', () => {});
  parser.on('opentag', ({ name }) => {
    const element: XmlElement = { name, children: [], text: '' };
    root ??= element;
    if (++count <= MAX_ELEMENTS) open.at(-1)?.children.push(element);
    open.push(element);
  });
  const addText = (text: string): void => {
    const element = open.at(-1);
    if (element) element.text += text;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => {
    open.pop();
  });
  parser.write(xml.replace(/^[\s\uFEFF]+/, '')).close();
  return root;
}

export function childrenAt(element: XmlElement | undefined, ...path: string[]): XmlElement[] {
  let found = element ? [element] : [];
  for (const name of path) found = found.flatMap((one) => one.children.filter((child) => child.name === name));
  return found;
}

export function textAt(element: XmlElement | undefined, ...path: string[]): string | undefined {
  const text = childrenAt(element, ...path)[0]?.text.trim();
  return text === '' ? undefined : text;
}
