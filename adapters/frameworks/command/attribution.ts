/** To which of the requested files a case of a report belongs, and under which names. */
import { isAbsolute, posix, relative } from 'node:path';
import type { ReportCase } from '../reports/report.js';

/** Stands for the whole suite when a command does not take files. */
export const WHOLE_SUITE = '.';
const MAX_TITLES = 60;

export class Attribution {
  private readonly cache = new Map<string, string | undefined>();

  constructor(
    private readonly dir: string,
    private readonly files: readonly string[],
  ) {}

  /** The requested file, or undefined when the report does not say. */
  fileOf(one: ReportCase): string | undefined {
    if (this.files.length === 1) return this.files[0];
    for (const clue of [one.file, one.className, ...one.suites.toReversed()]) {
      const file = clue ? this.match(clue) : undefined;
      if (file !== undefined) return file;
    }
    return undefined;
  }

  /** Names from the outermost suite to the test. What only repeats the file, or the name before, is left out. */
  pathOf(one: ReportCase, file: string): string[] {
    const own = file === WHOLE_SUITE ? this.shorten(one.file) : undefined;
    const names: string[] = [];
    for (const name of [own, ...one.suites, one.className]) {
      if (
        !name ||
        name === names.at(-1) ||
        this.shorten(name) === file ||
        (own !== undefined && this.shorten(name) === own && names.length > 0)
      )
        continue;
      names.push(name);
    }
    const kept =
      names.length > MAX_TITLES
        ? [
            ...names.slice(0, MAX_TITLES - 1),
            names
              .slice(MAX_TITLES - 1)
              .join(' › ')
              .slice(0, 2000),
          ]
        : names;
    return [...kept, one.name || '(no name)'];
  }

  private match(clue: string): string | undefined {
    if (!this.cache.has(clue)) this.cache.set(clue, this.byPath(clue) ?? this.byDots(clue));
    return this.cache.get(clue);
  }

  private byPath(clue: string): string | undefined {
    const path = this.shorten(clue)!;
    if (this.files.includes(path)) return path;
    return this.only((file) => file.endsWith(`/${path}`) || path.endsWith(`/${file}`));
  }

  /** `tests.test_cart.TestAdd` and `shop.CartTest$Nested` name a file by its path with dots. */
  private byDots(clue: string): string | undefined {
    const name = clue.split('$')[0]!;
    for (let end = name.length; end > 0; end = name.lastIndexOf('.', end - 1)) {
      const path = name.slice(0, end).replaceAll('.', '/');
      const found = this.only((file) => {
        const source = file.replace(/\.[^./]+$/, '');
        return source === path || source.endsWith(`/${path}`);
      });
      if (found !== undefined) return found;
    }
    return undefined;
  }

  private only(fits: (file: string) => boolean): string | undefined {
    const found = this.files.filter(fits);
    return found.length === 1 ? found[0] : undefined;
  }

  /** Relative to the suite's directory with forward slashes, where that is possible. */
  private shorten(path: string | undefined): string | undefined {
    if (!path) return undefined;
    const plain = path.replace(/^file:\/\//, '').replaceAll('\\', '/');
    const inside = isAbsolute(plain) ? relative(this.dir, plain).replaceAll('\\', '/') : plain;
    return posix.normalize(inside).replace(/^\.\//, '');
  }
}
