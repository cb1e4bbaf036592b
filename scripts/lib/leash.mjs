/**
 * Loaded before the main file of every part (`node --import`): a part whose supervisor is gone ends itself. Its channel to
 * the supervisor closes even when the supervisor was killed hard.
 */
const GRACE_MS = 10_000;

process.once('disconnect', () => {
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.exit(1), GRACE_MS).unref();
});
// Listening must not keep a part alive that has nothing else to do.
process.channel?.unref();
