import { html, ownPage } from './html.mjs';

/** @param {string} path  of Studio @returns {string} a page that says why a collector has nothing there */
export function elsewhere(path) {
  return ownPage('Not in a collector', html`
<p><code>${path}</code> belongs to the application itself: a collector has the traces, logs, metrics, scores and feedback
that applications sent, and neither their agents, workflows and tools nor datasets and experiments.</p>
<p>The Studio of the application has them: <code>npx mastra dev</code> in its project.</p>`);
}
