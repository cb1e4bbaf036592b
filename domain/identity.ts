/** Two independent 53-bit mixes (after cyrb53): not a secret, only short and evenly spread. Pure, so any layer may use it. */
export function mix(text: string, seed: number): string {
  let a = 0xdeadbeef ^ seed;
  let b = 0x41c6ce57 ^ seed;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    a = Math.imul(a ^ c, 2654435761);
    b = Math.imul(b ^ c, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return (b >>> 0).toString(16).padStart(8, '0') + (a >>> 0).toString(16).padStart(8, '0');
}

export interface TestName {
  readonly suite: string;
  readonly file: string;
  readonly path: readonly string[];
  readonly params?: string | null | undefined;
}

/** The stable id of a test: the same after reordering, in every run, on every machine. 24 hexadecimal digits. */
export function testId(name: TestName): string {
  const text = JSON.stringify([name.suite, name.file, name.path, name.params ?? null]);
  return mix(text, 1) + mix(text, 2).slice(0, 8);
}

/** The name people read, such as `cart › adds › twice [2, 3]`. */
export function displayName(path: readonly string[], params?: string | null): string {
  const name = path.join(' › ');
  return params ? `${name} [${params}]` : name;
}
