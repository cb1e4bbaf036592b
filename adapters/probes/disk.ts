import { statfs } from 'node:fs/promises';
import type { Probe } from '../../domain/monitoring/health.js';

/** Used ÷ usable, as `df` counts: what only root may use is neither. */
export async function diskUsage(path: string): Promise<{ readonly ratio: number; readonly freeBytes: number }> {
  const { blocks, bfree, bavail, bsize } = await statfs(path);
  const used = blocks - bfree;
  return { ratio: used + bavail === 0 ? 0 : used / (used + bavail), freeBytes: bavail * bsize };
}

export function diskCheck(path: string, percent: number): Probe['check'] {
  return async () => {
    const usage = await diskUsage(path).catch((error: NodeJS.ErrnoException) => {
      throw new Error(`${path} cannot be looked at (${error.code}): correct the path.`);
    });
    const full = `${(usage.ratio * 100).toFixed(1)} % of ${path} are used`;
    if (usage.ratio * 100 <= percent) return { status: 'healthy', sentence: full };
    return { status: 'down', sentence: `${full}, more than ${percent} %. Make room or raise \`percent\`.` };
  };
}
