/** Stands in for the control process: answers on its port with its environment, and does what STAND_IN says. */
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

if (process.env.STAND_IN === 'refuse') {
  process.send(
    { error: { name: 'StoreUnavailable', message: 'DATABASE_URL names a server that does not answer.', usage: true } },
    () => process.exit(2),
  );
} else if (process.env.STAND_IN === 'crash') {
  console.error('control: a stand-in that cannot start');
  process.exit(7);
} else {
  const server = createServer((request, response) => {
    if (request.url === '/crash') process.kill(process.pid, 'SIGKILL');
    response.end(JSON.stringify(process.env));
  });
  server.listen(Number(process.env.BATON_PORT), process.env.BATON_HOST, () => {
    if (existsSync(join(process.env.BATON_HOME, 'never-ready'))) return;
    process.send({ ready: true, url: `http://127.0.0.1:${server.address().port}` });
  });
  process.on('SIGTERM', () => process.exit(0));
}
