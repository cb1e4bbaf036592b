/** Every real workflow, and one that announces as the built-in ones do. */
import type { Notice } from '../../../domain/notice.js';
import { announce } from '../../../workflows/announce.js';

export * from '../../../workflows/index.js';

export async function announcing(notices: readonly Notice[]): Promise<string> {
  for (const notice of notices) await announce(notice);
  return 'announced';
}
