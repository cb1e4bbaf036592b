/**
 * The thread that owns PGlite. PGlite computes on the thread that calls it, so it gets one of its own: a heavy query
 * then delays neither HTTP nor heartbeats. Plain JavaScript, because Node 20 can start it from source and from `dist/`
 * alike. One message in, one message out; the order of queries is the caller's business.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';

/** @typedef {{ id: number, text: string, values: unknown[] } | { id: number, close: true }} WorkerRequest */
/** @typedef {{ message: string, code?: string, detail?: string, constraint?: string }} WorkerError */
/** @typedef {{ rows: unknown[], rowCount: number }} WorkerRows */
/** @typedef {{ id: number, ok: WorkerRows } | { id: number, error: WorkerError }} WorkerReply */

const port = parentPort;
if (!port) throw new Error('pglite-worker.mjs is started as a worker thread only');

/** @param {unknown} error @returns {WorkerError} */
function plain(error) {
  const e = /** @type {WorkerError} */ (error instanceof Error ? error : { message: String(error) });
  return {
    message: e.message,
    ...(typeof e.code === 'string' ? { code: e.code } : {}),
    ...(typeof e.detail === 'string' ? { detail: e.detail } : {}),
    ...(typeof e.constraint === 'string' ? { constraint: e.constraint } : {}),
  };
}

/** @type {PGlite | undefined} */
let lite;
/** @type {Promise<unknown>} */
let last = Promise.resolve();

/** @param {WorkerRequest} request @returns {Promise<WorkerReply>} */
async function answer(request) {
  try {
    if (!lite) throw new Error('the database is not open');
    if ('close' in request) {
      await lite.close();
      return { id: request.id, ok: { rows: [], rowCount: 0 } };
    }
    const result = await lite.query(request.text, request.values);
    return { id: request.id, ok: { rows: result.rows, rowCount: result.affectedRows || result.rows.length } };
  } catch (error) {
    return { id: request.id, error: plain(error) };
  }
}

port.on('message', (/** @type {WorkerRequest} */ request) => {
  last = last.then(async () => {
    port.postMessage(await answer(request));
    if ('close' in request) port.close();
  });
});

// Request 0 is the opening itself.
try {
  lite = await PGlite.create(String(workerData.dataDir));
  port.postMessage({ id: 0, ok: { rows: [], rowCount: 0 } });
} catch (error) {
  port.postMessage({ id: 0, error: plain(error) });
  port.close();
}
