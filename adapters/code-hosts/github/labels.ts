import type { Site } from '../github.js';
import type { GitHubClient } from './client.js';
import { isRefused } from './problem.js';

const COLOUR = '6f42c1';

/** Makes the labels that the repository does not have. */
export async function ensureLabels(client: GitHubClient, { place }: Site, labels: readonly string[]): Promise<void> {
  for (const name of labels) {
    try {
      await client.rest.issues.getLabel({ ...place, name });
    } catch (error) {
      if (!isRefused(error, 404)) throw error;
      await client.rest.issues.createLabel({ ...place, name, color: COLOUR }).catch((refused: unknown) => {
        // Made by somebody else in the meantime.
        if (!isRefused(refused, 422, /already_exists/)) throw refused;
      });
    }
  }
}
