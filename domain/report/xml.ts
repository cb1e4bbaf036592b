// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML 1.0 forbids
const ILLEGAL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]/g;
const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text for an element: characters that XML 1.0 forbids are removed, lone surrogates become U+FFFD. */
export function xmlText(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .toWellFormed()
    .replace(ILLEGAL, '')
    .replace(/[&<>"]/g, (c) => ESCAPES[c] ?? c);
}

/** The same for an attribute in double quotes; line ends survive the reader's normalisation. */
export const xmlAttribute = (text: string): string => xmlText(text).replace(/\n/g, '&#10;').replace(/\t/g, '&#9;');

export type XmlAttributes = Readonly<Record<string, string | number | null | undefined>>;

/** One element; `content` is XML already. Attributes that are null or undefined are left out. */
export function element(name: string, attributes: XmlAttributes, content = ''): string {
  const list = Object.entries(attributes)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([key, value]) => ` ${key}="${xmlAttribute(String(value))}"`)
    .join('');
  return content === '' ? `<${name}${list}/>` : `<${name}${list}>${content}</${name}>`;
}
