import { z } from 'zod';

/** A secret is never written down: a setting names the variable of the environment that holds it. */
export const Secret = z
  .strictObject({
    env: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'name of an environment variable')
      .describe('Name of the environment variable that holds the secret.'),
  })
  .meta({ id: 'Secret', description: 'Name of the environment variable that holds the secret, as `{ env: NAME }`.' });
export type Secret = z.infer<typeof Secret>;
