// amoМаркет of the account: the uploaded widgets, each with its settings dialog. «Сохранить» wakes up with a
// change and asks the widget's onSave first, as does «Отключить»; a Promise is waited for.

import { enter, leave } from '../host/widget.js';
import { rooted, send } from './net.js';
import { h } from './words.js';

export async function marketPage(context) {
  const { state, holder } = context;
  window.APP.data.current_area = 'widgetsSettings';
  const grid = state.widgets.map((info) => tile(context, info));
  const none = h('p', { class: 'empty-page' }, 'В аккаунте ещё нет виджетов. Архив загружается адресом POST /_sandbox/widget?subdomain=', state.account.subdomain);
  holder.replaceChildren(h('div', { class: 'settings-page' }, sideMenu(state, 'market'),
    h('div', { class: 'settings-page__body custom-scroll' }, h('h1', { class: 'list__title' }, 'amoМаркет'), h('div', { class: 'market' }, grid.length ? grid : none))));
  return { close: () => document.querySelectorAll('.modal').forEach((open) => open.remove()) };
}

/** The menu of the settings: the market and the own pages of widgets. */
export function sideMenu(state, chosen) {
  const pages = state.widgets.filter((info) => info.installed && info.manifest.locations.includes('advanced_settings'));
  const item = (key, path, name) => h('a', { class: `settings-page__link ${key === chosen ? 'settings-page__link_active' : ''}`, href: rooted(path) }, name);
  return h('nav', { class: 'settings-page__menu', 'aria-label': 'Настройки' }, item('market', '/settings/widgets/', 'amoМаркет'),
    item('pipeline', '/settings/pipeline/', 'Цифровая воронка'), item('salesbot', '/settings/salesbot/', 'Salesbot'),
    pages.map((info) => item(info.code, `/advanced_settings/${info.code}/`, word(info, info.manifest.advanced.title))));
}

export function word(info, path) {
  return path.split('.').reduce((words, key) => (words ? words[key] : undefined), info.i18n.ru) || path;
}

function tile(context, info) {
  const name = word(info, info.manifest.widget.name);
  return h('button', { class: 'market__tile', type: 'button', 'data-code': info.code, onclick: () => openSettings(context, info) },
    h('img', { src: info.images.logo_main, alt: '' }), h('b', {}, name), h('span', {}, word(info, info.manifest.widget.short_description)),
    h('small', { class: info.installed ? 'pill pill_success' : 'pill' }, info.installed ? 'Установлен' : 'Не установлен'));
}

async function openSettings(context, info) {
  const [Modal] = await window.require(['lib/components/base/modal']);
  const parts = {};
  const modal = new Modal({
    class_name: 'modal_settings widget-settings',
    disable_enter_keydown: true,
    init($body) {
      $body.trigger('modal:loaded').html('').append(dialog(context, info, parts)).trigger('modal:centrify');
    },
    destroy: () => leave(),
  });
  parts.close = () => modal.destroy();
  if (!info.manifest.locations.includes('settings')) return;
  await enter(context.state, 'settings', {
    only: info.code,
    first: (widget) => {
      parts.widget = widget;
    },
  });
  if (parts.widget && parts.widget.callbacks.settings) parts.widget.callbacks.settings(window.$(parts.body), {});
  parts.touched();
}

function dialog(context, info, parts) {
  const inputs = Object.entries(info.manifest.settings || {}).map(([code, setting]) => settingRow(info, code, setting));
  const fields = h('div', { class: 'widget_settings_block__fields', id: 'widget_settings__fields_wrapper' }, inputs);
  const saveTitle = info.installed ? 'Сохранить' : 'Установить';
  const save = h('button', { class: `button-input button-input_blue js-widget-${info.installed ? 'save' : 'install'}`, type: 'button' }, saveTitle);
  const off = info.installed && h('button', { class: 'button-input button-input_danger js-widget-uninstall', type: 'button' }, 'Отключить');
  const error = h('p', { class: 'card-fields__error', role: 'alert' });
  const values = () => Object.fromEntries([...fields.querySelectorAll('[data-setting]')].map((input) => [input.dataset.setting, input.value]));
  const before = JSON.stringify(values());
  parts.touched = () => {
    save.disabled = info.installed && JSON.stringify(values()) === before;
    save.classList.toggle('button-input-disabled', save.disabled);
  };
  const finish = (active) => keep(context, info, parts, active, values(), error);
  save.onclick = () => finish(true);
  if (off) off.onclick = () => finish(false);
  window.$(fields).on('input change', parts.touched);
  parts.body = h('div', { class: 'widget_settings_block' },
    h('p', { class: 'widget_settings_block__descr' }), h('div', { class: 'widget_settings_block__text' }, tour(info)), fields);
  parts.body.querySelector('.widget_settings_block__descr').innerHTML = word(info, info.manifest.widget.description);
  return h('div', { class: 'modal-body__inner' }, h('h2', { class: 'modal-body__caption head_2' }, word(info, info.manifest.widget.name)),
    parts.body, error, h('div', { class: 'modal-body__actions' }, save, off, h('button', { class: 'button-cancel', type: 'button' }, 'Отменить')));
}

function tour(info) {
  const [first] = [info.manifest.tour.tour_images.ru || Object.values(info.manifest.tour.tour_images)[0]].flat();
  return first ? h('img', { class: 'widget_settings_block__tour', src: `${info.path}${first.startsWith('/') ? '' : '/'}${first}`, alt: '' }) : null;
}

function settingRow(info, code, setting) {
  const saved = info.settings[code] ?? '';
  const title = word(info, setting.name);
  if (setting.type === 'custom') {
    return h('div', { class: 'widget_settings_block__item_field' }, h('div', { id: `${info.code}_custom_content` }),
      h('input', { type: 'hidden', id: `${info.code}_custom`, name: code, 'data-setting': code, value: saved }));
  }
  const input = h('input', { class: 'control widget_settings_block__controls__', name: code, 'data-setting': code, type: setting.type === 'pass' ? 'password' : 'text', value: saved, autocomplete: 'off', required: setting.required });
  return h('label', { class: 'widget_settings_block__item_field' }, h('span', { class: 'widget_settings_block__title_field' }, title), input);
}

/** onSave first: false keeps the dialog open. */
async function keep({ refresh, go }, info, parts, active, fields, error) {
  error.textContent = '';
  const missing = Object.entries(info.manifest.settings || {}).filter(([code, setting]) => active && setting.required && !fields[code]);
  if (missing.length) {
    error.textContent = `Заполните: ${missing.map(([, setting]) => word(info, setting.name)).join(', ')}`;
    return;
  }
  try {
    const { widget } = parts;
    const agreed = widget && widget.callbacks.onSave ? await widget.callbacks.onSave({ active: active ? 'Y' : 'N', fields, widget_code: info.code }) : true;
    if (agreed === false) return;
    await send('POST', `/_ui/widgets/${info.code}`, { active, settings: fields });
    if (widget && active && !info.installed && widget.callbacks.onInstall) widget.callbacks.onInstall();
    parts.close();
    await refresh();
    await go('/settings/widgets/', { replace: true });
    window.APP.notifications.show_message({ header: word(info, info.manifest.widget.name), text: active ? 'Настройки сохранены' : 'Виджет отключён' });
  } catch (problem) {
    error.textContent = problem.message;
  }
}
