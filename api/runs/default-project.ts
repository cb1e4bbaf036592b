import { basename } from 'node:path';
import type { Source } from '../../domain/run.schema.js';

/** Name of the project until planning has read the project's own: the folder's, or the repository's. */
export function defaultProject(source: Source): string {
  const place =
    source.kind === 'directory' ? source.dir : source.repository.replace(/[?#].*$/, '').replace(/\.git\/*$/, '');
  const name = basename(place.replace(/[/\\]+$/, ''))
    .replace(/[^\w.@-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '');
  return name.slice(0, 100) || 'project';
}
