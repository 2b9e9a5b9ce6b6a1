// A small menu under the button that opened it; Escape, a choice or a click elsewhere closes it.

import { ICONS, h, icon } from './words.js';

let open = null;

export function closeMenus() {
  if (open) open.remove();
  open = null;
}

/** items: [{text, hint?, chosen?, colour?, drawing?, danger?, act} | {line: true} | {title}] */
export function menu(button, items, extra = '') {
  if (open && open.opener === button) {
    closeMenus();
    return;
  }
  closeMenus();
  open = h('div', { class: `menu ${extra}`, role: 'menu' }, items.map(row));
  open.opener = button;
  button.after(open);
  const box = open.getBoundingClientRect();
  if (box.right > window.innerWidth - 8) open.style.right = '8px';
  const first = open.querySelector('button');
  if (first) first.focus();
}

function row(item) {
  if (item.line) return h('hr', { class: 'menu__line' });
  if (item.title) return h('div', { class: 'menu__title' }, item.title);
  const tick = h('span', { class: 'menu__tick' }, item.chosen && icon(ICONS.check, 16), item.drawing && icon(item.drawing, 16));
  const button = h('button', { class: `menu__row ${item.danger ? 'menu__row_danger' : ''}`, role: 'menuitem', type: 'button' },
    tick, h('span', {}, item.text), item.hint && h('small', {}, item.hint));
  if (item.colour) {
    button.classList.add('menu__row_colour');
    button.style.setProperty('--stage', item.colour);
  }
  button.onclick = () => {
    closeMenus();
    item.act();
  };
  return button;
}

document.addEventListener('mousedown', (event) => {
  if (open && !open.contains(event.target) && !open.opener.contains(event.target)) closeMenus();
});
document.addEventListener('keydown', (event) => {
  if (!open) return;
  if (event.key === 'Escape') {
    const { opener } = open;
    closeMenus();
    opener.focus();
  }
  if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    event.preventDefault();
    const rows = [...open.querySelectorAll('button')];
    const place = rows.indexOf(document.activeElement) + (event.key === 'ArrowDown' ? 1 : -1);
    rows[(place + rows.length) % rows.length].focus();
  }
});
