/** A TCP door in front of the API that can be shut, cut, or opened late. */
import { connect, createServer, type Socket } from 'node:net';

export async function openProxy(target: number) {
  const open = new Set<Socket>();
  /** Connections that are cut as soon as bytes of an answer come: the request arrived, its answer is lost. */
  let loseAnswers = 0;
  const server = createServer((inner) => {
    const outer = connect(target, '127.0.0.1');
    for (const socket of [inner, outer]) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        open.delete(socket);
        inner.destroy();
        outer.destroy();
      });
    }
    inner.pipe(outer);
    outer.on('data', (data) => {
      if (loseAnswers > 0) {
        loseAnswers--;
        inner.destroy();
      } else inner.write(data);
    });
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as { port: number };
  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  const shut = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      cut();
    });
  return {
    url: `http://127.0.0.1:${port}`,
    cut,
    shut,
    open: () => listen(port),
    loseAnswers: (count: number) => {
      loseAnswers = count;
    },
  };
}
