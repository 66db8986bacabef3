// A bare HTTP(S) server for answers the recording collector cannot give: custom reason phrases,
// broken bodies, answers that wait for the test. It records every request before it answers.
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';

/** `tls`: options of a server of HTTPS; with `http2` it speaks HTTP/2 too. */
export async function startServer(handler, tls) {
  const requests = [];
  const onRequest = async (req, res) => {
    const chunks = [];
    try {
      for await (const chunk of req) chunks.push(chunk);
    } catch {
      return; // the client gave up before the end of its request
    }
    const text = Buffer.concat(chunks).toString('utf8');
    const entry = { method: req.method, path: req.url, headers: req.headers, text };
    requests.push(entry);
    await handler(req, res, requests.length - 1, entry);
  };
  const server = makeServer(tls, onRequest);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${server.address().port}`,
    requests,
    close() {
      server.closeAllConnections?.();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

function makeServer(tls, onRequest) {
  if (tls === undefined) return http.createServer(onRequest);
  return tls.http2 ? http2.createSecureServer({ ...tls, allowHTTP1: true }, onRequest) : https.createServer(tls, onRequest);
}

// A port on which no process listens: taken from the system, then given back.
export async function refusedUrl() {
  const server = await startServer(() => {});
  await server.close();
  return server.url;
}

/** The first request gets `answer`, the others the ordinary one. */
export const first = (answer) => (request, index) => (index === 0 ? answer : undefined);
