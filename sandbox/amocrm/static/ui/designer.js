// The designer of Salesbots, as far as a widget meets it: its handlers as steps, the form of a step from the manifest
// (salesbotDesignerSettings may draw into it and names its exits), and the bot's code that onSalesbotDesignerSave
// answers with.

import { enter, leave } from '../host/widget.js';
import { sideMenu, word } from './market.js';
import { get, send } from './net.js';
import { h } from './words.js';

export async function designerPage(context) {
  const { state, holder } = context;
  window.APP.data.current_area = 'salesbot-designer';
  const bots = h('ul', { 'aria-label': 'Боты' });
  const draw = async () => bots.replaceChildren(...(await get('/_ui/automation')).bots.map((bot) => h('li', { 'data-bot': bot.id }, bot.name)));
  const steps = state.widgets.filter((info) => info.installed && info.manifest.locations.includes('salesbot_designer'))
    .flatMap((info) => Object.keys(info.manifest.salesbot_designer).filter((code) => code !== 'logo').map((handler) => step(state, info, handler, draw)));
  holder.replaceChildren(h('div', { class: 'settings-page' }, sideMenu(state, 'salesbot'),
    h('div', { class: 'settings-page__body custom-scroll' }, h('h1', { class: 'list__title' }, 'Salesbot'), bots, steps)));
  await draw();
  return { close: () => document.querySelectorAll('.modal').forEach((open) => open.remove()) };
}

function step(state, info, handler, draw) {
  return h('button', { class: 'button-input', type: 'button', onclick: () => openStep(state, info, handler, draw) }, `+ ${word(info, info.manifest.salesbot_designer[handler].name)}`);
}

async function openStep(state, info, handler, draw) {
  const [Modal] = await window.require(['lib/components/base/modal']);
  const { name, settings } = info.manifest.salesbot_designer[handler];
  const row = ([code, setting]) => h('div', { class: 'salesbot-step__field' }, h('label', {}, word(info, setting.name)),
    h('input', { class: 'control', type: 'text', name: 'value', 'data-field-name': code, value: setting.default_value || '' }),
    h('input', { type: 'hidden', name: 'value_manual', 'data-field-name': code, value: String(Boolean(setting.manual)) }));
  const body = h('div', { class: 'salesbot-step' }, Object.entries(settings || {}).map(row));
  const error = h('p', { class: 'card-fields__error', role: 'alert' });
  const save = h('button', { class: 'button-input button-input_blue', type: 'button' }, 'Сохранить');
  const modal = new Modal({
    class_name: 'salesbot-modal',
    disable_enter_keydown: true,
    init: ($body) => $body.trigger('modal:loaded').html('').append(h('div', {}, h('h2', { class: 'head_2' }, word(info, name)), body, error, save)).trigger('modal:centrify'),
    destroy: () => leave(),
  });
  const [widget] = await enter(state, 'salesbot_designer', { only: info.code });
  const values = () => Object.fromEntries([...body.querySelectorAll('input[name=value]')].map((input) => [input.dataset.fieldName, input.value]));
  const shown = widget && widget.callbacks.salesbotDesignerSettings && widget.callbacks.salesbotDesignerSettings(window.$(body), renderRow, values());
  const exits = new Map(((shown && shown.exits) || []).map(({ code, title }) => [code, exitRow(title)]));
  body.append(...exits.values());
  const behind = () => Object.fromEntries([...exits].map(([code, place]) => [code, place.querySelector('input').value.trim()]));
  save.onclick = async () => {
    try {
      const steps = widget.callbacks.onSalesbotDesignerSave(handler, values());
      await send('POST', '/_ui/bots', { code: info.code, name: word(info, name), steps, exits: behind() });
      modal.destroy();
      await draw();
    } catch (problem) {
      error.textContent = problem.message;
    }
  };
}

/** An exit of the step: what the bot says behind it. */
function exitRow(title) {
  return h('div', { class: 'salesbot-step__field salesbot-step__exit' }, h('label', {}, title, h('input', { class: 'control', type: 'text', placeholder: 'Что бот скажет дальше' })));
}

/** An empty row of the step's form, as markup. */
function renderRow(caption) {
  const row = h('div', { class: 'salesbot-step__field' }, caption ? h('label', {}, caption) : null);
  return row.outerHTML;
}
