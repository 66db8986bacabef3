// A server that reads a request of HTTP and then gives the socket to the test.
import { createServer } from 'node:net';

/** The first whole request in the text, and how long it is; undefined while it is not complete. */
function parse(buffer) {
  const end = buffer.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [line, ...fields] = buffer.subarray(0, end).toString('latin1').split('\r\n');
  const headers = Object.fromEntries(fields.map((field) => [field.slice(0, field.indexOf(':')).toLowerCase(), field.slice(field.indexOf(':') + 1).trim()]));
  const length = end + 4 + Number(headers['content-length'] ?? 0);
  if (buffer.length < length) return undefined;
  return { length, line, headers, text: buffer.subarray(end + 4, length).toString('utf8') };
}

export const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}';

/** Runs `misbehave(socket)` for the first request and answers 200 to all others. */
export async function startRawServer(misbehave) {
  const requests = [];
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    let buffer = Buffer.alloc(0);
    socket.on('error', () => {}); // many tests are about a client that breaks off
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      buffer = Buffer.concat([buffer, chunk]);
      for (let request = parse(buffer); request; request = parse(buffer)) {
        buffer = buffer.subarray(request.length);
        requests.push(request);
        if (requests.length === 1) misbehave(socket);
        else socket.write(OK);
      }
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    requests,
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Writes the chunk again and again until the other side closes. */
export function writeForEver(socket, chunk) {
  const more = () => { while (!socket.destroyed && socket.write(chunk)); };
  socket.on('drain', more);
  more();
}
