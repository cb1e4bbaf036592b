/** The compiled supervisor, with the stand-ins as parts. */
await import('../../../dist/workers/supervisor.js');
