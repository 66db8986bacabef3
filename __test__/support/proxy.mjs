// A forward proxy for plain requests in absolute form and for CONNECT tunnels. It records everything that it sees. Host
// names below `.test`, which exist nowhere else, are this machine for it.
import http from 'node:http';
import net from 'node:net';

const resolve = (hostname) => (hostname.endsWith('.test') ? '127.0.0.1' : hostname);

/** `refuse`: the status with which the proxy answers every request. */
export async function startProxy({ refuse } = {}) {
  const seen = { forwarded: [], tunnels: [], bytes: [] };
  const server = http.createServer((req, res) => {
    seen.forwarded.push({ url: req.url, headers: req.headers });
    if (refuse) {
      res.writeHead(refuse).end();
      return;
    }
    const { 'proxy-authorization': _, ...headers } = req.headers;
    const { hostname, port, pathname } = new URL(req.url);
    const forward = http.request({ hostname: resolve(hostname), port, path: pathname, method: req.method, headers }, (answer) => {
      res.writeHead(answer.statusCode, answer.headers);
      answer.pipe(res);
    });
    forward.on('error', () => res.writeHead(502).end());
    req.pipe(forward);
  });
  server.on('connect', (req, socket, head) => {
    seen.tunnels.push({ target: req.url, headers: req.headers });
    socket.on('error', () => {});
    if (refuse) {
      socket.end(`HTTP/1.1 ${refuse} Refused\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const { hostname, port } = new URL(`http://${req.url}`);
    const target = net.connect(Number(port), resolve(hostname), () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      if (head.length > 0) target.write(head);
      for (const [from, to] of [[socket, target], [target, socket]]) {
        from.on('data', (chunk) => seen.bytes.push(chunk));
        from.pipe(to);
      }
    });
    target.on('error', () => socket.destroy());
    socket.on('close', () => target.destroy());
  });
  const sockets = new Set();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    ...seen,
    host: `127.0.0.1:${server.address().port}`,
    close() {
      for (const socket of sockets) socket.destroy(); // the server does not close tunnels
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
