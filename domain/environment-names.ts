/** Environments by their one name; `dev`, `test` and `prod` are other spellings. */
import { z } from 'zod';

export const ENVIRONMENTS = ['development', 'testing', 'staging', 'production', 'ci'] as const;
export type EnvironmentName = (typeof ENVIRONMENTS)[number];

const ALIASES: Readonly<Record<string, EnvironmentName>> = { dev: 'development', test: 'testing', prod: 'production' };

export const EnvironmentWord = z
  .string()
  .transform((word, context): EnvironmentName => {
    const name =
      ENVIRONMENTS.find((each) => each === word) ?? (Object.hasOwn(ALIASES, word) ? ALIASES[word] : undefined);
    if (name) return name;
    context.addIssue({
      code: 'custom',
      message: `"${word}" is no environment: ${ENVIRONMENTS.join(', ')} (also ${Object.keys(ALIASES).join(', ')})`,
    });
    return z.NEVER;
  })
  .describe('development (dev), testing (test), staging, production (prod) or ci.');
