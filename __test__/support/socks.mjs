// A SOCKS5 proxy (RFC 1928) that asks for a user name and password (RFC 1929) and connects names below `.test` to this
// machine. It records the requested addresses and the credentials.
import net from 'node:net';

export async function startSocks() {
  const seen = [];
  const server = net.createServer(async (socket) => {
    socket.on('error', () => {});
    const take = reader(socket);
    const [, methods] = await take(2);
    await take(methods);
    socket.write(Buffer.from([5, 2]));
    const [, userLength] = await take(2);
    const user = (await take(userLength)).toString();
    const [passwordLength] = await take(1);
    const password = (await take(passwordLength)).toString();
    socket.write(Buffer.from([1, 0]));
    const [, , , kind] = await take(4);
    // 3 is a name. All other types are addresses, which the tests do not use.
    const [length] = kind === 3 ? await take(1) : [4];
    const host = (await take(length)).toString();
    const port = (await take(2)).readUInt16BE();
    seen.push({ kind, host, port, user, password });
    const target = net.connect(port, '127.0.0.1', () => {
      socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
      socket.pipe(target).pipe(socket);
    });
    target.on('error', () => socket.destroy());
    socket.on('close', () => target.destroy());
  });
  const sockets = new Set();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    seen,
    host: `127.0.0.1:${server.address().port}`,
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Returns a function that reads exactly `length` bytes. */
function reader(socket) {
  return (length) => new Promise((resolve) => {
    const check = () => {
      const chunk = length === 0 ? Buffer.alloc(0) : socket.read(length);
      if (chunk === null) return;
      socket.removeListener('readable', check);
      resolve(chunk);
    };
    socket.on('readable', check);
    check();
  });
}
