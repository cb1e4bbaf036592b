/** Who ended a run early: a note of the run, so that its receipt can name them. */
const BY = 'cancellation was asked for by ';

export const cancelledBy = (principal: string): string => `${BY}${principal}`;

/** The principal in the notes of a run; null when nobody asked through the API, such as in the Temporal Web UI. */
export function whoCancelled(notes: readonly string[]): string | null {
  return notes.find((note) => note.startsWith(BY))?.slice(BY.length) ?? null;
}
