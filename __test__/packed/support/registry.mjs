// A registry with the part of npm's protocol that publishing and installing use. It keeps published packages, and
// redirects requests for all other packages to the registry of this machine.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';

/** @param {{ refuse?: (name: string) => boolean }} [options]  what is answered 503 when it is published */
export async function startRegistry({ refuse = () => false } = {}) {
  const upstream = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim().replace(/\/$/, '');
  /** @type {Map<string, any>} */
  const packages = new Map();
  const tarballs = new Map();
  /** Names, in the order in which they came. @type {string[]} */
  const published = [];

  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(request.url).slice(1).replace(/\?.*/, '');
    const json = (status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    if (request.method === 'PUT') {
      if (refuse(path)) return json(503, { error: 'refused by the test' });
      const document = JSON.parse(Buffer.concat(chunks).toString());
      for (const [file, { data }] of Object.entries(document._attachments)) tarballs.set(file, Buffer.from(data, 'base64'));
      for (const version of Object.values(document.versions)) version.dist.tarball = `${url}/${path}/-/${path}-${version.version}.tgz`;
      const { _attachments, ...kept } = document;
      packages.set(path, kept);
      published.push(path);
      return json(201, { ok: true });
    }
    const tarball = tarballs.get(path.split('/-/')[1]);
    if (tarball) return response.end(tarball);
    if (packages.has(path)) return json(200, packages.get(path));
    if (path.startsWith('mastra-native-exporter')) return json(404, { error: 'not found' });
    return response.writeHead(307, { location: `${upstream}${request.url}` }).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${server.address().port}`;
  return {
    published,
    /** For npm and what reads its settings: this registry, and a token for it. */
    env: {
      npm_config_registry: url,
      [`npm_config_//127.0.0.1:${server.address().port}/:_authToken`]: 'token',
      // yarn and bun.
      YARN_REGISTRY: url,
      BUN_CONFIG_REGISTRY: url,
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
