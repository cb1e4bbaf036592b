/** Splits a tool's arguments into options and the rest, knowing which options take a value in the next word. */

export interface ArgRules {
  /** Options whose value may stand in the next word. */
  readonly value: ReadonlySet<string>;
  /** Options that swallow all following words up to the next option. */
  readonly list?: ReadonlySet<string>;
}

/** Names of options, written as one text. */
export const names = (text: string): string[] => text.trim().split(/\s+/);

export interface Option {
  /** With its dashes, without a value. */
  readonly name: string;
  readonly words: readonly string[];
}

export interface SplitArgs {
  readonly options: readonly Option[];
  /** Words that belong to no option: files, patterns, sub-commands. */
  readonly rest: readonly string[];
}

export function splitArgs(args: readonly string[], rules: ArgRules): SplitArgs {
  const options: Option[] = [];
  const rest: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const word = args[at]!;
    if (word === '--') {
      rest.push(...args.slice(at + 1));
      break;
    }
    if (!/^-./.test(word)) {
      rest.push(word);
      continue;
    }
    const name = word.split('=', 1)[0]!;
    const end = word.includes('=') ? at + 1 : valueEnd(args, at, name, rules);
    options.push({ name, words: args.slice(at, end) });
    at = end - 1;
  }
  return { options, rest };
}

function valueEnd(args: readonly string[], at: number, name: string, rules: ArgRules): number {
  let end = at + 1;
  const isValue = (): boolean => end < args.length && !/^-./.test(args[end]!);
  if (rules.list?.has(name)) while (isValue()) end++;
  else if (rules.value.has(name) && end < args.length) end++;
  return end;
}

/** The words of all options but those that `drop` names, exactly or, with a final `.`, as a family (`--coverage.`). */
export function keepOptions(options: readonly Option[], drop: readonly string[]): string[] {
  const exact = new Set(drop.filter((name) => !name.endsWith('.')));
  const families = drop.filter((name) => name.endsWith('.'));
  return options
    .filter(({ name }) => !exact.has(name) && !families.some((family) => name.startsWith(family)))
    .flatMap(({ words }) => words);
}

export const hasOption = (options: readonly Option[], ...names: readonly string[]): boolean =>
  options.some(({ name }) =>
    names.some((wanted) => (wanted.endsWith('.') ? name.startsWith(wanted) : name === wanted)),
  );

/** A number for sizes such as 3.2 in version texts; -1 when there is none. */
export function majorOf(version: string): number {
  const major = Number.parseInt(version, 10);
  return Number.isNaN(major) ? -1 : major;
}

/** Most workers that the project's own command line allows: it has its reasons. Undefined when it does not say, or in percent. */
export function workerLimit(
  options: readonly Option[],
  counted: readonly string[],
  serial: readonly string[] = [],
): number | undefined {
  if (hasOption(options, ...serial)) return 1;
  const words = options.findLast(({ name }) => counted.includes(name))?.words;
  const value = words?.[1] ?? words?.[0]?.split('=')[1] ?? '';
  return /^[1-9]\d{0,3}$/.test(value) ? Number(value) : undefined;
}

/** A suite that is to run serially by its own word must not have a second batch beside it either. */
export const besides = (limit: number | undefined): 'safe' | 'never' => (limit === 1 ? 'never' : 'safe');
