/** The time in milliseconds for which a failure of the store decides the answer of `/healthz`. */
const FAILURE_HOLDS_MS = 60_000;

/** The outcomes of records and requests since the start, and the state of the store. */
export class Status {
  /** Records by what became of them; `failed` ones are sent again by the exporters. */
  records = { stored: 0, refused: 0, unsupported: 0, failed: 0 };
  /** Requests without a valid token. */
  unauthorised = 0;
  /** @type {{ lastError: string, since: Date, at: number } | undefined} */
  #failure;

  /** @param {string} lastError  why nothing can be stored */
  storeFailed(lastError) {
    this.#failure = { since: this.#failure?.since ?? new Date(), lastError, at: performance.now() };
  }

  /** @returns {boolean} whether it had failed before */
  storeWorked() {
    const recovered = this.#failure !== undefined;
    this.#failure = undefined;
    return recovered;
  }

  /**
   * Whether records are welcome. A minute after the last failure they are, whatever comes of it: a load balancer that
   * sent none would never learn that the store works again.
   * @returns {boolean}
   */
  get ok() {
    return this.#failure === undefined || performance.now() - this.#failure.at > FAILURE_HOLDS_MS;
  }

  /** The body of `/healthz`. @param {boolean} closing */
  health(closing) {
    const { records, unauthorised } = this;
    const status = closing ? 'shutting down' : this.ok ? 'ok' : 'the store refuses';
    const failure = this.#failure && { lastError: this.#failure.lastError, since: this.#failure.since.toISOString() };
    return { status, records, unauthorised, ...failure };
  }

  /** The body of `/metrics`: the text format of Prometheus. @param {number} bodyBytes  of bodies in memory @returns {string} */
  prometheus(bodyBytes) {
    const prefix = 'mastra_collector';
    return [
      `# HELP ${prefix}_records_total Records by what became of them.`,
      `# TYPE ${prefix}_records_total counter`,
      ...Object.entries(this.records).map(([outcome, count]) => `${prefix}_records_total{outcome="${outcome}"} ${count}`),
      `# HELP ${prefix}_unauthorised_requests_total Requests without a valid token.`,
      `# TYPE ${prefix}_unauthorised_requests_total counter`,
      `${prefix}_unauthorised_requests_total ${this.unauthorised}`,
      `# HELP ${prefix}_store_failing 1 from a failure of the store until something is stored.`,
      `# TYPE ${prefix}_store_failing gauge`,
      `${prefix}_store_failing ${this.#failure ? 1 : 0}`,
      `# HELP ${prefix}_body_bytes Bytes of request bodies in memory.`,
      `# TYPE ${prefix}_body_bytes gauge`,
      `${prefix}_body_bytes ${bodyBytes}`,
      '',
    ].join('\n');
  }
}
