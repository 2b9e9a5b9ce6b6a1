// The own page of a widget in the settings: an empty `#list_page_holder` that the widget fills.

import { enter } from '../host/widget.js';
import { sideMenu, word } from './market.js';
import { h } from './words.js';

export async function advancedPage({ state, holder }, code) {
  const info = state.widgets.find((one) => one.code === code && one.installed);
  if (!info) {
    holder.replaceChildren(h('div', { class: 'empty-page' }, 'Виджет не установлен'));
    return { close: () => undefined };
  }
  window.APP.data.current_area = `advanced-settings:${code}`;
  const place = h('div', { id: 'list_page_holder', class: 'settings-page__body custom-scroll' });
  document.title = word(info, info.manifest.advanced.title);
  holder.replaceChildren(h('div', { class: 'settings-page' }, sideMenu(state, code), h('div', { id: 'work-area', class: 'settings-page__work' }, place)));
  const [widget] = await enter(state, 'advanced_settings', { only: code });
  if (widget && widget.callbacks.advancedSettings) widget.callbacks.advancedSettings();
  return { close: () => undefined };
}
