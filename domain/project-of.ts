import type { Source } from './run.schema.js';

/** Name of the project until planning has read the project's own: the folder's, or the repository's. */
export function projectOf(source: Source): string {
  const place =
    source.kind === 'directory' ? source.dir : source.repository.replace(/[?#].*$/, '').replace(/\.git\/*$/, '');
  const name = (
    place
      .replace(/[/\\]+$/, '')
      .split('/')
      .at(-1) ?? ''
  )
    .replace(/[^\w.@-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '');
  return name.slice(0, 100) || 'project';
}
