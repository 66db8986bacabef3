/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
// Runs in Studio's page before Studio: a collector has no agents, workflows, tools or datasets to show.
import { isPage } from './pages.mjs';

/** Controls that need the application itself, or a dataset. */
const HIDDEN_CONTROLS = /^(Score traces?|Run Experiment|Add tool mocks to item|.*\bdataset\b.*)$/i;

// Pages that the collector does not have are asked of the server, which says why.
for (const method of /** @type {const} */ (['pushState', 'replaceState'])) {
  const original = history[method];
  history[method] = (state, title, url) => {
    if (url == null || isPage(new URL(url, document.baseURI).pathname)) original.call(history, state, title, url);
    else location.assign(url);
  };
}

function tidy() {
  for (const control of document.querySelectorAll('button, [role=menuitem]')) {
    if (HIDDEN_CONTROLS.test(control.textContent.trim())) control.toggleAttribute('hidden', true);
  }
  // The search of everything names the path of each page.
  for (const item of document.querySelectorAll('[cmdk-item]')) {
    const [path] = /\/[\w/-]+$/.exec(item.textContent ?? '') ?? [];
    if (path !== undefined && !isPage(path)) item.toggleAttribute('hidden', true);
  }
  const metrics = document.querySelector('nav a[href="/metrics"]')?.closest('li');
  if (!metrics || document.querySelector('nav a[href="/all-metrics"]')) return;
  const item = /** @type {HTMLElement} */ (metrics.cloneNode(true));
  const link = /** @type {HTMLAnchorElement} */ (item.querySelector('a'));
  link.href = '/all-metrics';
  link.removeAttribute('aria-current');
  link.replaceChildren('All metrics');
  metrics.after(item);
}

let scheduled = false;
new MutationObserver(() => {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    tidy();
  });
}).observe(document, { childList: true, subtree: true });
