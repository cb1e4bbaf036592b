/** Settings of an installation: what belongs to a team and its server, not to one project. One section per capability. */
import { z } from 'zod';

export const Installation = z
  .strictObject({})
  .meta({ id: 'Installation', description: 'The file that `BATON_CONFIG` names; YAML or JSON.' });
export type Installation = z.infer<typeof Installation>;
