// The account's pages in one document: the menu, the router, the switch of users and themes. A way from one
// page to another never reloads the document, so widgets live through destroy and render as in amoCRM.

import { makeApp } from '../host/app.js';
import { leave, prepare } from '../host/widget.js';
import { advancedPage } from './advanced.js';
import { cardPage } from './card.js';
import { designerPage } from './designer.js';
import { listPage } from './list.js';
import { marketPage } from './market.js';
import { closeMenus, menu } from './menu.js';
import { get, rooted, send } from './net.js';
import { pipelinePage } from './pipeline.js';
import { ICONS, h, icon, initials } from './words.js';

const PAGES = [
  [/^\/leads\/(?:list\/)?$/, listPage],
  [/^\/leads\/add\/$/, (context) => cardPage(context, 0)],
  [/^\/leads\/detail\/(\d+)$/, (context, id) => cardPage(context, Number(id))],
  [/^\/settings\/widgets\/$/, marketPage],
  [/^\/settings\/pipeline\/$/, pipelinePage],
  [/^\/settings\/salesbot\/$/, designerPage],
  [/^\/advanced_settings\/([^/]+)\/$/, advancedPage],
];

const holder = document.getElementById('page_holder');
let state = null;
let page = null;

async function boot() {
  state = await get('/_ui/state');
  makeApp(state);
  await prepare();
  drawMenu();
  document.addEventListener('click', follow);
  window.addEventListener('popstate', () => show());
  await show();
}

/** Shows the page of the present address; the page before it is closed first. */
async function show() {
  closeMenus();
  leave();
  if (page) page.close();
  page = null;
  window.APP.data.current_card = false;
  window.APP.data.current_list = false;
  window.APP.data.current_entity = '';
  const path = location.pathname.slice(document.body.dataset.root.length);
  const found = PAGES.map(([pattern, make]) => [pattern.exec(path), make]).find(([match]) => match);
  for (const item of document.querySelectorAll('.nav__item')) {
    item.classList.toggle('nav__item_active', section(item.pathname) === section(location.pathname));
  }
  holder.replaceChildren();
  window.scrollTo(0, 0);
  if (found) page = await found[1]({ state, holder, go, refresh }, ...found[0].slice(1));
  window.$(document).trigger('page:changed');
}

/** The part of the account a path belongs to; the pages of widgets stand in the settings. */
function section(pathname) {
  const [, first] = pathname.slice(document.body.dataset.root.length).split('/');
  return first === 'advanced_settings' ? 'settings' : first;
}

/** Goes to a path inside the account without a reload. */
export function go(path, { replace = false } = {}) {
  history[replace ? 'replaceState' : 'pushState'](null, '', rooted(path));
  return show();
}

/** Reads the account again (after settings were saved). */
async function refresh() {
  Object.assign(state, await get('/_ui/state'));
}

function follow(event) {
  const anchor = event.target.closest('a[href]');
  if (!anchor || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const root = document.body.dataset.root;
  if (anchor.target || anchor.origin !== location.origin || !anchor.pathname.startsWith(`${root}/`)) return;
  event.preventDefault();
  go(anchor.pathname.slice(root.length));
}

function drawMenu() {
  const item = (path, name, drawing) => h('a', { class: 'nav__item', href: rooted(path) }, icon(drawing), h('span', {}, name));
  const person = h('button', { class: 'nav__user', type: 'button', title: state.me.name, 'aria-haspopup': 'menu' }, initials(state.me.name));
  person.onclick = () => menu(person, personMenu(), 'menu_nav');
  document.getElementById('left_menu').replaceChildren(
    person,
    item('/leads/', 'Сделки', ICONS.deals),
    item('/settings/widgets/', 'Настройки', ICONS.gear),
    h('a', { class: 'nav__item nav__item_last', href: '/', target: '_self' }, icon(ICONS.sandbox), h('span', {}, 'Песочница')),
  );
}

function personMenu() {
  const people = state.users.map((user) => ({
    text: user.name,
    hint: user.rights.is_admin ? 'администратор' : 'менеджер',
    chosen: user.id === state.me.id,
    act: () => become(user.id),
  }));
  const dark = document.documentElement.dataset.colorScheme === 'dark';
  return [{ title: state.account.name }, ...people, { line: true }, { text: dark ? 'Светлая тема' : 'Тёмная тема', drawing: ICONS.sun, act: switchTheme }];
}

async function become(userId) {
  await send('POST', '/_ui/user', { user_id: userId });
  await refresh();
  await show();
  drawMenu();
}

function switchTheme() {
  const next = document.documentElement.dataset.colorScheme === 'dark' ? 'light' : 'dark';
  document.documentElement.dataset.colorScheme = next;
  localStorage.setItem('color-scheme', next);
}

boot();
