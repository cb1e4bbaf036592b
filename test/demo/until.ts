/** Waits for a condition, and says what did not come. */
export async function until<T>(look: () => Promise<T | undefined>, what: string, withinMs = 120_000): Promise<T> {
  for (const deadline = Date.now() + withinMs; ; ) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(what);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
