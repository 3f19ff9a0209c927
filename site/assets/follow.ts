/**
 * The site's only script. While a page is live, it requests the page again, replaces the marked parts, and appends to the log.
 * The server writes all markup, so a browser without scripts shows the same after a reload.
 */
export const follow = `'use strict';
const main = document.getElementById('main');
const log = document.getElementById('log');
const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const visible = () => document.hidden ? new Promise((done) => document.addEventListener('visibilitychange', done, { once: true })) : undefined;

function renewParts(fresh) {
  for (const part of document.querySelectorAll('[data-part]')) {
    const renewed = fresh.getElementById(part.id);
    if (!renewed) continue;
    for (const open of part.querySelectorAll('details[open][id]')) fresh.getElementById(open.id)?.setAttribute('open', '');
    if (renewed.innerHTML === part.innerHTML) continue;
    const held = part.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
    part.replaceChildren(...renewed.childNodes);
    if (held) part.querySelector('a[href="' + CSS.escape(held) + '"]')?.focus({ preventScroll: true });
  }
  const state = document.querySelector('[data-announce]')?.dataset.announce ?? '';
  const announcement = document.getElementById('announcement');
  if (document.title !== fresh.title) announcement.textContent = state;
  document.title = fresh.title;
}

function growLog(fresh) {
  const added = fresh.getElementById('log');
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  if (added.textContent) log.append(added.textContent);
  if (log.textContent.length > 2e6) log.textContent = log.textContent.slice(-1e6);
  log.dataset.next = added.dataset.next;
  if (atEnd) log.scrollTop = log.scrollHeight;
}

async function renew() {
  const address = new URL(location.href);
  address.hash = '';
  if (log) address.searchParams.set('from', log.dataset.next);
  const answer = await fetch(address, { cache: 'no-store' });
  if (!answer.ok) throw new Error(answer.statusText);
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  renewParts(fresh);
  if (log) growLog(fresh);
  main.dataset.live = fresh.getElementById('main').dataset.live;
}

async function follow() {
  if (log) log.scrollTop = log.scrollHeight;
  while (main.dataset.live === 'yes') {
    await wait(2000);
    await visible();
    await renew().catch(() => wait(8000));
  }
}

follow();
`;
