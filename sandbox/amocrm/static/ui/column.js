// The widget column of a card: open with full blocks or folded to small logos, remembered for cards of deals.
// A caption opens and closes its own block only; opening the column opens the first block.

import { ICONS, h, icon } from './words.js';

const KEY = 'widgets_panel_leads';
const WIDE = 1100;
const STACKED = 800;

export class Column {
  constructor() {
    const remembered = localStorage.getItem(KEY);
    this.open = remembered ? remembered === 'open' : window.innerWidth >= WIDE || window.innerWidth < STACKED;
    this.elements = h('div', { class: 'card-widgets__elements', id: 'widgets_elements' });
    this.handle = h('button', { class: 'card-widgets__top', type: 'button' });
    this.handle.onclick = () => this.toggle(!this.open);
    this.veil = h('div', { class: 'card-widgets__veil', onclick: () => this.toggle(false) });
    this.element = h('aside', { class: 'card-widgets', id: 'widgets_block', 'aria-label': 'Виджеты' }, this.veil, h('div', { class: 'card-widgets__panel custom-scroll' }, this.handle, this.elements));
    this.show();
  }

  toggle(open) {
    this.open = open;
    localStorage.setItem(KEY, open ? 'open' : 'folded');
    const blocks = [...this.elements.children];
    if (!open) blocks.forEach((block) => block.classList.remove('expanded'));
    else if (!blocks.some((block) => block.classList.contains('expanded')) && blocks[0]) blocks[0].classList.add('expanded');
    this.show();
  }

  show() {
    this.element.classList.toggle('card-widgets_open', this.open);
    this.handle.setAttribute('aria-expanded', String(this.open));
    this.handle.replaceChildren(h('span', {}, 'Виджеты'), icon(this.open ? ICONS.right : ICONS.left, 18));
    for (const block of this.elements.children) {
      block.querySelector('.card-widgets__widget__caption').setAttribute('aria-expanded', String(block.classList.contains('expanded')));
    }
  }

  /** The block of a widget: caption with logos and arrow, then the body, which is returned. */
  block(info, caption) {
    const old = this.elements.querySelector(`.card-widgets__widget-${CSS.escape(info.code)}`);
    if (old) old.remove();
    const body = h('div', { class: 'card-widgets__widget__body js-body-hide' });
    const head = h('button', { class: `card-widgets__widget__caption js-widget-caption-block ${caption.class_name || ''}`, type: 'button', title: info.i18n.ru?.widget?.name || info.code },
      h('span', { class: 'card-widgets__widget__caption__logo' }, h('img', { src: info.images.logo_medium, width: 120, height: 42, alt: info.i18n.ru?.widget?.name || '' })),
      h('span', { class: 'card-widgets__widget__caption__logo_min' }, h('img', { src: info.images.logo_min, width: 42, height: 42, alt: '' })),
      h('span', { class: 'card-widgets__widget__caption__arrow' }, icon(ICONS.down, 18)));
    if (caption.html) head.querySelector('.card-widgets__widget__caption__logo').insertAdjacentHTML('afterend', caption.html);
    const block = h('div', { class: `card-widgets__widget card-widgets__widget-${info.code} js-widget`, 'data-code': info.code, id: `${info.code}_widget` }, head, body);
    if (this.open && !this.elements.children.length) block.classList.add('expanded');
    head.onclick = () => {
      if (!this.open) {
        block.classList.add('expanded');
        this.toggle(true);
        return;
      }
      block.classList.toggle('expanded');
      this.show();
    };
    this.elements.append(block);
    this.show();
    return body;
  }

  /** Called when all widgets have started: a card without any hides the column. */
  ready(count) {
    const holder = this.element.closest('.card-holder');
    if (holder) holder.classList.toggle('js-widgets-hidden', !count);
  }
}
