/** A request that is answered with something other than 200. */
export class HttpError extends Error {
  /**
   * @param {number} status
   * @param {string} message  for whoever sent the request
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}
