/** Where artifacts are: on this disk, or in an S3-compatible store. */
import { join } from 'node:path';
import { diskArtifacts } from '../adapters/artifacts/disk.js';
import type { ArtifactStore } from '../domain/ports.js';
import type { Settings } from './config.js';

/** The client for S3 is loaded only where it is used: it would add a third of a second to every start. */
export async function openArtifacts(settings: Pick<Settings, 'artifacts' | 'home'>): Promise<ArtifactStore> {
  if (!settings.artifacts) return diskArtifacts(join(settings.home, 'artifacts'));
  const { s3Artifacts } = await import('../adapters/artifacts/s3.js');
  return s3Artifacts(settings.artifacts);
}
