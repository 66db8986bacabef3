// A SOCKS proxy: version 5 (RFC 1928), with a user name and password (RFC 1929) where the client has them, and version 4
// with names (4a). It connects every address to this machine, and records the requested addresses and the credentials.
import net from 'node:net';

export async function startSocks() {
  const seen = [];
  const server = net.createServer(async (socket) => {
    socket.on('error', () => {});
    const take = reader(socket);
    const [version] = await take(1);
    const { request, granted } = await (version === 4 ? version4 : version5)(take, socket);
    seen.push(request);
    const target = net.connect(request.port, '127.0.0.1', () => {
      socket.write(granted);
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

async function version5(take, socket) {
  const [count] = await take(1);
  const withPassword = (await take(count)).includes(2);
  socket.write(Buffer.from([5, withPassword ? 2 : 0]));
  const credentials = {};
  if (withPassword) {
    const [, userLength] = await take(2);
    credentials.user = (await take(userLength)).toString();
    const [passwordLength] = await take(1);
    credentials.password = (await take(passwordLength)).toString();
    socket.write(Buffer.from([1, 0]));
  }
  const [, , , kind] = await take(4);
  // 3 is a name, 1 an address. The tests use no others.
  const [length] = kind === 3 ? await take(1) : [4];
  const host = await take(length);
  const port = (await take(2)).readUInt16BE();
  return { request: { host: kind === 3 ? host.toString() : host.join('.'), port, ...credentials }, granted: Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]) };
}

async function version4(take) {
  await take(1);
  const port = (await take(2)).readUInt16BE();
  const address = await take(4);
  await takeText(take);
  // An address that does not exist announces a name.
  const host = address[0] === 0 ? await takeText(take) : address.join('.');
  return { request: { host, port }, granted: Buffer.from([0, 0x5a, 0, 0, 0, 0, 0, 0]) };
}

/** Reads to the next byte 0. */
async function takeText(take) {
  let text = '';
  for (let [byte] = await take(1); byte !== 0; [byte] = await take(1)) text += String.fromCharCode(byte);
  return text;
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
