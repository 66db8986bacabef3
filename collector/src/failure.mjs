/**
 * The fault that ended the start, with its fix.
 * @param {any} error
 * @param {import('./options.mjs').Options} options
 * @returns {string}
 */
export function explained(error, { host, port }) {
  const message = String(error?.message ?? error);
  const [, pid] = /Conflicting lock is held in .*\(PID (\d+)\)/.exec(message) ?? [];
  if (pid !== undefined) {
    const [name = ''] = message.split(' cannot be opened', 1);
    return `${name} is in use by process ${pid}: one collector at a time can have it open. End that one, give another ` +
      'file with --data, or keep the data in Postgres (--store postgres://...), which takes several collectors.';
  }
  if (error?.syscall === 'listen') return listenFailure(error.code, message, host, port);
  return message;
}

/** @param {string} code @param {string} message @param {string} host @param {number} port */
function listenFailure(code, message, host, port) {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} of ${host} is taken: give another with --port, 0 takes a free one.`;
    case 'EACCES':
      return `Port ${port} is not allowed for this user: give one above 1023 with --port.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${host} is not an address of this machine: give one with --host, 0.0.0.0 takes all.`;
    default:
      return message;
  }
}
