/**
 * The site's only script. While a page is live, it requests the page again, replaces the marked parts, and appends to the log; it goes to
 * the line that an address names, downloads whole logs, and copies commands. The server writes all other markup, so a browser without
 * scripts shows the same after a reload.
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

/** The lines of a section that was shown already go to its end. */
function growLog(fresh) {
  const added = fresh.getElementById('log');
  if (!added) return;
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  for (const section of [...added.children]) {
    if (section.localName === 'details') log.lastElementChild?.removeAttribute('open');
    if (section.localName === 'details' || !log.lastElementChild) log.append(section);
    else log.lastElementChild.append(...section.childNodes);
  }
  const lines = log.getElementsByTagName('p');
  while (lines.length > 5000) lines[0].remove();
  log.dataset.next = added.dataset.next;
  log.dataset.line = added.dataset.line;
  if (atEnd) log.scrollTop = log.scrollHeight;
}

async function renew() {
  const address = new URL(location.href);
  address.hash = '';
  if (log) {
    address.searchParams.set('from', log.dataset.next);
    address.searchParams.set('line', log.dataset.line);
  }
  const answer = await fetch(address, { cache: 'no-store' });
  if (!answer.ok) throw new Error(answer.statusText);
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  renewParts(fresh);
  addCopyButtons();
  if (log) growLog(fresh);
  main.dataset.live = fresh.getElementById('main').dataset.live;
}

async function follow() {
  while (main.dataset.live === 'yes') {
    await wait(2000);
    await visible();
    await renew().catch(() => wait(8000));
  }
}

/** The address of a line that is not on the page is one of the page of the log. */
function goToLine() {
  const line = /^#L(\\d{1,12})$/.exec(location.hash)?.[1];
  if (!line) return false;
  const shown = document.getElementById('L' + line);
  shown?.closest('details')?.setAttribute('open', '');
  if (shown) shown.scrollIntoView({ block: 'center' });
  else if (/^\\/builds\\/\\w+$/.test(location.pathname)) location.replace(location.pathname + '/log?line=' + line + location.hash);
  return true;
}

function addCopyButtons() {
  // Browsers have it only where a page was not changed on its way.
  if (!navigator.clipboard) return;
  for (const command of document.querySelectorAll('[data-copy]')) {
    if (command.querySelector('.copy')) continue;
    const text = command.textContent.trim();
    const button = document.createElement('button');
    button.className = 'copy';
    button.textContent = 'Copy';
    // A page has several.
    button.setAttribute('aria-label', 'Copy: ' + text);
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(text);
      button.textContent = 'Copied';
      document.getElementById('announcement').textContent = 'Copied';
      setTimeout(() => { button.textContent = 'Copy'; }, 2000);
    });
    command.prepend(button);
  }
}

/** One answer has at most 4 MB of a log: a larger one is put together from its pieces. */
async function downloadLog(link) {
  const label = link.textContent;
  const pieces = [];
  for (let next = 0, total = 1; next < total; ) {
    const answer = await fetch(link.href + '?from=' + next);
    if (!answer.ok) throw new Error(answer.statusText);
    const piece = await answer.blob();
    pieces.push(piece);
    total = Number(answer.headers.get('x-log-total'));
    next += piece.size || total;
    link.textContent = label + ' ' + Math.floor(100 * next / total) + ' %';
  }
  link.textContent = label;
  const whole = document.createElement('a');
  whole.href = URL.createObjectURL(new Blob(pieces, { type: 'text/plain' }));
  whole.download = link.download;
  whole.click();
  setTimeout(() => URL.revokeObjectURL(whole.href), 60_000);
}

addEventListener('click', (event) => {
  const link = event.target.closest?.('a[download]');
  if (!link) return;
  event.preventDefault();
  // Without the pieces, the browser gets what fits into one answer.
  downloadLog(link).catch(() => location.assign(link.href));
});
addEventListener('hashchange', goToLine);
if (!goToLine() && log && main.dataset.live === 'yes') log.scrollTop = log.scrollHeight;
addCopyButtons();
follow();
`;
