// The pages of Studio that a collector shows. The server and the browser both read this file.

/** Pages that live on traces, metrics, logs, scores and feedback. */
const PAGES = /^\/(traces|metrics|logs|inbox|evaluation|scorers|scorers\/[^/]+|settings|resources|all-metrics)\/?$/;

/** @param {string} path @returns {boolean} whether a page has something to show in a collector */
export function isPage(path) {
  return PAGES.test(path);
}
