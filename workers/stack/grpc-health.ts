/** Asks a gRPC server for its health with Node's own HTTP/2: the supervisor needs one small call, not a client library. */
import { connect } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';

const SERVICE = 'temporal.api.workflowservice.v1.WorkflowService';
const SERVING = 1;

/** HealthCheckRequest { service } in protobuf, after gRPC's five bytes: not compressed, and the length. */
function request(): Buffer {
  const name = Buffer.from(SERVICE);
  const message = Buffer.concat([Buffer.from([0x0a, name.length]), name]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Null when the server serves, otherwise one phrase that says why not. Never rejects. */
export function temporalHealth(address: string, timeoutMs: number): Promise<string | null> {
  return new Promise((resolve) => {
    const session = connect(`http://${address}`);
    const answer: Buffer[] = [];
    let settled = false;
    const settle = (problem: string | null): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      session.destroy();
      resolve(problem);
    };
    const timer = setTimeout(() => settle(`gave no answer within ${timeoutMs / 1000} s`), timeoutMs);
    session.on('error', (error: NodeJS.ErrnoException) =>
      settle(
        error.code === 'ECONNREFUSED' ? 'refuses the connection' : `cannot be reached (${error.code ?? error.message})`,
      ),
    );
    session.on('connect', () => {
      const stream = session.request({
        ':method': 'POST',
        ':path': '/grpc.health.v1.Health/Check',
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      stream.on('error', (error) => settle(`does not speak gRPC (${error.message})`));
      stream.on('data', (chunk: Buffer) => answer.push(chunk));
      // Five bytes of gRPC, then field 1, a number: the status.
      stream.on('end', () => settle(Buffer.concat(answer)[6] === SERVING ? null : 'does not serve Temporal yet'));
      stream.end(request());
    });
  });
}

/** Waits until the server serves. Resolves to null, or to the last reason when the time is up or `signal` fired. */
export async function awaitTemporal(address: string, timeoutMs: number, signal?: AbortSignal): Promise<string | null> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const problem = await temporalHealth(address, 2_000);
    if (problem === null || Date.now() > deadline || signal?.aborted) return problem;
    await sleep(50);
  }
}
