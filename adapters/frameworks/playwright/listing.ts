/** Reads what `playwright test --list --reporter=json` prints. */
import { isAbsolute, resolve } from 'node:path';
import { z } from 'zod';

const Listing = z.object({
  config: z.object({ rootDir: z.string() }),
  suites: z.array(z.object({ file: z.string() })),
  errors: z
    .array(z.object({ message: z.string().optional(), location: z.object({ file: z.string() }).optional() }))
    .default([]),
});

export interface Listed {
  /** Absolute paths of files with tests. */
  readonly files: string[];
  /** Absolute paths of files that failed to load. With one of them, newer versions list no other file. */
  readonly broken: string[];
}

/** Undefined when there is no listing in the text. Configurations and test files may have printed around it. */
export function parseListing(stdout: string): Listed | undefined {
  for (let from = stdout.indexOf('{\n  "config"'); from >= 0; from = stdout.indexOf('{\n  "config"', from + 1)) {
    const listing = readFrom(stdout.slice(from));
    if (!listing) continue;
    const { rootDir } = listing.config;
    const broken = listing.errors.map(
      ({ location, message }) => location?.file ?? /^(?:\w*Error: )?(\/[^\n:]+\.\w+): /.exec(message ?? '')?.[1],
    );
    return {
      files: [...new Set(listing.suites.map(({ file }) => resolve(rootDir, file)))],
      broken: [...new Set(broken.filter((file): file is string => file !== undefined && isAbsolute(file)))],
    };
  }
  return undefined;
}

function readFrom(text: string): z.infer<typeof Listing> | undefined {
  const end = text.lastIndexOf('\n}');
  try {
    const parsed = Listing.safeParse(JSON.parse(text.slice(0, end + 2)));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
